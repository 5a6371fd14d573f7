// Embedding rows, the optimizer, matrix times vector and the small passes in every flavour against plain loops; and the
// same bits however the work is cut.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KernelFlavour } from 'virtual:finetale-kernels'
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
    ids.forEach((id, i) => {
      for (let j = 0; j < n; j++)
        expect(out.view[i * n + j]).toBe(Math.fround(table.view[id * n + j]! + places.view[i * n + j]!))
    })
    harness.pool.run('gather', { ...common, positions: 0, places: 0 }, 4)
    expect([...out.view.subarray(n, 2 * n)]).toEqual([...table.view.subarray(0, n)])
    const sums = harness.floats(new Float32Array(V * n))
    const x = harness.floats(noise.floats(4 * n))
    harness.sameForEveryCut([sums], n, (grain) =>
      harness.pool.run('scatterAdd', { x: x.at, ids: idsAt, table: sums.at, rows: 4, n }, n, grain),
    )
    expect(sums.view[3 * n + 4]).toBe(Math.fround(x.view[4]! + x.view[2 * n + 4]!))
    expect(sums.view.filter((value) => value !== 0)).toHaveLength(3 * n)
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

  test.each(['adamw_hf', 'adamw_torch'])('%s against double precision', (variant) => {
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
    for (let i = 0; i < n; i++) {
      const grad = start[1][i]! * scale
      const mean = beta1 * start[2][i]! + (1 - beta1) * grad
      const square = beta2 * start[3][i]! + (1 - beta2) * grad * grad
      let value = start[0][i]!
      if (hf) {
        value -= ((lr * c2) / c1) * (mean / (Math.sqrt(square) + eps))
        value -= lr * decay * value
      } else {
        value *= 1 - lr * decay
        value -= (lr / c1) * (mean / (Math.sqrt(square) / c2 + eps))
      }
      expect(p.view[i]).toBeCloseTo(value, 6)
      expect(m.view[i]).toBeCloseTo(mean, 8)
      expect(v.view[i]).toBeCloseTo(square, 10)
    }
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
    harness.sameForEveryCut([y], rows * n, (grain) => harness.pool.run('zero', { x: y.at }, rows * n, grain))
    expect(y.view.every((value) => value === 0)).toBe(true)
  })
})
