// Attention of one new token over cached keys and values, for generation. No gradients.

import { PACKING_BYTES } from './jobs'
import { addressOf, emptyTensor, floatsOf, pool } from './runtime'
import type * as tf from './tf'

/** Keys times width below which one thread does it all. */
const WORTH_SHARING = 65_536

/**
 * @param q [1, C] the new token's query
 * @param keys,values [P, C]; rows 0..position hold what was seen, the new token's row included
 * @param position of the new token
 * @param window keys it sees, itself included; null for all
 * @returns [1, C]
 */
export function cachedAttention(
  q: tf.Tensor2D,
  keys: tf.Tensor2D,
  values: tf.Tensor2D,
  position: number,
  heads: number,
  window: number | null,
): tf.Tensor2D {
  const C = q.shape[1]
  const out = emptyTensor([1, C]) as tf.Tensor2D
  const seen = Math.min(position + 1, window ?? position + 1)
  pool().run(
    'attentionCached',
    {
      q: addressOf(q),
      keys: addressOf(keys),
      values: addressOf(values),
      out: addressOf(out),
      position,
      C,
      heads,
      window: window ?? 0,
      packing: PACKING_BYTES,
    },
    heads,
    seen * C < WORTH_SHARING ? heads : Math.ceil(heads / pool().threads),
  )
  return out
}

/** Copies the rows of `from` [n, C] over rows first.. of `into` [P, C]. */
export function writeRows(into: tf.Tensor2D, first: number, from: tf.Tensor2D): void {
  if (first + from.shape[0] > into.shape[0]) throw new Error('writeRows: the rows do not fit')
  floatsOf(into).set(floatsOf(from), first * into.shape[1])
}
