// The split against numpy and against the split of the course notebook.

import { describe, expect, test } from 'vitest'
import { permutation, trainTestSplit } from '../../src/data/split'
import { readOrderGolden, summary, type GoldenList } from '../support/goldenLists'

describe('permutation', () => {
  test.each(readOrderGolden<(GoldenList & { seed: number })[]>('numpy_permutation.json'))(
    'numpy, seed $seed, n $n',
    ({ seed, ...expected }) => {
      expect(summary(permutation(expected.n, seed))).toEqual(expected)
    },
  )
})

describe('trainTestSplit', () => {
  test('the notebook: 2322 rows, 0.2, seed 42', () => {
    const { train, test } = trainTestSplit(2322, 0.2, 42)
    expect(test.length).toBe(465)
    expect(train.length).toBe(1857)
    expect([...test.subarray(0, 5)]).toEqual([563, 993, 1204, 1321, 1107])
    expect([...train.subarray(0, 5)]).toEqual([848, 1764, 90, 607, 2046])
    expect(train[900]).toBe(950)
  })

  test('every row is in exactly one part', () => {
    const { train, test } = trainTestSplit(101, 0.3, 7)
    expect(test.length).toBe(31)
    expect([...train, ...test].sort((a, b) => a - b)).toEqual(Array.from({ length: 101 }, (_, i) => i))
  })

  test('nothing held out leaves the rows in their order', () => {
    const { train, test } = trainTestSplit(4, 0, 42)
    expect([...train]).toEqual([0, 1, 2, 3])
    expect(test.length).toBe(0)
  })

  test('no rows, and shares out of range', () => {
    expect(trainTestSplit(0, 0.2, 42).train.length).toBe(0)
    for (const share of [-0.1, 1, NaN]) expect(() => trainTestSplit(10, share, 42)).toThrow(RangeError)
  })
})
