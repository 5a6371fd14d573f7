// What the page says of the browser's storage: lost runs by name, the answer about persistence once, a blocked database.

import { beforeEach, expect, test, vi } from 'vitest'
import { FinetaleError } from '../../src/recipe/error'
import { knownRuns, lostRuns, rememberRuns } from '../../src/state/knownRuns'
import { RunStore } from '../../src/state/runStore'
import { StorageWatch } from '../../src/state/storageWatch'
import type { Database } from '../../src/state/storedRuns'
import { spaceNeeded } from '../../src/storage/space'

let kept: Map<string, string>
let runs: { id: string; name: string }[]
const persist = vi.fn(() => Promise.resolve(persists))
let persists: boolean

const database = { getAll: () => Promise.resolve(runs) } as unknown as Database
const checkpoint = { kind: 'checkpoint', runId: 'a', step: 1, bytes: 1, seconds: 1 } as const

beforeEach(() => {
  persist.mockClear()
  kept = new Map()
  runs = []
  persists = false
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  })
  const storage = {
    persisted: () => Promise.resolve(false),
    persist,
    estimate: () => Promise.resolve({ usage: 5, quota: 10 }),
  }
  vi.stubGlobal('navigator', { storage })
})

function watch(openDatabase: () => Promise<Database> = () => Promise.resolve(database), opened = openDatabase) {
  const store = new RunStore((notify) => notify())
  const restore = vi.fn(() => Promise.resolve())
  const say = (key: string, values = {}) => `${key} ${JSON.stringify(values)}`
  return { store, restore, storage: new StorageWatch({ store, openDatabase, opened, restore, say }) }
}

test('runs that were stored at the last visit and are not now are named once', async () => {
  rememberRuns([
    { id: 'a', name: 'First' },
    { id: 'b', name: 'Second' },
  ])
  runs = [{ id: 'b', name: 'Second' }]
  const { store, storage } = watch()
  await storage.begin()
  expect(store.state.notes).toEqual(['noteRunsLost {"count":1,"names":"First"}'])
  expect(knownRuns()).toEqual(runs)
  const later = watch()
  await later.storage.begin()
  expect(later.store.state.notes).toEqual([])
})

test('a run that was deleted here is not missed', async () => {
  runs = [{ id: 'a', name: 'First' }]
  const { store, storage } = watch()
  await storage.begin()
  runs = []
  store.update({ library: [] })
  await vi.waitFor(() => expect(knownRuns()).toEqual([]))
  expect(lostRuns([])).toEqual([])
})

test('a list that is not one is no list', () => {
  for (const text of ['{', '7', '[1, {"id": 3}]']) {
    kept.set('finetale-known-runs', text)
    expect(knownRuns()).toEqual([])
  }
})

test.each([
  [true, 'noteKept {}'],
  [false, 'noteMayBeCleared {}'],
])('persistence is asked for at the first checkpoint, and its answer (%s) is told', async (answer, note) => {
  persists = answer
  const { store, storage } = watch()
  await storage.receive({ ...checkpoint, kind: 'warning', message: 'no' })
  expect(store.state.notes).toEqual([])
  await storage.receive(checkpoint)
  await storage.receive(checkpoint)
  expect(store.state.notes).toEqual([note])
  expect(persist).toHaveBeenCalledTimes(1)
  expect(store.state.space).toEqual({ usage: 5, quota: 10, persisted: false })
})

test('a tab that blocks the database is named until it lets go; then the runs are read', async () => {
  const blocked = () => Promise.reject(new FinetaleError('Blocked.', 'Close the other tab.', { code: 'blocked' }))
  let letGo: (db: Database) => void = () => {}
  const { store, restore, storage } = watch(blocked, () => new Promise((resolve) => (letGo = resolve)))
  const begun = storage.begin()
  await vi.waitFor(() => expect(store.state.notes).toEqual(['Blocked. Close the other tab.']))
  expect(restore).not.toHaveBeenCalled()
  letGo(database)
  await begun
  expect(restore).toHaveBeenCalledTimes(1)
  expect(store.state.notes).toEqual([])
})

test('a tab that gives way to a newer version: its note goes, and the reading of the runs tells the rest', async () => {
  const blocked = () => Promise.reject(new FinetaleError('Blocked.', 'Close the other tab.', { code: 'blocked' }))
  const newer = () => Promise.reject(new FinetaleError('A newer version.', 'Reload this tab.'))
  rememberRuns([{ id: 'a', name: 'First' }])
  const { store, restore, storage } = watch(blocked, newer)
  await storage.begin()
  expect(restore).toHaveBeenCalledTimes(1)
  expect(store.state.notes).toEqual([])
  expect(knownRuns()).toHaveLength(1)
})

test('the course model takes 822 MB a checkpoint, and four while one is written', () => {
  const { checkpoint: one, kept: three, peak } = spaceNeeded(68_514_816)
  expect([one, three, peak]).toEqual([822_177_792, 3 * 822_177_792, 4 * 822_177_792])
})
