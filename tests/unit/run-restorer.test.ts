// What the page says where its storage cannot be opened; that a run removed here is neither listed nor missed later, one
// removed elsewhere is told of, and one of another tab can go on once that tab is gone.

import { beforeEach, expect, test, vi } from 'vitest'
import { demo } from '../../src/recipe/presets'
import { FinetaleError } from '../../src/recipe/error'
import type { ControllerParts } from '../../src/state/controllerParts'
import { knownRuns, rememberRuns } from '../../src/state/knownRuns'
import { RunController } from '../../src/state/runController'
import { RunRestorer } from '../../src/state/runRestorer'
import { RunStore } from '../../src/state/runStore'
import type { LibraryRun } from '../../src/state/storeState'
import type { Database } from '../../src/state/storedRuns'

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  })
})

function setUp(openDatabase: () => Promise<Database>) {
  const store = new RunStore((notify) => notify())
  const runsRemoved = vi.fn(() => Promise.resolve())
  const trainer = { call: () => Promise.resolve() }
  const parts = { store, trainer, openDatabase, runsRemoved, say: (key: string) => key } as unknown as ControllerParts
  return { store, parts, runsRemoved, controller: new RunController(parts, { recipe: demo(), generation: {} }) }
}

test.each([
  ['a newer version', new FinetaleError('A newer version.', 'Reload.'), ['A newer version. Reload.']],
  ['no storage at all', new FinetaleError('Nothing.', 'Leave.', { code: 'no-storage' }), ['warnNoStorage']],
])('at load, %s is told', async (_what, refusal, notes) => {
  const { store, controller } = setUp(() => Promise.reject(refusal))
  await controller.stored.restore()
  expect(store.state).toMatchObject({ notes, storage: 'none' })
})

test('a tab that blocks the database is not told here, and is no lack of storage', async () => {
  const blocked = new FinetaleError('Blocked.', 'Close.', { code: 'blocked' })
  const { store, controller } = setUp(() => Promise.reject(blocked))
  await controller.stored.restore()
  expect(store.state).toMatchObject({ notes: [], storage: 'works' })
})

test('a run that is stopped and discarded leaves the list and what the page remembers; a saved one stays', async () => {
  const { store, runsRemoved, controller } = setUp(() => Promise.reject(new Error('no database in this test')))
  const known = ['a', 'b'].map((id) => ({ id, name: id }))
  rememberRuns(known)
  store.beginRun({ id: 'a', name: 'a', recipe: demo(), totalSteps: 3, phase: 'training' })
  await controller.stop('save')
  expect(knownRuns()).toEqual(known)
  expect(runsRemoved).not.toHaveBeenCalled()
  await controller.stop('discard')
  expect(knownRuns()).toEqual([{ id: 'b', name: 'b' }])
  expect(runsRemoved).toHaveBeenCalledTimes(1)
  expect(store.state.runId).toBe('')
})

test('a run that another tab has deleted is told of, and leaves the page', async () => {
  const empty = { get: async () => undefined, getAll: async () => [] } as unknown as Database
  const { store, runsRemoved, controller } = setUp(() => Promise.resolve(empty))
  store.beginRun({ id: 'a', name: 'a', recipe: demo(), totalSteps: 3, phase: 'training' })
  store.update({ watching: 'a', interrupted: [{ id: 'a' } as never] })
  await expect(controller.stored.show('a')).rejects.toThrow('no longer stored')
  expect(store.state).toMatchObject({ runId: '', watching: '', phase: 'idle', interrupted: [] })
  expect(runsRemoved).toHaveBeenCalledTimes(1)
})

test('a run of another tab can go on here once that tab is gone: one wait for each, none for our own', async () => {
  const theirs = { id: 'theirs', state: 'running', step: 4, currentCheckpoint: '', updatedAt: 1 }
  const db = { getAll: async () => [theirs], getAllFromIndex: async () => [] } as unknown as Database
  const lock = { name: 'finetale-run-theirs', mode: 'exclusive' }
  let letGo: () => void = () => undefined
  const request = vi.fn(() => new Promise<void>((resolve) => (letGo = resolve)))
  vi.stubGlobal('navigator', { locks: { request, query: async () => ({ held: [lock] }) } })
  const { store, parts, runsRemoved } = setUp(() => Promise.reject(new Error('not this one')))
  const restorer = new RunRestorer({ ...parts, openDatabase: () => Promise.resolve(db) }, () => 'ours')
  const list = () => {
    const runs = [theirs, { id: 'ours', state: 'running' }, { id: 'done', state: 'finished' }]
    store.update({ library: runs as unknown as LibraryRun[] })
  }
  await restorer.findInterrupted()
  expect(store.state.interrupted).toEqual([])
  list()
  request.mockClear()
  list()
  expect(request).not.toHaveBeenCalled()
  // A third tab waits too: for a moment it has the lock, and does not own the run.
  lock.mode = 'shared'
  letGo()
  await vi.waitFor(() => expect(runsRemoved).toHaveBeenCalledTimes(1))
  expect(store.state.interrupted).toMatchObject([{ id: 'theirs', step: 4, saved: null }])
  list()
  expect(request.mock.calls).toContainEqual(['finetale-run-theirs', { mode: 'shared' }, expect.any(Function)])
})
