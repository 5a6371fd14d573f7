// A trainer's session as a test drives it: runs of M0 on a few rows with IndexedDB, and the events that they tell.

import { expect } from 'vitest'
import type { Recipe } from '../../src/recipe/recipe'
import { TrainerSession } from '../../src/train/session'
import type { ModelSource, RunEvent, StartRequest } from '../../src/workers/protocol'
import { A, B, C, m0Files, S } from './m0'
import { datasetOf, testRecipe } from './training'

const generation = { do_sample: true, temperature: 1, top_k: 50, top_p: 0.9, max_new_tokens: 3, seed: 1 }
const prompts = [{ prompt: 'Once upon', ids: Int32Array.from(S.slice(0, 2)) }]
const dataset = datasetOf([A, B, C, S, A], [B, C])
let model: ModelSource | null = null

export let session: TrainerSession
export let events: RunEvent[] = []
let onEvent: (event: RunEvent) => void = () => {}

/** Takes a session of its own, as a freshly loaded page has; nobody hears its events until `hear` is called. */
export function freshSession(): void {
  session = new TrainerSession()
  const heard: RunEvent[] = (events = [])
  onEvent = () => {}
  const emit = (event: RunEvent) => {
    heard.push(event)
    onEvent(event)
  }
  void session.connect(emit, (ids) => Promise.resolve([...ids].join(' ')))
}

/** Calls `listener` at each event, at once. */
export function hear(listener: (event: RunEvent) => void): void {
  onEvent = listener
}

export function request(change: Partial<Recipe> = {}): StartRequest {
  model ??= { kind: 'files', label: 'M0', files: { ...m0Files(), 'tokenizer.json': new Blob(['{}']) } }
  return {
    ...{ runId: crypto.randomUUID(), name: 'test run', recipe: { ...testRecipe, ...change }, model, prompts },
    ...{ generation, dataset },
    data: { kind: 'files', label: 'rows.jsonl', files: { 'rows.jsonl': new Blob(['rows']) } },
  }
}

export const resume = (runId: string, more = {}) => session.resume({ runId, dataset, prompts, generation, ...more })
export const ofKind = <K extends RunEvent['kind']>(kind: K) =>
  events.filter((event): event is Extract<RunEvent, { kind: K }> => event.kind === kind)
export const saved = () => ofKind('checkpoint').map(({ step }) => step)
export const warnings = () => ofKind('warning').map(({ message }) => message)
/** Waits with patience: the machine may be busy. */
export const poll = <T>(look: () => T) => expect.poll(look, { timeout: 60_000 })
