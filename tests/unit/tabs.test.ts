// Who answers a tab that asks after a live run: its owner, also one that has watched another run before, and nobody else.

import { beforeEach, expect, test, vi } from 'vitest'
import { demo } from '../../src/recipe/presets'
import { RunStore } from '../../src/state/runStore'
import { Tabs, type LiveSnapshot } from '../../src/state/tabs'
import type { RunEvent, StepMetrics } from '../../src/workers/protocol'

let channels: FakeChannel[] = []

/** A channel that hands its messages on at once. */
class FakeChannel extends EventTarget {
  constructor() {
    super()
    channels.push(this)
  }

  postMessage(data: unknown): void {
    for (const other of channels) if (other !== this) other.dispatchEvent(new MessageEvent('message', { data }))
  }
}

beforeEach(() => {
  channels = []
  vi.stubGlobal('BroadcastChannel', FakeChannel)
  vi.stubGlobal('navigator', {})
})

const recipe = demo()
const started = (runId: string) => ({ kind: 'started', runId }) as RunEvent
const step = (runId: string, n: number): RunEvent => ({ kind: 'step', runId, metrics: { step: n } as StepMetrics })

function tab() {
  const store = new RunStore(() => undefined)
  const tabs = new Tabs(store)
  const show = (id: string, phase: 'training' | 'finished') =>
    store.beginRun({ id, name: id, recipe, totalSteps: 9, phase })
  const ask = (runId: string) => {
    const snapshots: LiveSnapshot[] = []
    tabs.watch(runId, 0, (snapshot) => snapshots.push(snapshot), () => undefined) // prettier-ignore
    return snapshots
  }
  return { store, tabs, show, ask }
}

test('the owner tells what it has not yet written', () => {
  const [owner, other] = [tab(), tab()]
  owner.show('a', 'training')
  owner.tabs.send(started('a'))
  owner.tabs.send(step('a', 1))
  expect(other.ask('a')).toMatchObject([{ runId: 'a', phase: 'training', steps: [{ step: 1 }] }])
})

test('a tab that only shows the run does not answer, with the numbers of a run of its own least of all', () => {
  const [shower, other] = [tab(), tab()]
  shower.show('b', 'training')
  shower.tabs.send(started('b'))
  shower.tabs.send(step('b', 7))
  shower.show('a', 'finished')
  expect(other.ask('a')).toEqual([])
  expect(other.ask('b')).toEqual([])
})

test('an owner that has watched another run before answers for its own', () => {
  const [owner, other] = [tab(), tab()]
  owner.show('a', 'training')
  owner.ask('a')
  owner.show('b', 'training')
  owner.tabs.send(started('b'))
  expect(other.ask('b')).toMatchObject([{ runId: 'b', steps: [] }])
})
