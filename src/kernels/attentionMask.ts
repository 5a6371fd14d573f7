// Which keys each query of a causal attention sees, as tensors. Rules of transformers' GPT-Neo, including its odd corner:
// a local layer's pad query whose window holds no real token sees, with equal weight, every real token and the pads in
// its window (all their scores are float32's minimum there, so the softmax is flat over them).

import * as tf from './tf'

/** What the reference writes over masked scores: the smallest float32. */
export const FLOAT32_MIN = -3.4028234663852886e38

export interface AttentionMask {
  /** Where the score is kept. */
  readonly keep: tf.Tensor2D // bool [T, T]
  /** What stands in place of the others. */
  readonly fill: tf.Tensor2D // [T, T]
  /** 0 where a weight has no gradient to its score; null when weights are 0 there anyway. */
  readonly passes: tf.Tensor2D | null // [T, T]
}

/**
 * @param T queries and keys
 * @param window keys a query sees, itself included; null for all before it
 * @param length keys at and after it are padding
 */
export function attentionMask(T: number, window: number | null, length: number): AttentionMask {
  const keep = new Uint8Array(T * T)
  const fill = new Float32Array(T * T).fill(FLOAT32_MIN)
  const reach = window ?? T
  const corner = length + reach // first query whose window holds only pads is corner - 1
  const passes = T >= corner ? new Float32Array(T * T).fill(1) : null
  for (let i = 0; i < T; i++) {
    const first = Math.max(0, i - reach + 1)
    if (first < length) {
      keep.fill(1, i * T + first, i * T + Math.min(i + 1, length))
    } else {
      fill.fill(0, i * T, i * T + length)
      fill.fill(0, i * T + first, i * T + i + 1)
      passes?.fill(0, i * T, i * T + first)
      passes?.fill(0, i * T + i + 1, (i + 1) * T)
    }
  }
  return {
    keep: tf.tensor2d(keep, [T, T], 'bool'),
    fill: tf.tensor2d(fill, [T, T]),
    passes: passes === null ? null : tf.tensor2d(passes, [T, T]),
  }
}

/** One mask per distinct length; must be called inside a tidy, which frees them. */
export function attentionMasks(T: number, window: number | null, lengths: Int32Array): AttentionMask[] {
  const byLength = new Map<number, AttentionMask>()
  return Array.from(lengths, (length) => {
    const mask = byLength.get(length) ?? attentionMask(T, window, length)
    byLength.set(length, mask)
    return mask
  })
}
