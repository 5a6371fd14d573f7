// The list of runs after the end of one: the worker lets go of the run's lock a moment after it has told the end.

import { expect, test, vi } from 'vitest'
import { LibraryController, type LibraryParts } from '../../src/state/libraryController'
import type { LibraryRun } from '../../src/state/storeState'
import { RunStore } from '../../src/state/runStore'

function controllerOf(states: readonly LibraryRun['state'][]) {
  const store = new RunStore((notify) => notify())
  const list = vi.fn(() => {
    const state = states[Math.min(list.mock.calls.length, states.length) - 1]
    return Promise.resolve([{ id: 'a', state } as LibraryRun])
  })
  const parts = { store, library: { list }, tabs: { send: () => undefined } } as unknown as LibraryParts
  return { controller: new LibraryController(parts), store, list }
}

test.each([
  ['ended', 'finished', 'finished'],
  ['been stopped', 'idle', 'stopped'],
] as const)('is read again until the run that has %s is let go', async (_how, phase, state) => {
  const { controller, store, list } = controllerOf(['running', 'running', state])
  controller.receive({ kind: 'phase', runId: 'a', phase, detail: '' })
  await vi.waitFor(() => expect(store.state.library[0]?.state).toBe(state), { timeout: 3000 })
  expect(list).toHaveBeenCalledTimes(3)
})

test('is read once after an event that ends nothing', async () => {
  const { controller, list } = controllerOf(['running'])
  controller.receive({ kind: 'checkpoint', runId: 'a', step: 1, bytes: 1, seconds: 1 })
  controller.receive({ kind: 'phase', runId: 'a', phase: 'training', detail: '' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(list).toHaveBeenCalledTimes(1)
})
