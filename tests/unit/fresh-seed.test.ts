// Write gives a new text each time: the next seed, where the same weights have written from the same prompt already.

import { expect, test } from 'vitest'
import type { GenerationSettings } from '../../src/recipe/recipe'
import { freshSeed } from '../../src/state/freshSeed'
import { storyGeneration } from '../../src/state/prompts'
import type { GenerationRow } from '../../src/workers/protocol'

const row = (change: Partial<GenerationSettings> = {}, prompt = 'Once', step = 6) =>
  ({ prompt, step, settings: { ...storyGeneration, ...change } }) as GenerationRow
const next = (rows: readonly GenerationRow[], change: Partial<GenerationSettings> = {}) =>
  freshSeed(rows, { prompt: 'Once', step: 6, settings: { ...storyGeneration, ...change } })

test('the seed of the settings, while nothing was written with it', () => {
  expect(next([])).toBe(42)
  expect(next([row({}, 'Twice'), row({}, 'Once', 0), row({ top_p: 0.3 }), row({ seed: 7 })])).toBe(42)
})

test('the next free one after that', () => {
  expect(next([row()])).toBe(43)
  expect(next([row({ seed: 44 }), row(), row({ seed: 43 })])).toBe(45)
  expect(next([row({ seed: 2 ** 32 - 1 })], { seed: 2 ** 32 - 1 })).toBe(0)
})

test('the likeliest tokens need no seed', () => {
  expect(next([row({ do_sample: false })], { do_sample: false })).toBe(42)
})
