// Layer norm, gelu_new and cross-entropy in every flavour against plain double-precision loops, at odd sizes, with zero
// rows, NaN, infinities and huge values; and the same bits however the work is cut.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KernelFlavour } from 'virtual:finetale-kernels'
import * as oracle from '../../src/kernels/reference'
import { bits, Harness, Noise, usableFlavours, type Floats } from '../support/kernelHarness'
import { maxDifference } from '../support/golden'

const flavours = await usableFlavours()
const matrixOf = (rows: number, columns: number, data: ArrayLike<number>) => ({
  rows,
  columns,
  data: Float64Array.from(data),
})

describe.each(flavours)('%s', (flavour: KernelFlavour) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.create(flavour)
  })
  beforeEach(() => harness.reset())
  afterAll(() => harness.dispose())

  test.each([
    [1, 1],
    [3, 5],
    [7, 8],
    [5, 67],
    [0, 9],
    [2, 192],
  ])('layer norm %i x %i, forward and gradients', (rows, n) => {
    const noise = new Noise(rows * 100 + n)
    const x = harness.floats(noise.floats(rows * n, 3))
    const weight = harness.floats(noise.floats(n, 2))
    const bias = harness.floats(noise.floats(n))
    const y = harness.floats(new Float32Array(rows * n))
    const stats = harness.floats(new Float32Array(rows * 2))
    const shared = { x: x.at, weight: weight.at, stats: stats.at, n }
    harness.sameForEveryCut([y, stats], rows, (grain) =>
      harness.pool.run('layerNorm', { ...shared, bias: bias.at, y: y.at, eps: 1e-5 }, rows, grain),
    )
    const expected = oracle.layerNorm(
      matrixOf(rows, n, x.view),
      Float64Array.from(weight.view),
      Float64Array.from(bias.view),
      1e-5,
    )
    expect(maxDifference(y.view, expected.data)).toBeLessThan(1e-5)

    const dy = harness.floats(noise.floats(rows * n))
    const dx = harness.floats(new Float32Array(rows * n))
    const dweight = harness.floats(new Float32Array(n).fill(0.5))
    const dbias = harness.floats(new Float32Array(n).fill(0.25))
    harness.sameForEveryCut([dx], rows, (grain) =>
      harness.pool.run('layerNormInput', { ...shared, dy: dy.at, dx: dx.at }, rows, grain),
    )
    harness.sameForEveryCut([dweight, dbias], n, (grain) =>
      harness.pool.run(
        'layerNormWeights',
        { x: x.at, stats: stats.at, dy: dy.at, dweight: dweight.at, dbias: dbias.at, rows, n },
        n,
        grain,
      ),
    )
    const objective = (data: Float64Array, w: Float64Array, b: Float64Array) =>
      oracle.layerNorm(matrixOf(rows, n, data), w, b, 1e-5).data.reduce((sum, v, i) => sum + v * dy.view[i]!, 0)
    const [xs, ws, bs] = [x, weight, bias].map((f) => Float64Array.from(f.view)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    // One column has no variance: its gradient is 0 in exact arithmetic and noise over sqrt(eps) here.
    const tolerance = n === 1 ? 1e-2 : 2e-3
    expect(
      maxDifference(
        dx.view,
        oracle.numericGradient((v) => objective(v, ws, bs), xs),
      ),
    ).toBeLessThan(tolerance)
    const moved = (f: Floats, start: number) => f.view.map((v) => v - start)
    expect(
      maxDifference(
        moved(dweight, 0.5),
        oracle.numericGradient((v) => objective(xs, v, bs), ws),
      ),
    ).toBeLessThan(1e-4)
    expect(
      maxDifference(
        moved(dbias, 0.25),
        oracle.numericGradient((v) => objective(xs, ws, v), bs),
      ),
    ).toBeLessThan(1e-4)
  })

  test('layer norm of a constant row, of 1e18 and of NaN', () => {
    const n = 10
    const rows = [
      new Float32Array(n).fill(7),
      Float32Array.from({ length: n }, (_, i) => (i - 4.5) * 1e18),
      new Float32Array(n).fill(1),
    ]
    rows[2]![3] = NaN
    const x = harness.floats(rows.flatMap((row) => [...row]))
    const one = harness.floats(new Float32Array(n).fill(1))
    const zero = harness.floats(new Float32Array(n))
    const y = harness.floats(new Float32Array(3 * n))
    const stats = harness.floats(new Float32Array(6))
    harness.pool.run('layerNorm', { x: x.at, weight: one.at, bias: zero.at, y: y.at, stats: stats.at, n, eps: 1e-5 }, 3)
    expect([...y.view.subarray(0, n)]).toEqual([...new Float32Array(n)])
    expect(y.view[n]).toBeCloseTo(-1.5666989, 5)
    expect(y.view.subarray(2 * n).every(Number.isNaN)).toBe(true)
  })

  test('gelu_new within 1e-6 relative of double precision, and at its ends', () => {
    const values = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 200)
    const x = harness.floats(values)
    const y = harness.floats(new Float32Array(values.length))
    harness.sameForEveryCut([y], values.length, (grain) =>
      harness.pool.run('gelu', { x: x.at, y: y.at }, values.length, grain),
    )
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))
    values.forEach((v, i) => {
      // The exponent's own rounding grows with its size, as in any single-precision exp.
      const exponent = Math.abs(2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))
      if (exponent > 80) return
      const expected = v * sigmoid(v)
      expect(Math.abs(y.view[i]! - expected)).toBeLessThanOrEqual((1e-6 + 3e-7 * exponent) * Math.abs(expected))
    })
    const ends = harness.floats([0, -100, 100, -1e30, 1e30, Infinity, NaN, -Infinity])
    const out = harness.floats(new Float32Array(8))
    harness.pool.run('gelu', { x: ends.at, y: out.at }, 8)
    expect([...out.view].map((v) => v + 0)).toEqual([0, 0, 100, 0, Math.fround(1e30), Infinity, NaN, NaN])
  })

  test('gradient of gelu_new', () => {
    const values = Float32Array.from({ length: 801 }, (_, i) => (i - 400) / 50)
    const x = harness.floats(values)
    const dy = harness.floats(new Noise(3).floats(values.length))
    const dx = harness.floats(new Float32Array(values.length))
    const run = (grain: number) =>
      harness.pool.run('geluInput', { x: x.at, dy: dy.at, dx: dx.at }, values.length, grain)
    harness.sameForEveryCut([dx], values.length, run)
    const [xs, g] = [Float64Array.from(values), dy.view]
    xs.forEach((v, i) => {
      const slope =
        (oracle.geluNew(Float64Array.of(v + 1e-5))[0]! - oracle.geluNew(Float64Array.of(v - 1e-5))[0]!) / 2e-5
      expect(dx.view[i]).toBeCloseTo(slope * g[i]!, 5)
    })
    const ends = harness.floats([1e30, -1e30, Infinity, -Infinity, NaN])
    const one = harness.floats([1, 1, 1, 1, 1])
    harness.pool.run('geluInput', { x: ends.at, dy: one.at, dx: one.at }, 5)
    expect([...one.view].map((v) => v + 0)).toEqual([1, 0, 1, 0, NaN])
  })

  test.each([1, 2, 7, 8, 103])('cross-entropy over %i classes', (n) => {
    const rows = 5
    const noise = new Noise(n)
    const logits = noise.floats(rows * n, 5)
    logits.subarray(3 * n, 4 * n).forEach((_, j, row) => (row[j] = j === 0 ? 1e30 : -1e30))
    const targets = [0, n - 1, -1, 0, n >> 1]
    const x = harness.floats(logits)
    const stats = harness.floats(new Float32Array(rows * 3))
    const args = { logits: x.at, targets: harness.ints(targets), stats: stats.at, n, scale: 0.25 }
    harness.pool.run('crossEntropy', { ...args, backward: 0 }, rows)
    expect(bits(x.copy())).toEqual(bits(logits))
    harness.sameForEveryCut([x, stats], rows, (grain) =>
      harness.pool.run('crossEntropy', { ...args, backward: 1 }, rows, grain),
    )
    const loss = targets.map((_, i) => Math.log(stats.view[3 * i + 1]!) + stats.view[3 * i]! - stats.view[3 * i + 2]!)
    targets.forEach((target, i) => {
      const row = [...logits.subarray(i * n, i * n + n)]
      const expected = oracle.crossEntropySum(matrixOf(1, n, row), [target])
      if (i !== 3) expect(loss[i]).toBeCloseTo(expected, 5)
      const top = Math.max(...row)
      const total = row.reduce((sum, v) => sum + Math.exp(v - top), 0)
      row.forEach((v, j) => {
        const p = Math.exp(v - top) / total
        expect(x.view[i * n + j]).toBeCloseTo(target < 0 ? 0 : 0.25 * (p - (j === target ? 1 : 0)), 6)
      })
    })
  })

  test('cross-entropy: one NaN or one infinite logit makes its own row NaN and no other', () => {
    const n = 9
    const x = harness.floats(new Noise(4).floats(3 * n))
    x.view[2] = NaN
    x.view[n + 8] = Infinity
    const stats = harness.floats(new Float32Array(9))
    const args = { logits: x.at, targets: harness.ints([0, 1, 2]), stats: stats.at, n, scale: 1, backward: 1 }
    harness.pool.run('crossEntropy', args, 3)
    expect([0, 1, 2].map((i) => Number.isNaN(stats.view[3 * i + 1]))).toEqual([true, true, false])
    expect(x.view.subarray(2 * n).every(Number.isFinite)).toBe(true)
  })
})
