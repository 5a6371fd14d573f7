// Filters and draws of the sampler on small logits; the cases on M0's full vocabulary are in tests/browser/generate.test.ts.

import { describe, expect, test } from 'vitest'
import { argmax, filterTopK, filterTopP, SampleRandom, sampleToken, uniform } from '../../src/model/sampling'
import type { GenerationSettings } from '../../src/recipe/recipe'

const settings: GenerationSettings = { do_sample: true, temperature: 1, top_k: 0, top_p: 1, max_new_tokens: 1, seed: 0 }
const kept = (logits: Float32Array) => [...logits.keys()].filter((i) => logits[i] !== -Infinity)
/** Logits whose softmax is the given list. */
const fromShares = (...shares: number[]) => Float32Array.from(shares, (share) => Math.log(share))

describe('top-k', () => {
  test('keeps the k best and every tie with the k-th', () => {
    const logits = Float32Array.of(1, 3, 2, 3, 2, -1)
    expect(kept(filterTopK(logits, 1))).toEqual([1, 3])
    expect(kept(filterTopK(logits, 2))).toEqual([1, 3])
    expect(kept(filterTopK(logits, 3))).toEqual([1, 2, 3, 4])
  })

  test('0 or more than there are keeps all', () => {
    const logits = Float32Array.of(1, 3, 2)
    expect(kept(filterTopK(logits, 0))).toHaveLength(3)
    expect(kept(filterTopK(logits, 50))).toHaveLength(3)
  })

  test('a long list and a large k agree with a sort', () => {
    const random = new SampleRandom(7)
    const logits = Float32Array.from({ length: 3000 }, () => uniform(random))
    const sorted = logits.slice().sort()
    for (const k of [1, 50, 512, 513, 2999]) {
      expect(kept(filterTopK(logits, k))).toEqual(kept(logits.map((v) => (v < sorted[3000 - k]! ? -Infinity : v))))
    }
  })
})

describe('top-p', () => {
  const logits = fromShares(0.1, 0.4, 0.2, 0.3)

  test('keeps the smallest set that reaches p', () => {
    expect(kept(filterTopP(logits, 0.3))).toEqual([1])
    expect(kept(filterTopP(logits, 0.5))).toEqual([1, 3])
    expect(kept(filterTopP(logits, 0.75))).toEqual([1, 2, 3])
    expect(kept(filterTopP(logits, 0.95))).toEqual([0, 1, 2, 3])
  })

  test('0 keeps the best, 1 keeps all', () => {
    expect(kept(filterTopP(logits, 0))).toEqual([1])
    expect(kept(filterTopP(logits, 1))).toHaveLength(4)
  })

  test('of equal tokens at the edge the higher ids stay', () => {
    expect(kept(filterTopP(fromShares(0.25, 0.25, 0.25, 0.25), 0.4))).toEqual([2, 3])
    expect(kept(filterTopP(Float32Array.of(2, 5, 5), 0))).toEqual([2])
  })

  test('works on what top-k has left', () => {
    expect(kept(filterTopP(filterTopK(logits, 2), 0.6))).toEqual([1, 3])
    expect(kept(filterTopP(filterTopK(logits, 2), 0.5))).toEqual([1])
  })
})

describe('draw', () => {
  const logits = fromShares(0.1, 0.4, 0.2, 0.3)

  test('is greedy without do_sample, at temperature 0 and at a tiny temperature', () => {
    for (const change of [{ do_sample: false }, { temperature: 0 }, { temperature: 1e-40 }, { temperature: 1e-320 }]) {
      expect(sampleToken(logits, { ...settings, ...change }, new SampleRandom(1))).toBe(1)
    }
    expect(argmax(Float32Array.of(1, 4, 4))).toBe(1)
    expect(sampleToken(Float32Array.of(-900, -899), { ...settings, temperature: 1e-38 }, new SampleRandom(1))).toBe(1)
    expect(sampleToken(Float32Array.of(900, 899), { ...settings, top_k: 50 }, new SampleRandom(1))).toBe(0)
  })

  test('follows the shares', () => {
    const random = new SampleRandom(42)
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 20000; i++) counts[sampleToken(logits, settings, random)]!++
    // Chi-square with 3 degrees of freedom exceeds 16.27 once in a thousand seeds.
    const expected = [2000, 8000, 4000, 6000]
    const chiSquare = expected.reduce((sum, want, i) => sum + (counts[i]! - want) ** 2 / want, 0)
    expect(chiSquare).toBeLessThan(16.27)
  })

  test('never takes a token that was filtered out', () => {
    const random = new SampleRandom(3)
    const tight = { ...settings, top_k: 2 }
    const drawn = new Set(Array.from({ length: 500 }, () => sampleToken(logits, tight, random)))
    expect([...drawn].sort()).toEqual([1, 3])
  })

  test('the same seed gives the same tokens, another seed others', () => {
    const run = (seed: number) => {
      const random = new SampleRandom(seed)
      return Array.from({ length: 64 }, () => sampleToken(logits, settings, random)).join('')
    }
    expect(run(5)).toBe(run(5))
    expect(run(5)).not.toBe(run(6))
  })

  test('refuses logits without a number', () => {
    const broken = new Float32Array(4).fill(NaN)
    expect(() => sampleToken(broken, settings, new SampleRandom(1))).toThrow(/no usable numbers/)
    expect(() => sampleToken(Float32Array.of(1, NaN, 2), settings, new SampleRandom(1))).toThrow(/no usable numbers/)
  })

  test('the generator and the numbers it makes are these, on every machine', () => {
    const random = new SampleRandom(42)
    expect(Array.from({ length: 4 }, () => random.next32())).toEqual([660444221, 3652823732, 77672526, 910233633])
    const edges = [new SampleRandom(0), new SampleRandom(2 ** 32 - 1)]
    expect(edges.map(uniform)).toEqual([0.41675133265905573, 0.9555830018603452])
  })

  test('uniform numbers are in [0, 1) and spread', () => {
    const random = new SampleRandom(0)
    const drawn = Array.from({ length: 10000 }, () => uniform(random))
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...drawn)).toBeLessThan(1)
    expect(drawn.reduce((sum, u) => sum + u, 0) / 10000).toBeCloseTo(0.5, 1)
  })
})
