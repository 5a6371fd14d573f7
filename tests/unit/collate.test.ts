// Batches: padding by length, both paddings, and rows that end in the token that also pads.

import { expect, test } from 'vitest'
import { collate } from '../../src/data/collate'

const pad = 9
const rows = {
  ids: Int32Array.of(1, 2, pad, pad, pad, 3, 4, 5, 6, pad, 7, 8, 1, 2, 3),
  lengths: Int32Array.of(3, 4, 5),
  rows: 3,
  length: 5,
}

test("'max_length' keeps the full length", () => {
  const batch = collate(rows, Int32Array.of(1, 0), { padding: 'max_length', pad_in_loss: true }, pad)
  expect(batch).toEqual({
    ids: Int32Array.of(3, 4, 5, 6, pad, 1, 2, pad, pad, pad),
    lengths: Int32Array.of(4, 3),
    B: 2,
    T: 5,
    padInLoss: true,
  })
})

test("'longest' trims to the longest row of the batch", () => {
  const batch = collate(rows, Int32Array.of(0, 1), { padding: 'longest', pad_in_loss: false }, pad)
  expect(batch.T).toBe(4)
  expect([...batch.ids]).toEqual([1, 2, pad, pad, 3, 4, 5, 6])
  // The first row's own end-of-text token is inside its length: it is learnt.
  expect([...batch.lengths]).toEqual([3, 4])
})

test('an index without a row is refused', () => {
  expect(() => collate(rows, Int32Array.of(3), { padding: 'longest', pad_in_loss: false }, pad)).toThrow(RangeError)
})
