// Models come and go in one worker: loaded twenty times, trained in between, cancelled at any moment, broken off in the
// middle of a step. What is left afterwards is counted: tensors, buffers and the wasm heap.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { heapBytes, initBackend, resetBackend, wasmBackend } from '../../src/kernels/backend'
import { allocateBytes, freeBytes } from '../../src/kernels/runtime'
import * as tf from '../../src/kernels/tf'
import type { Recipe } from '../../src/recipe/recipe'
import { openFinetaleDB } from '../../src/storage/db'
import { getRun } from '../../src/storage/runs'
import { AdamW } from '../../src/train/optimizer'
import { TrainerSession } from '../../src/train/session'
import { trainStep } from '../../src/train/step'
import type { ModelSource, RunEvent, StartRequest } from '../../src/workers/protocol'
import { A, B, C, m0Files, S } from '../support/m0'
import { randomBatch, randomModel, type StepShape } from '../support/randomModel'
import { datasetOf, testRecipe } from '../support/training'

const generation = { do_sample: false, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 4, seed: 1 }
const prompts = [{ prompt: 'Once upon', ids: Int32Array.from(S.slice(0, 2)) }]
let model: ModelSource
let onEvent: (event: RunEvent) => void

beforeAll(async () => {
  model = { kind: 'files', label: 'M0', files: { ...m0Files(), 'tokenizer.json': new Blob(['{}']) } }
  await initBackend({ threads: 2 })
})
beforeEach(() => (onEvent = () => {}))
afterAll(() => resetBackend())

/** The heap itself grows in steps of megabytes, so the place of a new block tells of less. */
function held(): object {
  const block = allocateBytes(4e6)
  freeBytes(block)
  return { block, heap: heapBytes(), tensors: tf.memory().numTensors, buffers: wasmBackend().numDataIds() }
}

function freshSession(): TrainerSession {
  const session = new TrainerSession()
  void session.connect(
    (event) => onEvent(event),
    (ids) => Promise.resolve(ids.join(' ')),
  )
  return session
}

function request(change: Partial<Recipe> = {}): StartRequest {
  const recipe: Recipe = { ...testRecipe, threads: 2, max_steps: 4, eval_strategy: 'steps', eval_steps: 2, ...change }
  return {
    ...{ runId: crypto.randomUUID(), name: 'test run', recipe, model, prompts, generation },
    data: { kind: 'files', label: 'rows.jsonl', files: { 'rows.jsonl': new Blob(['rows']) } },
    dataset: datasetOf([A, B, C], [B, C]),
  }
}

test('twenty models after each other, each loaded, trained, written with and replaced', async () => {
  const session = freshSession()
  const once = async () => {
    await session.loadBase(model)
    await session.generate({ runId: 'base', prompt: prompts[0]!, settings: generation }, () => {})
    const run = request({ max_steps: 2 })
    await session.start(run)
    await session.loadBase(model)
  }
  await once()
  await once()
  const before = held()
  for (let i = 0; i < 20; i++) await once()
  expect(held()).toEqual(before)
})

test.each<[string, (event: RunEvent) => boolean]>([
  ['after a step', (event) => event.kind === 'step' && event.metrics.step === 3],
  ['as an evaluation begins', (event) => event.kind === 'phase' && event.phase === 'evaluating'],
  ['as a text begins', (event) => event.kind === 'phase' && event.phase === 'generating'],
  ['while it loads', (event) => event.kind === 'phase' && event.phase === 'loading'],
  ['while it saves', (event) => event.kind === 'phase' && event.phase === 'saving'],
])('a run that is discarded %s leaves the model and nothing else', async (_when, moment) => {
  const session = freshSession()
  await session.loadBase(model)
  const { tensors } = held() as { tensors: number }
  const run = request({ save_steps: 1 })
  let met = false
  onEvent = (event) => {
    if (met || !moment(event)) return
    met = true
    void session.stop('discard')
  }
  await session.start(run)
  expect(met).toBe(true)
  expect(await getRun(await openFinetaleDB(), run.runId)).toBeUndefined()
  onEvent = () => {}
  await session.loadBase(model)
  expect(held()).toMatchObject({ tensors })
})

test('a step that breaks off at any of its allocations leaves no tensor, and the next one is whole', () => {
  const shape: StepShape = { vocab: 37, hidden: 12, layers: 2, heads: 2, window: 3, positions: 16, B: 2, T: 9 }
  const batch = { ...randomBatch(shape, 1), padInLoss: false }
  const small = randomModel(shape)
  const optimizer = new AdamW(small.params, testRecipe)
  const step = (learningRate = 0) => trainStep(small, optimizer, [batch], { learningRate, maxGradNorm: 1 })
  const { loss } = step()
  const before = held()
  const wasm = wasmBackend().wasm as unknown as { _malloc: (bytes: number) => number }
  const malloc = wasm._malloc
  let broken = 0
  for (let last = 0; ; last++) {
    let left = last
    wasm._malloc = (bytes) => {
      if (left-- === 0) throw new Error('broken off')
      return malloc(bytes)
    }
    try {
      step()
      break
    } catch (error) {
      expect(String(error)).toContain('broken off')
      broken++
    } finally {
      wasm._malloc = malloc
    }
    expect(held(), `broken off at allocation ${last}`).toEqual(before)
    expect(step().loss).toBe(loss)
  }
  expect(broken).toBeGreaterThan(10)
  optimizer.dispose()
  small.dispose()
})
