// The chart's smoothing against its definition and against the faults other tools had.

import { expect, test } from 'vitest'
import { Curves } from '../../src/ui/curves'
import { Smoother } from '../../src/ui/smoothing'

function smooth(values: readonly number[], weight: number): number[] {
  const smoother = new Smoother(weight)
  return values.map((value) => smoother.next(value))
}

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
  expect(Array.from(smooth(noisy.slice(0, 20), 0.6))).toEqual(Array.from(all.slice(0, 20)))
})

test('a gap stays a gap and does not poison what follows', () => {
  const result = smooth([2, Number.NaN, Infinity, 2], 0.6)
  expect(result[1]).toBeNaN()
  expect(result[2]).toBeNaN()
  expect(result[3]).toBe(2)
})

test('sparse points are aligned on the same x: a row of another curve is undefined, a gap is null', () => {
  const curves = new Curves(0)
  const [x, y] = [Float64Array.of(1, 2, 3), Float64Array.of(9, Number.NaN, 7)]
  expect(curves.append({ x, y, pointX: Float64Array.of(0, 2, 5), pointY: Float64Array.of(8, 6, 4) })).toBe(true)
  const drawn = curves.drawn(0, 5, 100)
  expect(drawn.x).toEqual([0, 1, 2, 3, 5])
  expect(drawn.raw).toEqual([undefined, 9, null, 7, undefined])
  expect(drawn.smoothed).toEqual([undefined, 9, null, 7, undefined])
  expect(drawn.points).toEqual([8, undefined, 6, undefined, 4])
  expect(drawn.odd).toEqual([2])
  expect([curves.nearest(-3), curves.nearest(3.9), curves.nearest(4.5), curves.nearest(99)]).toEqual([0, 3, 4, 4])
})

test('nothing gives nothing', () => {
  const curves = new Curves(0.6)
  expect(curves.append({ x: [], y: [], pointX: [], pointY: [] })).toBe(true)
  expect(curves.drawn(0, 1, 100).x).toEqual([])
  expect(curves.nearest(1)).toBe(-1)
})
