// Thousands of steps and hundreds of texts leave nothing behind: no tensor, no buffer, not one byte of the heap.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { heapBytes, initBackend, resetBackend, wasmBackend } from '../../src/kernels/backend'
import { allocateBytes, freeBytes } from '../../src/kernels/runtime'
import * as tf from '../../src/kernels/tf'
import { generateTokens } from '../../src/model/generate'
import { AdamW } from '../../src/train/optimizer'
import { trainStep } from '../../src/train/step'
import { randomBatch, randomModel, type StepShape } from '../support/randomModel'
import { testRecipe } from '../support/training'

const TINY: StepShape = { vocab: 37, hidden: 12, layers: 2, heads: 2, window: 3, positions: 16, B: 2, T: 9 }

beforeEach(async () => {
  await initBackend({ threads: 2 })
})
afterEach(() => resetBackend())

/** What could grow. The heap itself grows in steps of megabytes, so the place of a new block tells of less. */
function held(): object {
  const block = allocateBytes(4e6)
  freeBytes(block)
  return { block, heap: heapBytes(), tensors: tf.memory().numTensors, buffers: wasmBackend().numDataIds() }
}

test('2,000 steps of two micro-batches, some with padding in the loss, some skipped', () => {
  const model = randomModel(TINY)
  const optimizer = new AdamW(model.params, testRecipe)
  const batches = [1, 2, 3, 4].map((seed) => ({ ...randomBatch(TINY, seed), padInLoss: seed % 2 === 0 }))
  const empty = { ...batches[0]!, lengths: new Int32Array(TINY.B), padInLoss: false }
  const run = (steps: number) => {
    for (let i = 0; i < steps; i++) {
      const window = i % 10 === 0 ? [empty] : [batches[i % 4]!, batches[(i + 1) % 4]!]
      const { skipped } = trainStep(model, optimizer, window, { learningRate: 1e-3, maxGradNorm: 1 })
      if (skipped !== (i % 10 === 0)) throw new Error(`step ${i}`)
    }
  }
  run(50)
  const before = held()
  run(2000)
  expect(held()).toEqual(before)
  optimizer.dispose()
  model.dispose()
  expect(tf.memory().numTensors).toBe(0)
})

test('300 texts, of which some fill the context and some are broken off', async () => {
  const model = randomModel(TINY)
  const settings = { do_sample: true, temperature: 1, top_k: 20, top_p: 0.9, max_new_tokens: 20 }
  const write = async (texts: number) => {
    let written = 0
    for (let i = 0; i < texts; i++) {
      const prompt = Int32Array.from({ length: 1 + (i % 5) }, (_, t) => (i + t) % TINY.vocab)
      for await (const token of generateTokens(model, prompt, { ...settings, seed: i }, -1)) {
        written++
        if (i % 3 === 0 && token % 4 === 0) break
      }
    }
    return written
  }
  await write(10)
  const before = held()
  expect(await write(300)).toBeGreaterThan(4000)
  expect(held()).toEqual(before)
  model.dispose()
  expect(tf.memory().numTensors).toBe(0)
})
