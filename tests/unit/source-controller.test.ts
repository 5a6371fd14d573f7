// Choosing and fetching inputs against a tokenizer worker of cardboard: what is asked of a hub and when, what cancel, a
// failure and a refused file leave behind, and where a token goes. Choices that come at a bad time: source-choice.test.ts.

import { describe, expect, test } from 'vitest'
import { demo } from '../../src/recipe/presets'
import type { GenerationSettings } from '../../src/recipe/recipe'
import { isActive } from '../../src/state/runStore'
import { missingSides } from '../../src/state/sources'
import { FinetaleError } from '../../src/recipe/error'
import { course, demoChoices, setUp } from '../support/sources'

describe('a preset from a hub', () => {
  test('asks for nothing until it is downloaded, then for the data first', async () => {
    const { store, sources, asked } = setUp()
    await sources.open(demoChoices)
    await sources.choose(course)
    expect(asked).toEqual([])
    expect(missingSides(store.state.hub)).toEqual(['data', 'model'])
    expect(store.state.ready).toBe(false)

    expect(await sources.hub.download()).toBe(true)
    expect(asked).toEqual(['data MohamedRashad/characters_backstories', 'model roneneldan/TinyStories-33M'])
    expect(store.state).toMatchObject({ ready: true, phase: 'idle', notes: ['renamed'] })
    expect(missingSides(store.state.hub)).toEqual([])
    expect(await sources.hub.download()).toBe(true)
    expect(asked.length).toBe(2)
  })

  test('is loaded at once when the browser keeps it', async () => {
    const { store, sources } = setUp({ cachedBytes: async () => 5 })
    await sources.open(course)
    expect(store.state.ready).toBe(true)
    expect(store.state.hub.model).toMatchObject({ fetched: true, cachedBytes: 5 })
  })

  test('the same choice again changes nothing', async () => {
    const { sources, prepared } = setUp()
    await sources.open(course)
    await sources.choose(course)
    expect(prepared.length).toBe(1)
  })
})

test('a failure stays with its side, and a retry goes on from there', async () => {
  let broken = true
  const { store, sources, asked } = setUp({
    fetchModel: async (ref) => {
      if (broken) throw new FinetaleError('no model', 'edit', { code: 'hub-missing' })
      return { source: { kind: 'files', label: ref.repo, files: {} }, notes: [] }
    },
  })
  await sources.open(course)
  expect(await sources.hub.download()).toBe(false)
  expect(store.state.hub.model?.error).toMatchObject({ code: 'hub-missing', message: 'no model' })
  expect(store.state.hub.data).toMatchObject({ fetched: true, error: null })
  expect(store.state).toMatchObject({ phase: 'idle', error: null })
  broken = false
  expect(await sources.hub.download()).toBe(true)
  expect(asked.filter((line) => line.startsWith('data')).length).toBe(1)
})

test('cancel ends the fetch, and what still arrives changes nothing', async () => {
  let arrive: () => void = () => undefined
  const { store, sources, asked } = setUp({
    fetchData: (ref) =>
      new Promise((resolve) => {
        arrive = () => resolve({ source: { kind: 'files', label: ref.repo, files: {} }, notes: [] })
      }),
  })
  await sources.open(course)
  const downloading = sources.hub.download()
  expect(store.state.phase).toBe('downloading')
  sources.hub.cancel()
  expect(store.state.phase).toBe('idle')
  expect(store.state.hub.data).toMatchObject({ progress: null, error: { code: 'cancelled' } })
  arrive()
  expect(await downloading).toBe(false)
  expect(asked).toEqual(['cancel'])
  expect(store.state.hub.data?.fetched).toBe(false)
})

test('files that are refused leave the ones before in use', async () => {
  const { store, sources } = setUp({}, (data) => data?.label === 'bad.csv')
  await sources.open(demoChoices)
  await sources.useFiles('data', [{ path: 'bad.csv', file: new Blob(['x']) }])
  expect(store.state.data?.label).toBe('backstories.jsonl')
  expect(store.state).toMatchObject({ ready: true, error: { message: 'refused' } })
})

test('files that are no part of the training data are named', async () => {
  const { store, sources, prepared } = setUp()
  await sources.open(demoChoices)
  const file = (path: string) => ({ path, file: new Blob([path]) })
  await sources.useFiles('data', [file('d/train.csv'), file('d/test.csv'), file('d/validation.csv')])
  expect(prepared.at(-1)).toMatch(/ train\.csv$/)
  expect(store.state.notes).toEqual(['noteTrainingPart train.csv,test.csv, validation.csv'])
})

test('a token goes to its own hub only', async () => {
  const { sources, asked } = setUp()
  await sources.open(course)
  sources.hub.setToken('https://elsewhere.example/', 'hf_secret')
  await sources.hub.download()
  expect(asked.join()).not.toContain('hf_secret')

  const ref = { kind: 'model', base: 'https://elsewhere.example/', repo: 'a/b', revision: 'main' } as const
  await sources.choose({ model: { kind: 'hub', ref } })
  await sources.hub.download()
  expect(asked.at(-1)).toBe('model a/b hf_secret')
})

test('what was removed has to be fetched again', async () => {
  const { store, sources } = setUp()
  await sources.open(course)
  await sources.hub.download()
  expect(await sources.hub.remove('model')).toBe(7)
  expect(missingSides(store.state.hub)).toEqual(['model'])
  expect(store.state.ready).toBe(false)
})

describe('beside a stored run', () => {
  const failed = { name: 'Error', message: 'It broke.', action: 'Go on.' }

  /** The course notebook chosen, and a stored run on the page; `arrive` lets the data set come. */
  async function withRun(phase: 'finished' | 'failed') {
    let arrive: () => void = () => undefined
    const made = setUp({
      fetchData: (ref) =>
        new Promise((resolve) => {
          arrive = () => resolve({ source: { kind: 'files', label: ref.repo, files: {} }, notes: [] })
        }),
    })
    const { store, sources } = made
    await sources.open(course)
    store.beginRun({ id: 'a', name: 'a', recipe: demo(), totalSteps: 3, phase })
    store.update({ detail: 'as it ended', error: phase === 'failed' ? failed : null })
    return { ...made, arrive: () => arrive() }
  }

  test('a download is no work of that run', async () => {
    const { store, sources, arrive } = await withRun('finished')
    const downloading = sources.hub.download()
    expect(store.state.phase).toBe('downloading')
    expect(isActive(store.state)).toBe(false)
    arrive()
    expect(await downloading).toBe(true)
    expect(store.state).toMatchObject({ runId: 'a', phase: 'finished', detail: 'as it ended', ready: true })
  })

  test('a failed run has still failed afterwards, and says why', async () => {
    const { store, sources, arrive } = await withRun('failed')
    const downloading = sources.hub.download()
    arrive()
    await downloading
    expect(store.state).toMatchObject({ phase: 'failed', error: failed })
  })

  test('nor does a download that is cancelled change how the run ended', async () => {
    const { store, sources } = await withRun('failed')
    void sources.hub.download()
    sources.hub.cancel()
    expect(store.state).toMatchObject({ phase: 'failed', detail: 'as it ended', error: failed })
  })

  test('a run that began meanwhile keeps its phase', async () => {
    const { store, sources, arrive } = await withRun('finished')
    const downloading = sources.hub.download()
    store.update({ phase: 'training' })
    arrive()
    await downloading
    expect(store.state.phase).toBe('training')
  })

  test('nothing is fetched while a run is at work', async () => {
    const { store, sources, asked } = await withRun('finished')
    store.update({ phase: 'training' })
    expect(await sources.hub.download()).toBe(false)
    expect(asked).toEqual([])
    expect(store.state.phase).toBe('training')
  })
})

test('inputs stay while a text is written from them', async () => {
  const { store, sources, prepared } = setUp()
  await sources.open(demoChoices)
  store.update({ writing: { prompt: 'Once', text: '', settings: {} as GenerationSettings } })
  expect(await sources.choose(course)).toBe(false)
  await sources.mapColumns({ text: 'a', target: '' })
  expect(prepared.length).toBe(1)
  expect(store.state.notes.length).toBe(1)
  store.update({ writing: null })
  expect(await sources.choose(course)).toBe(true)
})
