// Choices that come at a bad time: in the middle of a download, while they are still being read, when a run has begun. What is
// in use then, whether it can be trained, and what the page says.

import { describe, expect, test, vi } from 'vitest'
import { FinetaleError } from '../../src/recipe/error'
import { demo } from '../../src/recipe/presets'
import type { PickedFile } from '../../src/state/inputs'
import { presetChoices } from '../../src/state/presetSources'
import type { ModelSource } from '../../src/workers/protocol'
import { course, demoChoices, setUp } from '../support/sources'

describe('files chosen in the middle of a download', () => {
  const file = (path: string) => [{ path, file: new Blob(['x']) }]

  /** The course notebook chosen, its data set here, and its model on the way. */
  async function downloading() {
    const made = setUp({ fetchModel: () => new Promise(() => undefined) }, (data) => data?.label === 'bad.csv')
    await made.sources.open(course)
    void made.sources.hub.download()
    await vi.waitFor(() => expect(made.store.state.hub.model?.progress).not.toBeNull())
    return made
  }

  test('end it, and the other side can be downloaded again', async () => {
    const { store, sources, asked } = await downloading()
    await sources.useFiles('data', file('mine.csv'))
    expect(asked).toContain('cancel')
    expect(store.state).toMatchObject({ phase: 'idle', data: { label: 'mine.csv' }, error: null })
    expect(store.state.hub.data).toBeNull()
    expect(store.state.hub.model).toMatchObject({ progress: null, error: null, fetched: false })
  })

  test('and are refused: no side is left as still on its way', async () => {
    const { store, sources } = await downloading()
    await sources.useFiles('data', file('bad.csv'))
    expect(store.state).toMatchObject({ phase: 'idle', error: { message: 'refused' } })
    expect(store.state.hub.data).toMatchObject({ fetched: true, progress: null })
    expect(store.state.hub.model).toMatchObject({ progress: null, error: { code: 'cancelled' } })
  })
})

test('columns that are refused take nothing from a model that has come meanwhile', async () => {
  const { store, sources } = setUp({ fetchModel: () => new Promise(() => undefined) }, (data) => {
    const mapped = data?.mapping !== undefined
    if (mapped) store.updateHub('model', { progress: null, fetched: true })
    return mapped
  })
  await sources.open(course)
  void sources.hub.download()
  await vi.waitFor(() => expect(store.state.hub.model?.progress).not.toBeNull())
  await sources.mapColumns({ text: 'a', target: '' })
  expect(store.state.error?.message).toBe('refused')
  expect(store.state.hub.model).toMatchObject({ progress: null, fetched: true })
})

describe('a choice that is still being read', () => {
  const zip = [{ path: 'tales.zip', file: new Blob(['x']) }]

  /** The page ready, and a zip of data chosen that is read when it is told to. */
  async function reading() {
    let read: (files: PickedFile[]) => void = () => undefined
    let fail: (error: unknown) => void = () => undefined
    const unpack = () =>
      new Promise<PickedFile[]>((resolve, reject) => {
        read = resolve
        fail = reject
      })
    const made = setUp({}, (data) => data?.label === 'bad.csv', unpack)
    await made.sources.open(demoChoices)
    expect(made.store.state.ready).toBe(true)
    const chosen = made.sources.useFiles('data', zip)
    return { ...made, chosen, read: (path: string) => read([{ path, file: new Blob(['x']) }]), fail: () => fail(new FinetaleError('broken', 'a')) } // prettier-ignore
  }

  test('keeps the page from being ready until it is in use', async () => {
    const { store, chosen, read } = await reading()
    expect(store.state).toMatchObject({ ready: false, data: { label: 'backstories.jsonl' } })
    read('tales.csv')
    await chosen
    expect(store.state).toMatchObject({ ready: true, data: { label: 'tales.csv' } })
  })

  test('also where other inputs were loaded meanwhile', async () => {
    const { store, sources, chosen, read } = await reading()
    await sources.choose({ model: { kind: 'files', label: 'own', files: {} } })
    expect(store.state).toMatchObject({ ready: false, model: { label: 'own' } })
    read('tales.csv')
    await chosen
    expect(store.state).toMatchObject({ ready: true, model: { label: 'own' }, data: { label: 'tales.csv' } })
  })

  test('and is broken: what was ready is ready again', async () => {
    const { store, chosen, fail, prepared } = await reading()
    fail()
    await chosen
    expect(store.state).toMatchObject({ ready: true, error: { message: 'broken' } })
    expect(prepared.length).toBe(1)
  })

  test('and is refused: what was ready is ready again', async () => {
    const { store, chosen, read } = await reading()
    read('bad.csv')
    await chosen
    expect(store.state).toMatchObject({
      ready: true,
      data: { label: 'backstories.jsonl' },
      error: { message: 'refused' },
    })
  })

  test('and comes when a run has begun: the page says that it was not taken', async () => {
    const { store, chosen, read, prepared } = await reading()
    store.beginRun({ id: 'a', name: 'a', recipe: demo(), totalSteps: 3, phase: 'loading' })
    read('tales.csv')
    await chosen
    expect(store.state.data?.label).toBe('backstories.jsonl')
    expect(store.state.notes).toEqual(['noteNotTaken tales.csv'])
    expect(prepared.length).toBe(1)
  })

  test('is a run’s weights too, which nothing is ready before', async () => {
    const { store, sources } = setUp()
    await sources.open(demoChoices)
    let read: (model: ModelSource) => void = () => undefined
    const chosen = sources.choose({ model: new Promise<ModelSource>((resolve) => (read = resolve)) })
    expect(store.state.ready).toBe(false)
    read({ kind: 'files', label: 'trained', files: {} })
    expect(await chosen).toBe(true)
    expect(store.state).toMatchObject({ ready: true, model: { label: 'trained' } })
  })
})

test('a smaller model comes from the same hub, and the data set stays', async () => {
  const { store, sources } = setUp()
  const mirror = 'https://mirror.example/'
  await sources.open(presetChoices('courseNotebook', 'https://example.org/', mirror))
  await sources.useFiles('data', [{ path: 'mine.csv', file: new Blob(['x']) }])
  await sources.chooseSmaller()
  expect(store.state.hub.model?.ref).toMatchObject({ base: mirror, repo: 'roneneldan/TinyStories-1M' })
  expect(store.state).toMatchObject({ data: { label: 'mine.csv' }, hub: { data: null } })
})
