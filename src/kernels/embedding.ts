// Token plus position embedding, and its gradient. It stands before the tape: its inputs are ids, not activations.

import { rowGrain } from './op'
import { zeroedGradient, type Param } from './param'
import { addressOf, emptyTensor, pool } from './runtime'
import * as tf from './tf'

/** Columns of one task of the gradient: whole cache lines, and few passes over the ids. */
const COLUMNS = 64

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
  const C = wte.shape[1] ?? 0
  return tf.tidy(() => {
    const out = emptyTensor([ids.length, C]) // [N, C]
    const [idsAt, placesAt] = [tf.tensor1d(ids, 'int32'), tf.tensor1d(positions, 'int32')]
    pool().run(
      'gather',
      {
        tokens: addressOf(wte.value),
        ids: addressOf(idsAt),
        positions: addressOf(wpe.value),
        places: addressOf(placesAt),
        out: addressOf(out),
        n: C,
      },
      ids.length,
      rowGrain(C),
    )
    return out as tf.Tensor2D
  })
}

/** Rows of a table without gradients. @returns table[indices], [indices.length, C] */
export function gatherRows(table: tf.Tensor2D, indices: Int32Array): tf.Tensor2D {
  const C = table.shape[1]
  return tf.tidy(() => {
    const out = emptyTensor([indices.length, C])
    const ids = addressOf(tf.tensor1d(indices, 'int32'))
    const args = { tokens: addressOf(table), ids, positions: 0, places: 0, out: addressOf(out), n: C }
    pool().run('gather', args, indices.length, rowGrain(C))
    return out as tf.Tensor2D
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
  scatterRows(dx, ids, zeroedGradient(wte))
  scatterRows(dx, positions, zeroedGradient(wpe))
}

/** table[indices[n]] += rows[n], in the order of n. @param table address of [any, C] */
export function scatterRows(rows: tf.Tensor2D, indices: Int32Array, table: number): void {
  const ids = tf.tensor1d(indices, 'int32')
  const [N, C] = rows.shape
  pool().run('scatterAdd', { x: addressOf(rows), ids: addressOf(ids), table, rows: N, n: C }, C, COLUMNS)
  ids.dispose()
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
