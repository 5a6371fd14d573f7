// Lengths of rows in tokens: what they add up to under a recipe, and that counting gives way and can be ended.

import { describe, expect, test } from 'vitest'
import { countTokens, describeLengths, LengthCounter } from '../../src/data/statistics'
import type { TextCodec } from '../../src/data/tokenizer'
import { demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'

const recipe = (change: Partial<Recipe>): Recipe => ({ ...demo(), max_length: 8, padding: 'max_length', append_eos: false, ...change }) // prettier-ignore
const rows = (...lengths: number[]) => lengths.map((length) => ({ text: 'x'.repeat(length) }))

/** One token per character; slow enough that a count of many rows takes several slices. */
function codec(milliseconds = 0): TextCodec & { calls: number } {
  const slow = {
    calls: 0,
    encode: (text: string) => {
      slow.calls++
      const until = performance.now() + milliseconds
      while (performance.now() < until);
      return [...text].map(() => 1)
    },
  }
  return slow as unknown as TextCodec & { calls: number }
}

describe('describeLengths', () => {
  const counts = Int32Array.of(2, 8, 8, 14)

  test('means, cuts, padding to max_length', () => {
    expect(describeLengths(counts, recipe({}))).toMatchObject({ rows: 4, meanTokens: 8, maxTokens: 14, cutRows: 1, paddingShare: 6 / 32 }) // prettier-ignore
  })

  test('padding to the longest, and an end-of-text where it fits', () => {
    const short = Int32Array.of(2, 4)
    expect(describeLengths(short, recipe({ padding: 'longest' })).paddingShare).toBe(0.25)
    expect(describeLengths(short, recipe({ append_eos: true }))).toMatchObject({ meanTokens: 4, maxTokens: 5 })
    expect(describeLengths(counts, recipe({ append_eos: true }))).toMatchObject({ maxTokens: 14, cutRows: 1 })
  })

  test.each([0, 1, 19, 20, 21, 99, 100, 5000, 123456])('bins up to %d tokens', (max) => {
    const { histogram } = describeLengths(Int32Array.of(0, max, max), recipe({}))
    expect(histogram.length).toBeLessThanOrEqual(20)
    expect(histogram[0]!.from).toBe(0)
    const last = histogram.at(-1)!
    expect(last.from <= max && max < last.to).toBe(true)
    expect(histogram.reduce((sum, bin) => sum + bin.rows, 0)).toBe(3)
    histogram.slice(1).forEach((bin, i) => expect(bin.from).toBe(histogram[i]!.to))
    if (max > 20) expect(histogram.length).toBeGreaterThanOrEqual(8)
  })

  test('no rows', () => {
    expect(describeLengths(new Int32Array(0), recipe({}))).toEqual({ rows: 0, meanTokens: 0, maxTokens: 0, cutRows: 0, paddingShare: 0, histogram: [] }) // prettier-ignore
  })
})

describe('counting', () => {
  test('other messages are handled in between', async () => {
    let handled = 0
    const timer = setInterval(() => handled++, 1)
    const counts = await countTokens(rows(...Array.from({ length: 40 }, (_, i) => i)), codec(4), () => true)
    clearInterval(timer)
    expect([...counts]).toEqual(Array.from({ length: 40 }, (_, i) => i))
    expect(handled).toBeGreaterThan(0)
  })

  test('a newer request ends an older one; counts are kept for another recipe', async () => {
    const counter = new LengthCounter()
    const slow = codec(4)
    const set = rows(...Array.from({ length: 40 }, () => 9))
    const older = counter.statistics(set, slow, recipe({}))
    const newer = counter.statistics(set, slow, recipe({}))
    await expect(older).rejects.toMatchObject({ details: { code: 'cancelled' } })
    expect((await newer).cutRows).toBe(40)
    const { calls } = slow
    expect((await counter.statistics(set, slow, recipe({ max_length: 9 }))).cutRows).toBe(0)
    expect(slow.calls).toBe(calls)
    await counter.statistics(rows(1), slow, recipe({}))
    expect(slow.calls).toBe(calls + 1)
  })
})
