// Attention, forward, gradients and over a cache, in every flavour against the plain oracle; and the same bits however
// the heads are shared out.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KernelFlavour } from 'virtual:finetale-kernels'
import { PACKING_BYTES } from '../../src/kernels/jobs'
import * as oracle from '../../src/kernels/reference'
import { Harness, Noise, usableFlavours, type Floats } from '../support/kernelHarness'
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
    [1, 1, 3, 0, [1]],
    [2, 5, 3, 0, [5, 2]],
    [2, 49, 8, 0, [49, 20]],
    [1, 97, 4, 16, [97]],
    [2, 53, 5, 7, [30, 0]],
    [1, 60, 4, 1, [10]],
  ] as const)('attention: %i rows of %i, head size %i, window %i, lengths %j', (B, T, d, window, lengths) => {
    const heads = 2
    const C = heads * d
    const noise = new Noise(T * 13 + d)
    const [q, k, v, dout] = [1, 1, 1, 1].map(() => harness.floats(noise.floats(B * T * C))) as [
      Floats,
      Floats,
      Floats,
      Floats,
    ]
    const [out, dq, dk, dv] = [1, 1, 1, 1].map(() => harness.floats(new Float32Array(B * T * C))) as [
      Floats,
      Floats,
      Floats,
      Floats,
    ]
    const shared = {
      q: q.at,
      k: k.at,
      v: v.at,
      starts: harness.ints(Array.from({ length: B + 1 }, (_, b) => b * T)),
      lengths: harness.ints(lengths),
      C,
      heads,
      window,
      packing: PACKING_BYTES,
    }
    harness.sameForEveryCut([out], B * heads, (grain) =>
      harness.pool.run('attention', { ...shared, out: out.at }, B * heads, grain),
    )
    const reference = (qs: Float64Array, ks: Float64Array, vs: Float64Array) =>
      oracle.causalAttention(
        ...([qs, ks, vs].map((x) => matrixOf(B * T, C, x)) as [oracle.Matrix, oracle.Matrix, oracle.Matrix]),
        heads,
        window || null,
        lengths,
      ).data
    const [qs, ks, vs] = [q, k, v].map((f) => Float64Array.from(f.view)) as [Float64Array, Float64Array, Float64Array]
    expect(maxDifference(out.view, reference(qs, ks, vs))).toBeLessThan(2e-6)
    harness.sameForEveryCut([dq, dk, dv], B * heads, (grain) =>
      harness.pool.run(
        'attentionInput',
        { ...shared, dout: dout.at, dq: dq.at, dk: dk.at, dv: dv.at },
        B * heads,
        grain,
      ),
    )
    // Differences along a few random directions: the whole numeric gradient would take minutes.
    const objective = (a: Float64Array, b: Float64Array, c: Float64Array) =>
      reference(a, b, c).reduce((sum, x, i) => sum + x * dout.view[i]!, 0)
    // Where a query sees padding only, scores are flat and differences see nothing; the reference's gradient is formal
    // there, and the goldens from PyTorch hold it.
    const flat = lengths.some((length) => length === 0 || (window > 0 && T - window >= length))
    for (let round = 0; round < 4; round++) {
      for (const which of flat ? [2] : [0, 1, 2]) {
        const direction = noise.floats(B * T * C)
        const inputs = [qs, ks, vs]
        const at = (step: number) =>
          objective(
            ...(inputs.map((x, i) => (i === which ? x.map((y, j) => y + step * direction[j]!) : x)) as [
              Float64Array,
              Float64Array,
              Float64Array,
            ]),
          )
        const numeric = (at(1e-4) - at(-1e-4)) / 2e-4
        const ours = [dq, dk, dv][which]!.view.reduce((sum, g, j) => sum + g * direction[j]!, 0)
        expect(Math.abs(ours - numeric)).toBeLessThan(2e-4 * (1 + Math.abs(numeric)))
      }
    }
  })

  test('attention: huge scores pick one key, a NaN stays in its row and head', () => {
    const [T, C] = [6, 4]
    const noise = new Noise(8)
    const [q, k, v] = [1, 1, 1].map(() => harness.floats(noise.floats(T * C))) as [Floats, Floats, Floats]
    q.view.set([1e15, 0], 5 * C)
    k.view[2 * C] = 1e15
    q.view[3 * C + 2] = NaN
    const out = harness.floats(new Float32Array(T * C))
    const args = {
      q: q.at,
      k: k.at,
      v: v.at,
      out: out.at,
      starts: harness.ints([0, T]),
      lengths: harness.ints([T]),
      C,
      heads: 2,
      window: 0,
      packing: PACKING_BYTES,
    }
    harness.pool.run('attention', args, 2)
    expect([...out.view.subarray(5 * C, 5 * C + 2)]).toEqual([...v.view.subarray(2 * C, 2 * C + 2)])
    expect([...out.view].map(Number.isNaN).filter(Boolean)).toHaveLength(2)
    expect(out.view[3 * C + 2]).toBeNaN()
  })

  test.each([
    [0, 0, 1],
    [12, 0, 3],
    [12, 5, 8],
    [70, 16, 48],
  ])('attention over a cache at position %i, window %i, head size %i', (position, window, d) => {
    const heads = 3
    const C = heads * d
    const noise = new Noise(position + d)
    const rows = position + 1
    const [keys, values] = [1, 1].map(() => harness.floats(noise.floats(rows * C))) as [Floats, Floats]
    const q = harness.floats(noise.floats(C))
    const out = harness.floats(new Float32Array(C))
    harness.sameForEveryCut([out], heads, (grain) =>
      harness.pool.run(
        'attentionCached',
        { q: q.at, keys: keys.at, values: values.at, out: out.at, position, C, heads, window, packing: PACKING_BYTES },
        heads,
        grain,
      ),
    )
    const queries = new Float64Array(rows * C)
    queries.set(q.view, position * C)
    const [ks, vs] = [keys, values].map((f) => matrixOf(rows, C, f.view)) as [oracle.Matrix, oracle.Matrix]
    const all = oracle.causalAttention(matrixOf(rows, C, queries), ks, vs, heads, window || null, [rows])
    expect(maxDifference(out.view, all.data.subarray(position * C))).toBeLessThan(2e-6)
  })

  test('attention over a cache: a huge score picks its key, a NaN stays in its head', () => {
    const [C, rows] = [6, 9]
    const noise = new Noise(4)
    const [keys, values] = [1, 1].map(() => harness.floats(noise.floats(rows * C))) as [Floats, Floats]
    const q = harness.floats(noise.floats(C))
    q.view.set([1e15, 0], 0)
    keys.view[5 * C] = 1e15
    keys.view[7 * C + 2] = NaN
    const out = harness.floats(new Float32Array(C))
    const args = { q: q.at, keys: keys.at, values: values.at, out: out.at }
    const shape = { position: rows - 1, C, heads: 3, window: 0, packing: PACKING_BYTES }
    harness.pool.run('attentionCached', { ...args, ...shape }, 3)
    expect([...out.view.subarray(0, 2)]).toEqual([...values.view.subarray(5 * C, 5 * C + 2)])
    expect([...out.view].map(Number.isNaN)).toEqual([false, false, true, true, false, false])
    expect(harness.guardsIntact()).toBe(true)
  })
})
