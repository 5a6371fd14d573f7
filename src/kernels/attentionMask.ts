// Which keys each query of a causal attention sees, as tensors. Rules of transformers' GPT-Neo, including its odd corner:
// a local layer's pad query whose window holds no real token sees, with equal weight, every real token and the pads in
// its window (all their scores are float32's minimum there, so the softmax is flat over them).

import * as tf from './tf'

/** What the reference writes over masked scores: the smallest float32. */
export const FLOAT32_MIN = -3.4028234663852886e38

export interface AttentionMask {
  /** Added to the scores: 0 where they count, FLOAT32_MIN, in which any score is lost, where not. */
  readonly bias: tf.Tensor2D // [T, T]
  /** Only where rows lie in the odd corner. */
  readonly corner: {
    /** 0 on rows in the corner, whose scores do not matter; 1 elsewhere. */
    readonly rows: tf.Tensor2D // [T, 1]
    /** 0 where a weight is above 0 but has no gradient to its score; 1 elsewhere. */
    readonly passes: tf.Tensor2D // [T, T]
  } | null
}

/**
 * @param T queries and keys
 * @param window keys a query sees, itself included; null for all before it
 * @param length keys at and after it are padding
 */
export function attentionMask(T: number, window: number | null, length: number): AttentionMask {
  const bias = new Float32Array(T * T).fill(FLOAT32_MIN)
  const rows = new Float32Array(T).fill(1)
  const passes = new Float32Array(T * T).fill(1)
  const reach = window ?? T
  for (let i = 0; i < T; i++) {
    const first = Math.max(0, i - reach + 1)
    if (first < length) {
      bias.fill(0, i * T + first, i * T + Math.min(i + 1, length))
    } else {
      rows[i] = 0
      bias.fill(0, i * T, i * T + length)
      bias.fill(0, i * T + first, i * T + i + 1)
      passes.fill(0, i * T, i * T + first)
    }
  }
  const corner = rows.includes(0) ? { rows: tf.tensor2d(rows, [T, 1]), passes: tf.tensor2d(passes, [T, T]) } : null
  return { bias: tf.tensor2d(bias, [T, T]), corner }
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
