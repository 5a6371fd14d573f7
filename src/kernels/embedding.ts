// Token plus position embedding, and its gradient. It stands before the tape: its inputs are ids, not activations.
// The gradient scatters with tf.scatterND, which sums repeated ids; tf.gather's own gradient has no wasm kernel.

import { accumulate, type Param } from './param'
import * as tf from './tf'

/**
 * @param ids [N] token ids; row n stands at position positions[n]
 * @param positions [N]
 * @param wte [V, C]
 * @param wpe [P, C]
 * @returns wte[ids] + wpe[positions], [N, C]
 * @throws Error for an id or position without a row: one must never be trained on.
 */
export function embedding(ids: Int32Array, positions: Int32Array, wte: Param, wpe: Param): tf.Tensor2D {
  check(ids, wte)
  check(positions, wpe)
  return tf.tidy(() => {
    const tokens = tf.gather(wte.value as tf.Tensor2D, tf.tensor1d(ids, 'int32')) // [N, C]
    return tf.add(tokens, tf.gather(wpe.value as tf.Tensor2D, tf.tensor1d(positions, 'int32')))
  })
}

/** Adds the embedding's gradients into wte and wpe. @param dx [N, C], left alone */
export function embeddingGradient(
  dx: tf.Tensor2D,
  ids: Int32Array,
  positions: Int32Array,
  wte: Param,
  wpe: Param,
): void {
  tf.tidy(() => {
    accumulate(wte, scatterRows(dx, ids, wte))
    accumulate(wpe, scatterRows(dx, positions, wpe))
  })
}

function scatterRows(rows: tf.Tensor2D, indices: Int32Array, param: Param): tf.Tensor {
  return tf.scatterND(tf.tensor2d(indices, [indices.length, 1], 'int32'), rows, [...param.shape])
}

function check(indices: Int32Array, param: Param): void {
  const rows = param.shape[0] ?? 0
  for (const index of indices) {
    if (index < 0 || index >= rows) throw new Error(`${param.name} has ${rows} rows, but row ${index} was asked for`)
  }
}

/** 0..T-1 for each of B rows. */
export function positionsOf(B: number, T: number): Int32Array {
  return Int32Array.from({ length: B * T }, (_, i) => i % T)
}
