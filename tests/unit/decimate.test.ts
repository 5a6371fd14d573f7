// What is drawn of a long curve: every value that stands out, at every zoom, and work that does not grow with its length.

import { describe, expect, test } from 'vitest'
import { Column } from '../../src/state/columns'
import { Curves, type CurveInput } from '../../src/ui/curves'
import { PICKS_A_COLUMN, pickPoints } from '../../src/ui/decimate'
import { ValueRanges } from '../../src/ui/valueRanges'

const LONG = 100_000

/** Seeded noise between 0 and 1 (mulberry32). */
function noise(length: number, seed = 7): Float64Array {
  let state = seed
  return Float64Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  })
}

function rangesOf(values: ArrayLike<number>): ValueRanges {
  const ranges = new ValueRanges()
  for (let i = 0; i < values.length; i++) ranges.push(values[i] ?? NaN)
  return ranges
}

const steps = (length: number) => Float64Array.from({ length }, (_, i) => i + 1)
const none = new Float64Array(0)
const input = (y: Float64Array): CurveInput => ({ x: steps(y.length), y, pointX: none, pointY: none })

function curvesOf(given: CurveInput, weight = 0.6): Curves {
  const curves = new Curves(weight)
  expect(curves.append(given)).toBe(true)
  return curves
}

describe('extremes of a stretch', () => {
  test('are those that a look at every value finds, in 2,000 random stretches', () => {
    const values = noise(5000)
    for (const at of [3, 64, 511, 4096, 4999]) values[at] = NaN
    const ranges = rangesOf(values)
    const random = noise(4000, 3)
    for (let i = 0; i < 4000; i += 2) {
      const from = Math.floor(random[i]! * 5000)
      const to = from + Math.floor(random[i + 1]! * (i % 3 === 0 ? 30 : 5000 - from))
      let [lowest, highest] = [-1, -1]
      for (let at = from; at < Math.min(to, 5000); at++) {
        if (Number.isNaN(values[at])) continue
        if (lowest < 0 || values[at]! < values[lowest]!) lowest = at
        if (highest < 0 || values[at]! > values[highest]!) highest = at
      }
      expect(ranges.extremes(from, to), `${from} to ${to}`).toEqual({ lowest, highest })
    }
  })

  test('nothing, and nothing finite, have none', () => {
    expect(rangesOf([]).extremes(0, 5)).toEqual({ lowest: -1, highest: -1 })
    const odd = rangesOf([NaN, Infinity, -Infinity, NaN, NaN, NaN, NaN, NaN, NaN])
    expect(odd.extremes(0, 9)).toEqual({ lowest: -1, highest: -1 })
    expect(odd.firstOdd(0, 9)).toBe(0)
    expect(odd.oddCount(2, 5)).toBe(3)
  })
})

describe('picked points', () => {
  test.each([0, 1, 777, 50_000, 61_803, LONG - 2, LONG - 1])('a single spike at %i is drawn at any zoom', (at) => {
    const y = noise(LONG)
    y[at] = 10
    const curves = curvesOf(input(y))
    for (const span of [LONG, 30_000, 5000, 400, 20]) {
      for (const columns of [1, 3, 390, 1280]) {
        const low = Math.max(1, at + 1 - span / 2)
        const { x, raw, rows } = curves.drawn(low, low + span, columns)
        expect(raw.indexOf(10), `${span} on ${columns}`).toBe(x.indexOf(at + 1))
        expect(raw).toContain(10)
        // One beyond each end may come on top.
        expect(rows.length).toBeLessThanOrEqual(Math.max(2 * PICKS_A_COLUMN * columns, 2) + 2)
      }
    }
  })

  test('each column shows the same lowest and highest value as all of its points would', () => {
    const y = noise(LONG)
    const columns = 500
    const { x, raw } = curvesOf(input(y)).drawn(1, LONG, columns)
    const of = (step: number) => Math.min(columns - 1, Math.floor(((step - 1) / (LONG - 1)) * columns))
    const extremes = (xs: ArrayLike<number>, ys: ArrayLike<number | null | undefined>) => {
      const found = Array.from({ length: columns }, () => [Infinity, -Infinity] as [number, number])
      for (let i = 0; i < xs.length; i++) {
        const column = found[of(xs[i]!)]!
        column[0] = Math.min(column[0], ys[i]!)
        column[1] = Math.max(column[1], ys[i]!)
      }
      return found
    }
    expect(extremes(x, raw)).toEqual(extremes(steps(LONG), y))
  })

  test('a value that is not finite is drawn as a gap and told, wherever it lies', () => {
    const y = noise(LONG)
    y[12_345] = NaN
    y[70_000] = Infinity
    const curves = curvesOf(input(y))
    const { x, raw, smoothed, odd } = curves.drawn(1, LONG, 600)
    expect(odd).toEqual([12_346, 70_001])
    expect(raw[x.indexOf(12_346)]).toBeNull()
    expect(smoothed[x.indexOf(70_001)]).toBeNull()
    expect(curves.oddCount).toBe(2)
  })

  test('fewer points than pixels are all drawn, each once, and none beyond', () => {
    const x = new Column()
    for (const step of [2, 4, 6, 8]) x.push(step)
    const values = rangesOf([1, 2, 3, 4])
    expect(pickPoints(x, [values], 2, 8, 600)).toEqual([0, 1, 2, 3])
    expect(pickPoints(x, [values], 5, 7, 600)).toEqual([1, 2, 3])
    expect(pickPoints(x, [values], 2, 8, 0)).toEqual([0, 3])
    expect(pickPoints(new Column(), [rangesOf([])], 0, 1, 600)).toEqual([])
  })

  test('sparse points far apart in a dense curve are drawn, in their own rows', () => {
    const y = noise(LONG)
    const given = { ...input(y), pointX: Float64Array.of(0, 50_000, 100_500), pointY: Float64Array.of(3, 2, 1) }
    const { x, raw, points } = curvesOf(given).drawn(0, 100_500, 300)
    const told = x.flatMap((step, i) => (points[i] === undefined ? [] : [[step, points[i]]]))
    expect(told).toEqual([[0, 3], [50_000, 2], [100_500, 1]]) // prettier-ignore
    expect(raw[0]).toBeUndefined()
    expect(raw[x.indexOf(50_000)]).toBe(y[49_999])
  })
})

/** A view whose reads are counted. */
function counted(values: Float64Array): { values: ArrayLike<number>; reads: () => number } {
  let reads = 0
  const handler: ProxyHandler<Float64Array> = {
    get: (target, key) => {
      if (key !== 'length') reads++
      return Reflect.get(target, key) as unknown
    },
  }
  return { values: new Proxy(values, handler), reads: () => reads }
}

describe('a point more', () => {
  test.each([100, 1000, LONG])('after %i others reads only itself', (length) => {
    const y = noise(length + 1)
    const curves = curvesOf({ ...input(y.subarray(0, length)) })
    const [x, values] = [counted(steps(length + 1)), counted(y)]
    expect(curves.append({ x: x.values, y: values.values, pointX: none, pointY: none })).toBe(true)
    expect(curves.length).toBe(length + 1)
    expect(x.reads() + values.reads()).toBeLessThanOrEqual(4)
  })

  test('taken one by one gives what all at once gives', () => {
    const y = noise(3000)
    const whole = { ...input(y), pointX: Float64Array.of(0, 500, 2000), pointY: Float64Array.of(9, 8, 7) }
    const grown = new Curves(0.9)
    for (let n = 0; n <= 3000; n++) {
      const points = n >= 2000 ? 3 : n >= 500 ? 2 : 1
      const part = {
        x: whole.x.length > n ? (whole.x as Float64Array).subarray(0, n) : whole.x,
        y: y.subarray(0, n),
        pointX: whole.pointX.subarray(0, points),
        pointY: whole.pointY.subarray(0, points),
      }
      expect(grown.append(part)).toBe(true)
    }
    expect(grown.drawn(0, 3000, 200)).toEqual(curvesOf(whole, 0.9).drawn(0, 3000, 200))
  })

  test('before what is there asks for a new beginning', () => {
    const curves = curvesOf(input(noise(5)))
    expect(curves.append({ ...input(noise(5)), pointX: Float64Array.of(0), pointY: Float64Array.of(1) })).toBe(false)
  })
})
