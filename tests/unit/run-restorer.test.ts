// What the page says where its storage cannot be opened, and that a run removed here is neither listed nor missed later.

import { beforeEach, expect, test, vi } from 'vitest'
import { demo } from '../../src/recipe/presets'
import { FinetaleError } from '../../src/recipe/error'
import type { ControllerParts } from '../../src/state/controllerParts'
import { knownRuns, rememberRuns } from '../../src/state/knownRuns'
import { RunController } from '../../src/state/runController'
import { RunStore } from '../../src/state/runStore'
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
  const store = new RunStore(() => undefined)
  const runsRemoved = vi.fn(() => Promise.resolve())
  const trainer = { call: () => Promise.resolve() }
  const parts = { store, trainer, openDatabase, runsRemoved, say: (key: string) => key } as unknown as ControllerParts
  return { store, runsRemoved, controller: new RunController(parts, { recipe: demo(), generation: {} }) }
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
