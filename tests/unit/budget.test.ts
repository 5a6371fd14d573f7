// What the page tells before Train: sizes read from a config.json, room on disk, and when a recipe is refused for memory.

import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { courseNotebook, demo } from '../../src/recipe/presets'
import { budgetOf } from '../../src/state/budget'
import { followModelSize, sizeOfConfig } from '../../src/state/modelSize'
import { resumable, RunStore } from '../../src/state/runStore'
import { emptyState, type StoreState } from '../../src/state/storeState'
import { modelSizeOf } from '../support/modelSizes'

const builtIn = modelSizeOf(4096, 256, 4, 256)
const course = modelSizeOf(50257, 768, 4, 2048)

function budget(change: Partial<StoreState>, recipe = demo()) {
  return budgetOf({ ...emptyState, modelSize: builtIn, ...change }, recipe)
}

const statistics = { rows: 300, meanTokens: 90, maxTokens: 160, cutRows: 0, paddingShare: 0, histogram: [] }

test('the sizes of the built-in model stand in its config.json', () => {
  const config: unknown = JSON.parse(readFileSync('public/models/finetale-4m/config.json', 'utf8'))
  expect(sizeOfConfig(config)).toEqual(builtIn)
})

test('transformers’ defaults hold for what a config leaves out; what is no GPT-Neo has no sizes', () => {
  const config = { model_type: 'gpt_neo', hidden_size: 64, num_hidden_layers: 8, vocab_size: 50257 }
  expect(sizeOfConfig(config)).toEqual(modelSizeOf(50257, 64, 8, 2048))
  for (const other of [null, 7, {}, { ...config, model_type: 'gpt2' }, { ...config, hidden_size: '64' }]) {
    expect(sizeOfConfig(other)).toBeNull()
  }
})

test('the sizes follow the model that is chosen, and a config that is no JSON gives none', async () => {
  const store = new RunStore((notify) => notify())
  followModelSize(store)
  const folder = (text: string) =>
    ({ kind: 'files', label: 'folder', files: { 'config.json': new Blob([text]) } }) as const
  store.update({ model: folder('{"model_type":"gpt_neo","hidden_size":64,"num_layers":8,"vocab_size":50257}') })
  await vi.waitFor(() => expect(store.state.modelSize?.num_layers).toBe(8))
  store.update({ model: folder('<!doctype html>') })
  await vi.waitFor(() => expect(store.state.modelSize).toBeNull())
})

test('room on disk: enough, short, not told, none', () => {
  const space = (usage: number | null, quota: number | null) => ({ usage, quota, persisted: null })
  expect(budget({ space: space(1e6, 1e9) })).toMatchObject({ room: 'enough', free: 999e6 })
  expect(budget({ space: space(1e9 - 1e8, 1e9) })).toMatchObject({ room: 'short', free: 1e8 })
  expect(budget({ space: space(null, null) })?.room).toBe('unknown')
  expect(budget({})?.room).toBe('unknown')
  expect(budget({ space: space(1e6, 1e9), storage: 'full' })?.room).toBe('short')
  expect(budget({ space: space(1e6, 1e9), storage: 'none' })?.room).toBe('none')
  expect(budget({ modelSize: null })).toBeNull()
})

test('a recipe is refused only where its memory is sure: padded to the maximum, or with rows that were counted and not packed', () => {
  const long = { ...demo(), max_length: 256, per_device_train_batch_size: 512 }
  const preview = { totalRows: 5000 } as StoreState['preview']
  expect(budget({ preview }, long)).toMatchObject({ misfit: null, exact: false })
  expect(budget({ preview, statistics }, { ...long, packing: true })).toMatchObject({ misfit: null, exact: false })
  expect(budget({ preview, statistics }, long)?.misfit?.field).toBe('per_device_train_batch_size')
  expect(budget({ preview }, { ...long, padding: 'max_length' })?.misfit?.change).toBeTruthy()
  // 20 rows are all that a batch can hold.
  const few = { totalRows: 22 } as StoreState['preview']
  expect(budget({ preview: few, statistics }, long)?.misfit).toBeNull()
  expect(budget({ modelSize: course }, courseNotebook())?.misfit).toBeNull()
})

test('a run can be resumed where a checkpoint of it is stored', () => {
  const run = { id: 'a', name: '', state: 'failed', step: 5, totalSteps: 9, saved: { step: 4, at: 1 } } as const
  expect(resumable({ ...emptyState, runId: 'a' })).toBeNull()
  expect(resumable({ ...emptyState, runId: 'a', interrupted: [run] })).toEqual({ id: 'a', step: 4 })
  expect(resumable({ ...emptyState, runId: 'a', checkpoint: { step: 2, at: 1, bytes: 1 } })).toEqual({
    id: 'a',
    step: 2,
  })
  expect(resumable({ ...emptyState, runId: 'b', interrupted: [run] })).toBeNull()
  expect(resumable({ ...emptyState, runId: 'a', resumedFrom: 50 })).toEqual({ id: 'a', step: 50 })
})

test('a save without room is remembered until one succeeds', () => {
  const store = new RunStore((notify) => notify())
  store.update({ runId: 'a' })
  store.apply({ kind: 'warning', runId: 'a', message: 'full', code: 'quota' })
  expect(store.state.storage).toBe('full')
  store.apply({ kind: 'checkpoint', runId: 'a', step: 1, bytes: 1, seconds: 1 })
  expect(store.state.storage).toBe('works')
  store.apply({ kind: 'warning', runId: 'a', message: 'nothing is kept', code: 'no-storage' })
  expect(store.state.storage).toBe('none')
})
