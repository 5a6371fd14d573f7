// Puts token rows together into one batch. It pads and copies; what a batch means is the model's matter.

import type { Recipe } from '../recipe/recipe'
import type { TokenRows } from '../workers/protocol'

/** The shape of the model's Batch. */
export interface CollatedBatch {
  readonly ids: Int32Array // [B, T]
  readonly lengths: Int32Array // [B]
  readonly B: number
  readonly T: number
  readonly padInLoss: boolean
}

/**
 * Gathers the rows at `indices` into one right-padded batch.
 * T is the rows' full length under padding 'max_length', and that of the batch's longest row under 'longest'.
 * @throws RangeError when an index has no row
 */
export function collate(
  rows: TokenRows,
  indices: Int32Array,
  recipe: Pick<Recipe, 'padding' | 'pad_in_loss'>,
  padId: number,
): CollatedBatch {
  const B = indices.length
  const lengths = new Int32Array(B)
  let longest = 0
  for (let b = 0; b < B; b++) {
    const length = rows.lengths[indices[b]!]
    if (length === undefined) throw new RangeError(`row ${indices[b]} is not among the ${rows.rows} rows`)
    lengths[b] = length
    longest = Math.max(longest, length)
  }
  const T = recipe.padding === 'max_length' ? rows.length : longest
  const ids = new Int32Array(B * T).fill(padId)
  for (let b = 0; b < B; b++) {
    const start = indices[b]! * rows.length
    // By length, never by id: the pad token may be the end-of-text token that closes a row.
    ids.set(rows.ids.subarray(start, start + lengths[b]!), b * T)
  }
  return { ids, lengths, B, T, padInLoss: recipe.pad_in_loss }
}
