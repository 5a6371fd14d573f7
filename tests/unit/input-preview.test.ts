// One row as the model sees it, and how long rows are, against a tokenizer worker of cardboard that answers when it is
// told to: nothing is shown of inputs that are gone, of an older recipe, or through another model's tokenizer.

import { expect, test } from 'vitest'
import { demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import { FinetaleError } from '../../src/recipe/error'
import type { ControllerParts } from '../../src/state/controllerParts'
import { InputLoader } from '../../src/state/inputLoader'
import { InputPreview } from '../../src/state/inputPreview'
import { RunStore } from '../../src/state/runStore'
import { TextWriter } from '../../src/state/textWriter'
import type { DataSource, ModelSource, TokenizerApi, TrainerApi } from '../../src/workers/protocol'

const model: ModelSource = { kind: 'files', label: 'page', files: {} }
const other: ModelSource = { kind: 'files', label: 'run', files: {} }
const data: DataSource = { kind: 'files', label: 'rows', files: {} }
const recipe = demo()
const shorter: Recipe = { ...recipe, max_length: recipe.max_length / 2 }
const settle = () => new Promise((resolve) => setTimeout(resolve, 0))

interface Options {
  totalRows?: number
  live?: string
  broken?: boolean
}

function setUp({ totalRows = 5, live = '', broken = false }: Options = {}) {
  const store = new RunStore(() => undefined)
  let held = ''
  /** Answers the worker has still to give, oldest first. */
  const waiting: { fail: (error: unknown) => void; answer: () => void }[] = []
  const asked: string[] = []
  const later = <T>(value: T) =>
    new Promise<T>((resolve, reject) => waiting.push({ answer: () => resolve(value), fail: reject }))
  const tokenizerApi = {
    loadTokenizer: async ({ label }: ModelSource) => {
      held = label
      return {}
    },
    loadDataset: async () => {
      if (broken) throw new Error('no such file')
      return { totalRows }
    },
    viewRow: (row: number, by: Recipe) => {
      asked.push(`row ${row} ${by.max_length} ${held}`)
      return later({ kept: `${row} ${by.max_length} ${held}` })
    },
    statistics: (by: Recipe) => {
      asked.push(`count ${by.max_length} ${held}`)
      return later({ maxTokens: by.max_length })
    },
    encode: async () => Int32Array.of(1),
  }
  const trainerApi = {
    loadRun: async () => ({}),
    generate: () => later({ id: 'g', runId: 'a' }),
    stopGenerating: () => Promise.resolve(),
  }
  const client = <Api>(api: unknown) => ({ call: <T>(use: (api: Api) => Promise<T>) => use(api as Api) })
  const tokenizer = client<TokenizerApi>(tokenizerApi)
  const inputs = new InputLoader(tokenizer as never, () => Promise.reject(new Error('no storage in this test')))
  inputs.started('a', { model: other, data })
  const parts = { store, inputs, tokenizer, trainer: client<TrainerApi>(trainerApi), say: String }
  const preview = new InputPreview(parts as unknown as ControllerParts, recipe, () => live)
  const text = new TextWriter(parts as unknown as ControllerParts)
  const answer = async () => {
    waiting.shift()?.answer()
    await settle()
  }
  const fail = async (error: unknown) => {
    waiting.shift()?.fail(error)
    await settle()
  }
  /** Inputs loaded, and their first row shown. */
  const open = async () => {
    const opened = preview.prepare(model, data)
    await settle()
    await answer()
    await opened
    asked.length = 0
  }
  return { store, preview, text, inputs, asked, open, answer, fail }
}

test('a row that comes when its inputs are gone is not shown, nor is what was wrong with it', async () => {
  const { store, preview, open, answer, fail } = setUp()
  await open()
  void preview.viewRow(2, recipe)
  void preview.prepare(null, null)
  await answer()
  expect(store.state).toMatchObject({ rowView: null, rowIndex: 0 })

  await open()
  void preview.viewRow(2, recipe)
  void preview.prepare(null, null)
  await fail(new Error('gone'))
  expect(store.state).toMatchObject({ rowView: null, error: null })
})

test('of two recipes the later one shows, whichever is answered last', async () => {
  const { store, preview, open, answer } = setUp()
  await open()
  const first = preview.viewRow(0, { ...recipe })
  void preview.viewRow(0, shorter)
  await answer()
  expect(store.state.rowView?.kept).toBe(`0 ${recipe.max_length} page`)
  await first
  await answer()
  expect(store.state.rowView?.kept).toBe(`0 ${shorter.max_length} page`)
})

test('a recipe edited before the inputs came is the one their first row is cut by', async () => {
  const { store, preview, asked, answer } = setUp()
  await preview.viewRow(0, shorter)
  expect(asked).toEqual([])
  void preview.prepare(model, data)
  await settle()
  await answer()
  expect(store.state.rowView?.kept).toBe(`0 ${shorter.max_length} page`)
})

test('while the columns are not known no row is asked for', async () => {
  const { store, preview, asked } = setUp({ totalRows: 0 })
  await preview.prepare(model, data)
  await preview.viewRow(0, shorter)
  expect(asked).toEqual([])
  expect(store.state.error).toBeNull()
})

test('inputs that cannot be loaded are known as refused, until others are chosen', async () => {
  const { store, preview, answer } = setUp({ broken: true })
  expect(await preview.prepare(model, data)).toBe(false)
  expect(store.state).toMatchObject({ ready: false, refused: true, error: { message: 'no such file' } })
  const prepared = preview.prepare(model, null)
  expect(store.state.refused).toBe(false)
  await answer()
  expect(await prepared).toBe(true)
})

test('notes on inputs go when others are in use, not when these come or are read otherwise', async () => {
  const { store, preview } = setUp({ totalRows: 0 })
  store.note('of the link')
  store.note('of the storage', true)
  await preview.prepare(null, null)
  await preview.prepare(model, data)
  expect(store.state.notes.length).toBe(2)
  store.note('of the data')
  await preview.prepare(model, { ...data, mapping: {} as never })
  expect(store.state.notes.length).toBe(3)
  await preview.prepare({ ...other, files: {} }, data)
  expect(store.state.notes).toEqual(['of the storage'])
})

test('lengths are counted again where the recipe has changed meanwhile', async () => {
  const { store, preview, asked, open, answer } = setUp()
  await open()
  void preview.count(recipe)
  await settle()
  void preview.viewRow(0, shorter)
  await answer()
  expect(store.state.statistics).toBeNull()
  await answer()
  await answer()
  expect(store.state.statistics?.maxTokens).toBe(shorter.max_length)
  expect(asked.filter((line) => line.startsWith('count')).length).toBe(2)
})

test('a count that is broken off is begun again for inputs that are still the page’s, and for no others', async () => {
  const { store, preview, asked, open, answer, fail } = setUp()
  const cancelled = new FinetaleError('Not to the end.', 'Ask again.', { code: 'cancelled' })
  await open()
  void preview.count(recipe)
  await settle()
  await fail(cancelled)
  await answer()
  expect(store.state.statistics?.maxTokens).toBe(recipe.max_length)
  void preview.count(recipe)
  await settle()
  void preview.prepare(null, null)
  await fail(cancelled)
  expect(asked.length).toBe(3)
  expect(store.state.error).toBeNull()
})

test('after a text of a stored run the rows are read by the page’s own tokenizer', async () => {
  const { store, preview, text, asked, open, answer } = setUp()
  await open()
  store.beginRun({ id: 'a', name: 'a', recipe, totalSteps: 1, phase: 'finished' })
  void text.generate('Once', {} as never, 'run')
  await settle()
  // The run's tokenizer stays while the text is written.
  void preview.viewRow(2, recipe)
  await settle()
  expect(asked).toEqual([])
  await answer()
  await answer()
  expect(store.state.generations.length).toBe(1)
  expect(store.state.rowView?.kept).toBe(`2 ${recipe.max_length} page`)
  void preview.count(recipe)
  await settle()
  expect(asked.at(-1)).toBe(`count ${recipe.max_length} page`)
})

test('under a live run no row brings in another tokenizer', async () => {
  const { store, preview, inputs, asked } = setUp({ live: 'a' })
  void inputs.with(other, data, () => new Promise(() => undefined))
  store.update({ model, data, preview: { totalRows: 5 } as never })
  await settle()
  void preview.viewRow(2, recipe)
  await settle()
  expect(asked).toEqual([`row 2 ${recipe.max_length} run`])
})

test('Stop while the weights are still loading: the text is not begun', async () => {
  const { store, text, open } = setUp()
  await open()
  store.beginRun({ id: 'a', name: 'a', recipe, totalSteps: 1, phase: 'finished' })
  const written = text.generate('Once', {} as never, 'run')
  void text.stop()
  expect(await written).toBeNull()
  expect(store.state.generations).toEqual([])
  expect(store.state.writing).toBeNull()
})

test('a text is not added to a page that has moved on to another run or model', async () => {
  const { store, text, open, answer } = setUp()
  await open()
  for (const moveOn of [() => store.clearRun(), () => store.update({ model: other })]) {
    store.beginRun({ id: 'a', name: 'a', recipe, totalSteps: 1, phase: 'finished' })
    const written = text.generate('Once', {} as never, 'run')
    await settle()
    moveOn()
    await answer()
    expect(await written).toBeNull()
    expect(store.state.generations).toEqual([])
    expect(store.state.writing).toBeNull()
  }
})
