// Clicks that come too soon, against workers and storage of cardboard that answer when they are told to: a second click
// starts no second run, and a history that was long to read replaces no run that has begun since.

import { beforeEach, expect, test, vi } from 'vitest'
import { demo } from '../../src/recipe/presets'
import { RunController } from '../../src/state/runController'
import type { ControllerParts } from '../../src/state/controllerParts'
import { InputLoader } from '../../src/state/inputLoader'
import { BASE, RunStore } from '../../src/state/runStore'
import type { Database } from '../../src/state/storedRuns'
import type { DataSource, GenerationRow, ModelSource, TokenizerApi, TrainerApi } from '../../src/workers/protocol'

/** Histories that have still to be read, by run. */
const reading = new Map<string, () => void>()

vi.mock(import('../../src/state/storedRuns'), async (original) => ({
  ...(await original()),
  readHistory: (_db, runId) =>
    new Promise((resolve) => reading.set(runId, () => resolve({ steps: [], evals: [], generations: [] }))),
  findStoredRuns: () => Promise.resolve({ interrupted: [], latest: null }),
}))

const model: ModelSource = { kind: 'files', label: 'm', files: {} }
const data: DataSource = { kind: 'files', label: 'd', files: {} }
const settle = () => new Promise((resolve) => setTimeout(resolve, 0))

beforeEach(() => {
  vi.stubGlobal('navigator', {})
  reading.clear()
})

function setUp() {
  const store = new RunStore(() => undefined)
  const rows = { ids: new Int32Array(1), lengths: new Int32Array(1) }
  const tokenizerApi = {
    loadTokenizer: async () => ({}),
    loadDataset: async () => ({ totalRows: 1, dropped: {} }),
    viewRow: async () => ({}),
    tokenize: async () => ({ train: rows, eval: rows, dropped: {}, fingerprint: 'same' }),
    encode: async () => Int32Array.of(1),
  }
  /** Calls that train, until they are ended. */
  const calls: { runId: string; end: () => void }[] = []
  const train = ({ runId }: { runId: string }) => new Promise<void>((end) => calls.push({ runId, end }))
  const trainerApi = { start: train, resume: train, stop: async () => undefined }
  const client = <Api>(api: unknown) => ({ call: <T>(use: (api: Api) => Promise<T>) => use(api as Api) })
  const tokenizer = client<TokenizerApi>(tokenizerApi)
  const labels = { modelLabel: 'm', dataLabel: 'd' }
  const record = (id: string) => ({ ...{ ...labels, id, name: id, recipe: demo(), state: 'paused', totalSteps: 9 }, dataFingerprint: 'same', prompts: [] }) // prettier-ignore
  const db = { get: (_store: string, id: string) => Promise.resolve(id === 'gone' ? undefined : record(id)) }
  const openDatabase = () => Promise.resolve(db as unknown as Database)
  const inputs = new InputLoader(tokenizer as never, openDatabase)
  vi.spyOn(inputs, 'ofRun').mockResolvedValue({ model, data })
  const runsRemoved = vi.fn(() => Promise.resolve())
  const trainer = client<TrainerApi>(trainerApi)
  const parts = { store, inputs, tokenizer, openDatabase, runsRemoved, trainer, say: String }
  const controller = new RunController(parts as unknown as ControllerParts, { recipe: demo(), generation: {} })
  const read = async (runId: string) => {
    await vi.waitFor(() => expect(reading.has(runId)).toBe(true))
    reading.get(runId)?.()
    reading.delete(runId)
    await settle()
  }
  return { store, controller, calls, read, runsRemoved }
}

test('Train clicked twice starts one run, which stays on the page', async () => {
  const { store, controller, calls } = setUp()
  await controller.prepare(model, data)
  const clicks = [controller.train(demo()), controller.train(demo())]
  await settle()
  void controller.train(demo())
  await settle()
  expect(calls.map(({ runId }) => runId)).toEqual([store.state.runId])
  controller.receive({ kind: 'phase', runId: store.state.runId, phase: 'finished', detail: '' })
  calls[0]?.end()
  await Promise.all(clicks)
  await settle()
  expect(calls.length).toBe(1)

  void controller.train(demo())
  await settle()
  expect(calls.length).toBe(2)
})

test('Resume clicked twice resumes once and fails nothing, and Train beside it starts nothing', async () => {
  const { store, controller, calls, read } = setUp()
  await controller.prepare(model, data)
  void controller.resume('a')
  void controller.resume('a')
  void controller.train(demo())
  await read('a')
  expect(calls.map(({ runId }) => runId)).toEqual(['a'])
  expect(store.state).toMatchObject({ runId: 'a', error: null })
  expect(store.state.phase).not.toBe('failed')
})

test('a run that is not stored any more is told of, and keeps no other from starting', async () => {
  const { controller, calls, read, runsRemoved } = setUp()
  await expect(controller.resume('gone')).rejects.toThrow('no longer stored')
  expect(runsRemoved).toHaveBeenCalledTimes(1)
  void controller.resume('a')
  await read('a')
  expect(calls.length).toBe(1)
})

test('a run whose numbers are spoilt is let go of before it goes on', async () => {
  const { store, controller, calls, read } = setUp()
  void controller.resume('a')
  await read('a')
  controller.receive({ kind: 'phase', runId: 'a', phase: 'paused', detail: '' })
  void controller.resumeSlower('a')
  await settle()
  expect(calls.length).toBe(1)
  controller.receive({ kind: 'phase', runId: 'a', phase: 'idle', detail: '' })
  calls[0]?.end()
  await settle()
  expect(calls.length).toBe(2)
  expect(store.state.phase).toBe('tokenizing')
})

test('a history that was long to read does not replace a run that has begun since', async () => {
  const { store, controller, calls, read } = setUp()
  await controller.prepare(model, data)
  void controller.stored.show('a')
  await settle()
  void controller.train(demo())
  await settle()
  await read('a')
  expect(store.state.runId).toBe(calls[0]?.runId)
})

test('of two histories the one asked for last is shown, and none while a run is on its way', async () => {
  const { store, controller, read } = setUp()
  void controller.stored.show('a')
  void controller.stored.show('b')
  await settle()
  await read('b')
  await read('a')
  expect(store.state.runId).toBe('b')
  void controller.resume('a')
  await controller.stored.show('b')
  await read('a')
  expect(store.state.runId).toBe('a')
})

test('a run of another model takes the place of the page’s, whose texts and notes go', async () => {
  const { store, controller, read } = setUp()
  await controller.prepare({ ...model, label: 'page' }, data)
  store.note('The next run begins from “page”.')
  const untouched = { id: 'u', runId: BASE, step: 0 } as GenerationRow
  store.addGenerations([untouched])
  void controller.stored.show('a')
  await read('a')
  store.addGenerations([{ ...untouched, id: 'r', runId: 'a', step: 9 }])
  expect(store.state.generations.map((row) => row.model)).toEqual(['page', 'm'])
  expect(store.state).toMatchObject({ runModel: 'm', runData: 'd', notes: ['The next run begins from “page”.'] })
  void controller.resume('a')
  await settle()
  expect(store.state).toMatchObject({ model: { label: 'm' }, notes: [], generations: [{ id: 'r' }] })
})
