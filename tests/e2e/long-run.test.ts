// A short form of `node bench/long.mjs`: some hundred steps through the real page, after which nothing has grown. The check
// itself is tried on numbers that do grow.

import { expect, test } from 'vitest'
import { growth, longRun, type Sample } from '../../bench/longRun.mjs'
import { shortRecipe } from '../support/page'

test('240 steps with 12 checkpoints leave tensors, heaps and storage as they were', async () => {
  const recipe = { ...shortRecipe, name: 'Long', per_device_train_batch_size: 1, max_steps: 240 }
  const { samples, steps } = await longRun({ recipe: { ...recipe, save_steps: 20, eval_steps: 60 }, every: 30 })
  expect(steps).toHaveLength(240)
  expect(samples.map(({ step }) => step)).toEqual([30, 60, 90, 120, 150, 180, 210, 240])
  expect(samples.every(({ tensors, workerBytes, partBytes }) => tensors > 0 && workerBytes > 0 && partBytes > 0)).toBe(
    true,
  )
  expect(growth(samples)).toEqual([])
})

const steady: Sample = {
  ...{ step: 0, tensors: 300, heapBytes: 1e8, pageBytes: 8e6, workerBytes: 1e7, domNodes: 6000 },
  ...{ checkpoints: 2, checkpointBytes: 4e7, keptBytes: 8e7, partBytes: 8e7, metricsBlocks: 1, diskBytes: 8e7 },
}

function samples(change: (i: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 10 }, (_, i) => ({ ...steady, step: 100 * (i + 1), ...change(i) }))
}

test('what grows is named', () => {
  expect(growth(samples(() => ({})))).toEqual([])
  // The warm-up may differ, and so may a save under way.
  expect(growth(samples((i) => (i === 0 ? { tensors: 500, partBytes: 12e7 } : {})))).toEqual([])
  expect(growth(samples((i) => (i === 4 ? { partBytes: 12e7 } : {})))).toEqual([])
  const leaks: [keyof Sample, (i: number) => Partial<Sample>][] = [
    ['tensors', (i) => ({ tensors: 300 + i })],
    ['heapBytes', (i) => ({ heapBytes: 1e8 + 65536 * i })],
    ['pageBytes', (i) => ({ pageBytes: 8e6 + 1e6 * i })],
    ['workerBytes', (i) => ({ workerBytes: 1e7 + 1e6 * i })],
    ['domNodes', (i) => ({ domNodes: 6000 + 300 * i })],
    ['checkpoints', (i) => ({ checkpoints: 2 + i })],
    ['partBytes', (i) => ({ partBytes: 8e7 + 1e7 * i })],
    ['diskBytes', (i) => ({ diskBytes: 8e7 + 4e7 * i })],
  ]
  for (const [key, leak] of leaks) expect(growth(samples(leak)).join(), key).toContain(key)
})
