// Embedding rows, the optimizer, matrix times vector and the small passes in every flavour against plain loops; and the
// same bits however the work is cut.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KernelFlavour } from 'virtual:finetale-kernels'
import * as oracle from '../../src/kernels/reference'
import { Harness, Noise, usableFlavours, type Floats } from '../support/kernelHarness'
import { maxDifference } from '../support/golden'

const flavours = await usableFlavours()

describe.each(flavours)('%s', (flavour: KernelFlavour) => {
  let harness: Harness
  beforeAll(async () => {
    harness = await Harness.create(flavour)
  })
  beforeEach(() => harness.reset())
  afterAll(() => harness.dispose())

  test('embedding rows out and back; a repeated id sums in order', () => {
    const [V, n] = [7, 5]
    const noise = new Noise(2)
    const ids = [3, 0, 3, 6]
    const table = harness.floats(noise.floats(V * n))
    const places = harness.floats(noise.floats(4 * n))
    const out = harness.floats(new Float32Array(4 * n))
    const idsAt = harness.ints(ids)
    const common = { tokens: table.at, ids: idsAt, out: out.at, n }
    harness.sameForEveryCut([out], 4, (grain) =>
      harness.pool.run('gather', { ...common, positions: places.at, places: harness.ints([0, 1, 2, 3]) }, 4, grain),
    )
    const of = (rows: number, floats: Floats) => oracle.matrix(rows, n, (i) => floats.view[i]!)
    const expected = oracle.embedding(of(V, table), ids, of(4, places), [0, 1, 2, 3])
    expect([...out.view]).toEqual([...Float32Array.from(expected.data)])
    harness.pool.run('gather', { ...common, positions: 0, places: 0 }, 4)
    expect([...out.view.subarray(n, 2 * n)]).toEqual([...table.view.subarray(0, n)])
    const sums = harness.floats(new Float32Array(V * n))
    const x = harness.floats(noise.floats(4 * n))
    harness.sameForEveryCut([sums], n, (grain) =>
      harness.pool.run('scatterAdd', { x: x.at, ids: idsAt, table: sums.at, rows: 4, n }, n, grain),
    )
    // No id comes more than twice, so one rounding is all there is.
    expect([...sums.view]).toEqual([...Float32Array.from(oracle.scatterRows(of(4, x), ids, V).data)])
  })

  test.each([1, 5, 65_536, 65_537, 140_001])('sum of squares of %i numbers', (n) => {
    const x = harness.floats(new Noise(n).floats(n))
    const chunks = Math.ceil(n / 65_536)
    const out = harness.doubles(chunks)
    harness.pool.run('sumSquares', { x: x.at, out: out.at, n }, chunks, 1)
    const ours = out.view.reduce((a, b) => a + b, 0)
    const expected = x.view.reduce((sum, v) => sum + v * v, 0)
    expect(Math.abs(ours - expected)).toBeLessThan(1e-12 * n)
    x.view[0] = 1e30
    harness.pool.run('sumSquares', { x: x.at, out: out.at, n }, chunks, 1)
    expect(out.view[0]).toBeCloseTo(Math.fround(1e30) ** 2, -50)
    x.view[n - 1] = NaN
    harness.pool.run('sumSquares', { x: x.at, out: out.at, n }, chunks, 1)
    expect(out.view[chunks - 1]).toBeNaN()
  })

  test.each(['adamw_hf', 'adamw_torch'] as const)('%s against double precision', (variant) => {
    const n = 37
    const noise = new Noise(9)
    const [p, g, m] = [1, 0.01, 0.005].map((scale) => harness.floats(noise.floats(n, scale))) as [
      Floats,
      Floats,
      Floats,
    ]
    const v = harness.floats(noise.floats(n, 1e-4).map(Math.abs))
    const [lr, decay, beta1, beta2, eps, t, scale] = [1e-3, 0.01, 0.9, 0.999, 1e-8, 3, 0.7]
    const c1 = 1 - beta1 ** t
    const c2 = Math.sqrt(1 - beta2 ** t)
    const hf = variant === 'adamw_hf'
    const start = [p, g, m, v].map((f) => Float64Array.from(f.view)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    const numbers = {
      ...{ scale, beta1, rest1: 1 - beta1, beta2, rest2: 1 - beta2, eps },
      ...(hf
        ? { rate: (lr * c2) / c1, root: 1, before: 1, after: lr * decay }
        : { rate: lr / c1, root: 1 / c2, before: 1 - lr * decay, after: 0 }),
    }
    harness.sameForEveryCut([p, m, v], n, (grain) =>
      harness.pool.run('adamw', { p: p.at, g: g.at, m: m.at, v: v.at, ...numbers }, n, grain),
    )
    const rule = { optim: variant, lr, beta1, beta2, eps, decay }
    for (let i = 0; i < n; i++) {
      const state = { p: start[0][i]!, m: start[2][i]!, v: start[3][i]! }
      const expected = oracle.adamw(state, start[1][i]! * scale, t, rule)
      expect(p.view[i]).toBeCloseTo(expected.p, 6)
      expect(m.view[i]).toBeCloseTo(expected.m, 8)
      expect(v.view[i]).toBeCloseTo(expected.v, 10)
    }
  })

  test('an update with a huge, an infinite and a NaN gradient touches those elements only', () => {
    const p = harness.floats(new Float32Array(6).fill(1))
    const g = harness.floats([0.5, 3e19, Infinity, NaN, 0, 1e-30])
    const [m, v] = [1, 1].map(() => harness.floats(new Float32Array(6))) as [Floats, Floats]
    const numbers = { scale: 1, beta1: 0.9, rest1: 0.1, beta2: 0.999, rest2: 0.001, eps: 1e-8 }
    const rest = { rate: 0.01, root: 1, before: 1, after: 0 }
    harness.pool.run('adamw', { p: p.at, g: g.at, m: m.at, v: v.at, ...numbers, ...rest }, 6)
    const at = (i: number) => p.view[i] ?? NaN
    // m / sqrt(v) of a first step is 0.1 / sqrt(0.001) of the gradient's sign.
    expect(at(0)).toBeCloseTo(1 - 0.01 * (0.1 / Math.sqrt(0.001)), 5)
    // The square of 3e19 is infinite in single precision: that element stands still.
    expect([at(1), at(4)]).toEqual([1, 1])
    expect([at(2), at(3)].map(Number.isNaN)).toEqual([true, true])
    expect(at(5)).toBeCloseTo(1, 6)
    expect(harness.guardsIntact()).toBe(true)
  })

  test('a NaN in a matrix reaches one number of its product with a vector, an infinite one in the vector all', () => {
    const [rows, k] = [5, 19]
    const noise = new Noise(6)
    const [W, x] = [harness.floats(noise.floats(rows * k)), harness.floats(noise.floats(k))]
    const y = harness.floats(new Float32Array(rows))
    W.view[2 * k + 18] = NaN
    harness.pool.run('gemv', { W: W.at, x: x.at, y: y.at, bias: 0, k }, rows)
    expect([...y.view].map(Number.isNaN)).toEqual([false, false, true, false, false])
    x.view[3] = Infinity
    harness.pool.run('gemv', { W: W.at, x: x.at, y: y.at, bias: 0, k }, rows)
    expect([...y.view].some(Number.isFinite)).toBe(false)
  })

  test.each([
    [1, 1],
    [5, 7],
    [3, 16],
    [9, 211],
    [0, 4],
  ])('matrix [%i, %i] times vector', (rows, k) => {
    const noise = new Noise(rows + k)
    const W = harness.floats(noise.floats(rows * k))
    const x = harness.floats(noise.floats(k))
    const bias = harness.floats(noise.floats(rows))
    const y = harness.floats(new Float32Array(rows))
    for (const b of [0, bias.at]) {
      harness.sameForEveryCut([y], rows, (grain) =>
        harness.pool.run('gemv', { W: W.at, x: x.at, y: y.at, bias: b, k }, rows, grain),
      )
      for (let i = 0; i < rows; i++) {
        let sum = b === 0 ? 0 : bias.view[i]!
        for (let j = 0; j < k; j++) sum += W.view[i * k + j]! * x.view[j]!
        expect(y.view[i]).toBeCloseTo(sum, 5)
      }
    }
  })

  test('sums over rows, zeros, scaled sums and copies', () => {
    const [rows, n] = [11, 21]
    const x = harness.floats(new Noise(1).floats(rows * n))
    const out = harness.floats(new Float32Array(n).fill(1))
    harness.sameForEveryCut([out], n, (grain) =>
      harness.pool.run('sumRows', { x: x.at, out: out.at, rows, n }, n, grain),
    )
    for (let j = 0; j < n; j++) {
      let sum = 1
      for (let i = 0; i < rows; i++) sum += x.view[i * n + j]!
      expect(out.view[j]).toBeCloseTo(sum, 5)
    }
    const y = harness.floats(x.view)
    harness.sameForEveryCut([y], rows * n, (grain) =>
      harness.pool.run('addScaled', { x: x.at, out: y.at, scale: 2 }, rows * n, grain),
    )
    expect(
      maxDifference(
        y.view,
        x.view.map((value) => 3 * value),
      ),
    ).toBeLessThan(1e-6)
    harness.sameForEveryCut([y], rows * n, (grain) => harness.pool.run('copy', { x: x.at, out: y.at }, rows * n, grain))
    expect([...y.view]).toEqual([...x.view])
    harness.sameForEveryCut([y], rows * n, (grain) =>
      harness.pool.run('add', { x: x.at, y: x.at, out: y.at }, rows * n, grain),
    )
    expect([...y.view]).toEqual([...x.view].map((value) => 2 * value))
    harness.sameForEveryCut([y], rows * n, (grain) => harness.pool.run('zero', { x: y.at }, rows * n, grain))
    expect(y.view.every((value) => value === 0)).toBe(true)
  })
})
