// The store: which events it takes, what a resume truncates, how often listeners hear, and the columns beneath.

import { describe, expect, test } from 'vitest'
import { demo } from '../../src/recipe/presets'
import { Column, StepColumns } from '../../src/state/columns'
import { median, plannedSteps, speed } from '../../src/state/estimate'
import { BASE, resumable, RunStore } from '../../src/state/runStore'
import type { GenerationRow, RunEvent, StepMetrics } from '../../src/workers/protocol'

function metrics(step: number): StepMetrics {
  const shared = { epoch: 0, learning_rate: 1e-3, grad_norm: 1, seconds: 2, tokens: 100, heapBytes: 1, tensors: 1 }
  return { step, loss: 10 - step, at: 0, ...shared }
}

function generation(runId: string, step: number): GenerationRow {
  const text = { words: 1, uniqueWords: 1, distinct2: 1, longestRepeat: '' }
  const settings = { do_sample: true, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 5, seed: 1 }
  const shared = { prompt: 'p', generation: 'g', milliseconds: 1, tokens: 1, ended: 'length', at: 0 } as const
  return { id: `${runId}-${step}`, runId, step, settings, metrics: text, ...shared }
}

function storeWithRun() {
  const store = new RunStore(() => {})
  store.beginRun({ id: 'a', name: 'A', recipe: demo(), totalSteps: 60, phase: 'loading' })
  return store
}

const started: RunEvent = {
  kind: 'started',
  runId: 'a',
  totalSteps: 60,
  stepsPerEpoch: 30,
  parameters: 1,
  environment: { threads: 1, isolated: false, flavour: 'tfjs', userAgent: '' },
  fromStep: 2,
}

describe('RunStore', () => {
  test('late events of another run change nothing', () => {
    const store = storeWithRun()
    const before = store.state
    expect(store.apply({ kind: 'step', runId: 'b', metrics: metrics(1) })).toBe(false)
    expect(store.apply({ kind: 'phase', runId: BASE, phase: 'failed', detail: '' })).toBe(false)
    expect(store.state).toBe(before)
    expect(store.steps.length).toBe(0)
  })

  test('a resume truncates what lies after its checkpoint', () => {
    const store = storeWithRun()
    for (const step of [1, 2, 3, 4]) store.apply({ kind: 'step', runId: 'a', metrics: metrics(step) })
    for (const step of [0, 2, 4]) store.apply({ kind: 'generation', runId: 'a', row: generation('a', step) })
    store.apply({ kind: 'generation', runId: BASE, row: generation(BASE, 0) })
    store.apply(started)
    expect(Array.from(store.steps.step.view())).toEqual([1, 2])
    expect(store.state.latest).toBeNull()
    expect(store.state.generations.map((row) => row.id)).toEqual(['a-0', 'a-2', 'base-0'])
  })

  test('what a resumed run would go back to is where it was resumed, until it has saved', () => {
    const store = storeWithRun()
    store.apply({ ...started, fromStep: 0 })
    expect(resumable(store.state)).toBeNull()
    store.apply({ kind: 'checkpoint', runId: 'a', step: 4, bytes: 1, seconds: 1 })
    expect(resumable(store.state)?.step).toBe(4)
    // The checkpoint of step 4 was damaged, and the trainer took the one before it.
    store.apply({ ...started, resumes: [{ step: 2, at: 0 }] })
    expect(resumable(store.state)?.step).toBe(2)
    store.apply({ kind: 'checkpoint', runId: 'a', step: 3, bytes: 1, seconds: 1 })
    expect(resumable(store.state)?.step).toBe(3)
    store.beginRun({ id: 'b', name: 'B', recipe: demo(), totalSteps: 1, phase: 'loading' })
    expect(resumable(store.state)).toBeNull()
  })

  test('another run keeps the rows of the untouched model only', () => {
    const store = storeWithRun()
    store.addGenerations([generation('a', 1), generation(BASE, 0), generation(BASE, 0)])
    store.beginRun({ id: 'b', name: 'B', recipe: demo(), totalSteps: 1, phase: 'loading' })
    expect(store.state.generations.map((row) => row.id)).toEqual(['base-0'])
    store.clearRun(true)
    expect(store.state.generations).toEqual([])
  })

  test('listeners hear once per frame, however many events came', () => {
    const frames: (() => void)[] = []
    const store = new RunStore((notify) => frames.push(notify))
    let heard = 0
    const end = store.subscribe(() => heard++)
    store.warn('one')
    store.warn('one')
    store.note('two')
    expect(frames).toHaveLength(1)
    frames[0]?.()
    store.update({ detail: 'x' })
    expect(frames).toHaveLength(2)
    end()
    frames[1]?.()
    expect(heard).toBe(1)
    expect(store.state.warnings).toEqual(['one'])
  })
})

describe('columns', () => {
  test('grow past their first size and keep one view until they change', () => {
    const column = new Column()
    for (let i = 0; i < 1000; i++) column.push(i)
    expect(column.view()).toBe(column.view())
    expect(column.view().at(-1)).toBe(999)
    column.truncate(3)
    expect(Array.from(column.view())).toEqual([0, 1, 2])
  })

  test('a step seen again replaces what came after it', () => {
    const columns = new StepColumns([1, 2, 3].map(metrics))
    columns.push({ ...metrics(2), loss: 5 })
    expect(Array.from(columns.step.view())).toEqual([1, 2])
    expect(Array.from(columns.column('loss'))).toEqual([9, 5])
  })
})

describe('estimates', () => {
  test('the time left is the median step times the steps left, shown after three', () => {
    expect(median([3, 1, 2, 10])).toBe(2.5)
    const tokens = new Float64Array([10, 10, 10])
    expect(speed(new Float64Array([2, 2]), tokens.subarray(0, 2), 5)?.secondsLeft).toBeNull()
    expect(speed(new Float64Array([2, 90, 2]), tokens, 5)).toEqual({
      stepsPerSecond: 0.5,
      tokensPerSecond: 5,
      secondsLeft: 10,
    })
  })

  test('planned steps are those that the trainer makes: the notebook has 233', () => {
    const notebook = { ...demo(), max_steps: -1, test_size: 0.2, num_train_epochs: 1 }
    expect(plannedSteps(notebook, 2322)).toBe(233)
    expect(plannedSteps({ ...notebook, gradient_accumulation_steps: 4 }, 2322)).toBe(59)
    expect(plannedSteps(demo(), 330)).toBe(120)
  })
})
