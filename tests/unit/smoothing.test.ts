// The chart's smoothing against its definition and against the faults other tools had.

import { expect, test } from 'vitest'
import { chartColumns, smooth } from '../../src/ui/smoothing'

const noisy = Array.from({ length: 50 }, (_, i) => 3 + Math.sin(i * 1.7) + i / 25)

function byDefinition(values: number[], weight: number): number[] {
  return values.map((_, n) => {
    const terms = values.slice(0, n + 1).map((value, i) => weight ** (n - i) * (1 - weight) * value)
    return terms.reduce((sum, term) => sum + term, 0) / (1 - weight ** (n + 1))
  })
}

test.each([0, 0.3, 0.6, 0.99])('weight %d equals the definition', (weight) => {
  const expected = byDefinition(noisy, weight)
  smooth(noisy, weight).forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 10))
})

test('the first value is kept, and constants are exact', () => {
  expect(smooth([5, 1], 0.6)[0]).toBe(5)
  expect(Array.from(smooth([0.1, 0.1, 0.1, 0.1], 0.99))).toEqual([0.1, 0.1, 0.1, 0.1])
})

test('more points change no earlier result', () => {
  const all = smooth(noisy, 0.6)
  expect(Array.from(smooth(noisy.slice(0, 20), 0.6))).toEqual(Array.from(all.subarray(0, 20)))
})

test('a gap stays a gap and does not poison what follows', () => {
  const result = smooth([2, Number.NaN, Infinity, 2], 0.6)
  expect(result[1]).toBeNaN()
  expect(result[2]).toBeNaN()
  expect(result[3]).toBe(2)
})

test('sparse points are aligned on the same x, with nulls between and x ascending', () => {
  const columns = chartColumns([1, 2, 3], [9, Number.NaN, 7], [0, 2, 5], [8, 6, 4], 0)
  expect(columns.x).toEqual([0, 1, 2, 3, 5])
  expect(columns.raw).toEqual([null, 9, null, 7, null])
  expect(columns.smoothed).toEqual([null, 9, null, 7, null])
  expect(columns.points).toEqual([8, null, 6, null, 4])
})

test('nothing gives nothing', () => {
  expect(chartColumns([], [], [], [], 0.6).x).toEqual([])
})
