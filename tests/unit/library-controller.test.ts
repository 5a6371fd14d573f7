// The list of runs after the end of one: the worker lets go of the run's lock a moment after it has told the end. What a
// zip of a run is called; and what is said of a run that could not be taken or shown.

import { expect, test, vi } from 'vitest'
import { LibraryController, type LibraryParts } from '../../src/state/libraryController'
import type { LibraryRun } from '../../src/state/storeState'
import { RunStore } from '../../src/state/runStore'
import type { Exported, ModelSource } from '../../src/workers/protocol'

function controllerOf(states: readonly LibraryRun['state'][], zip?: Exported, more: Partial<LibraryParts> = {}) {
  const store = new RunStore((notify) => notify())
  const list = vi.fn(() => {
    const state = states[Math.min(list.mock.calls.length, states.length) - 1]
    return Promise.resolve([{ id: 'a', name: 'My run', step: 9, state } as LibraryRun])
  })
  const modelOf = () => Promise.resolve({ parent: {} })
  const library = { list, modelOf, exportRun: () => Promise.resolve(zip), exportModel: () => Promise.resolve(zip) }
  const tabs = { send: () => undefined, watch: () => undefined }
  const parts = { store, library, tabs, say: (key: string) => key, ...more } as unknown as LibraryParts
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

test('a report that comes after the zip does not bring the export back', async () => {
  let report: (done: number, total: number) => void = () => undefined
  const exportRun = (_id: string, listener: typeof report) => {
    report = listener
    listener(1, 2)
    return Promise.resolve({ step: 4, content: new Blob() })
  }
  const library = { exportRun } as unknown as LibraryParts['library']
  const { controller, store } = controllerOf(['running'], undefined, { library })
  const zip = controller.export('a', 'run')
  expect(store.state.transfer?.share).toBe(0.5)
  await zip
  report(2, 2)
  expect(store.state.transfer).toBeNull()
})

test('a zip is named by the step of the checkpoint in it', async () => {
  const { controller } = controllerOf(['running'], { step: 4, content: new Blob() })
  await controller.refresh()
  expect((await controller.export('a', 'run')).name).toBe('My-run-run-step4.zip')
  expect((await controller.export('a', 'model')).name).toBe('My-run-model-step4.zip')
})

test.each([true, false])('that a run’s model is in use is said only where it is: %s', async (taken) => {
  const { controller, store } = controllerOf(['finished'], undefined, { useModel: () => Promise.resolve(taken) })
  await controller.fork('a')
  expect(store.state.notes).toEqual(taken ? ['runForked'] : [])
})

test('a run’s model is handed on before it has been read, so that nothing is trained without it', async () => {
  const useModel = vi.fn(async (model: Promise<ModelSource>) => (await model).label === 'trained')
  let read: (model: unknown) => void = () => undefined
  const library = { modelOf: () => new Promise((resolve) => (read = resolve)) } as unknown as LibraryParts['library']
  const { controller, store } = controllerOf(['finished'], undefined, { useModel, library })
  const forked = controller.fork('a')
  expect(useModel).toHaveBeenCalledOnce()
  read({ label: 'trained', parent: {} })
  await forked
  expect(store.state.notes).toEqual(['runForked'])
})

test('a run that could not be shown is not watched', async () => {
  const { controller, store } = controllerOf(['running'], undefined, { show: () => Promise.resolve() })
  await controller.watch('a')
  expect(store.state.watching).toBe('')
})
