// What the page does when it is hidden or left: saves whatever run is in memory, asks before a run at work is lost.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { demo } from '../../src/recipe/presets'
import { guardPage } from '../../src/state/pageGuards'
import { RunStore, type StoreState } from '../../src/state/runStore'
import type { RunPhase } from '../../src/workers/protocol'

let page: EventTarget
let view: EventTarget

beforeEach(() => {
  page = Object.assign(new EventTarget(), { hidden: true })
  view = new EventTarget()
  vi.stubGlobal('document', page)
  vi.stubGlobal('window', view)
  vi.stubGlobal('navigator', {})
})

afterEach(() => void vi.unstubAllGlobals())

function guarded(phase: RunPhase, change: Partial<StoreState> = {}) {
  const store = new RunStore((notify) => notify())
  const saveSoon = vi.fn(() => Promise.resolve())
  guardPage(store, saveSoon)
  store.beginRun({ id: 'a', name: 'A', recipe: demo(), totalSteps: 9, phase })
  store.update(change)
  const leaving = new Event('beforeunload', { cancelable: true })
  view.dispatchEvent(leaving)
  page.dispatchEvent(new Event('visibilitychange'))
  view.dispatchEvent(new Event('pagehide'))
  return { saves: saveSoon.mock.calls.length, asks: leaving.defaultPrevented }
}

const settings = { do_sample: false, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 5, seed: 1 }
const at = (step: number) => ({ step, loss: 1 }) as StoreState['latest']
const full = { storage: 'full', checkpoint: { step: 9, at: 0, bytes: 1 } } as const
const writing = { prompt: 'p', text: '', settings }

test.each<[string, RunPhase, Partial<StoreState>, { saves: number; asks: boolean }]>([
  ['a run that trains', 'training', {}, { saves: 2, asks: true }],
  ['one from which a text is being written', 'training', { writing }, { saves: 2, asks: true }],
  ['a paused one, which may have taken single steps', 'paused', {}, { saves: 2, asks: false }],
  ['a paused one that writes', 'paused', { writing }, { saves: 2, asks: false }],
  ['one that has ended', 'finished', { writing }, { saves: 0, asks: false }],
  ['one that has ended and found no room', 'finished', { storage: 'full', latest: at(9) }, { saves: 0, asks: true }],
  ['one that has ended, kept to its last step', 'finished', { ...full, latest: at(9) }, { saves: 0, asks: false }],
  ['a paused one where nothing is kept', 'paused', { storage: 'none', latest: at(3) }, { saves: 2, asks: true }],
  ['one of another tab', 'training', { watching: 'a' }, { saves: 0, asks: false }],
])('%s (%s)', (_what, phase, change, expected) => {
  expect(guarded(phase, change)).toEqual(expected)
})
