// Checkpoints of whole runs of M0: when they are taken, and exact resume from each. What a run does when one fails:
// checkpoints-fail.test.ts.

import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import type { Recipe } from '../../src/recipe/recipe'
import { listCheckpoints } from '../../src/storage/checkpointCare'
import { readCheckpoint } from '../../src/storage/checkpoints'
import { readEvals, readSteps } from '../../src/storage/metrics'
import { getRun, updateRun } from '../../src/storage/runs'
import { freshSession, hear, ofKind, poll, request, resume, saved, session, warnings } from '../support/sessionRuns'

let db: Database

beforeAll(async () => {
  db = await openFinetaleDB()
})

beforeEach(freshSession)

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** What of a run's history must be the same to the last bit: all but clocks and what other runs hold. */
async function historyOf(runId: string) {
  const steps = (await readSteps(db, runId)).map(({ seconds: _s, at: _a, heapBytes: _h, tensors: _t, ...row }) => row)
  const evals = (await readEvals(db, runId)).map(({ runtime: _r, at: _a, ...row }) => row)
  const texts = (await db.getAllFromIndex('generations', 'runId', runId)).map(({ step, generation: text }) => [
    step,
    text,
  ])
  return { steps, evals, texts: texts.sort() }
}

async function finalTensors(runId: string) {
  const manifest = (await listCheckpoints(db, runId)).at(-1)!
  const tensors = []
  for await (const tensor of readCheckpoint(db, manifest)) tensors.push(tensor)
  const { logSeconds: _, ...cursor } = manifest.cursor
  return { cursor, tensors }
}

/** Two epochs of three steps: a window of two batches and a short one, decay, warm-up, evaluation, logs every two steps. */
const everything: Partial<Recipe> = {
  ...{ optim: 'adamw_hf', weight_decay: 0.01, gradient_accumulation_steps: 2, num_train_epochs: 2, warmup_steps: 2 },
  ...{ logging_steps: 2, eval_strategy: 'steps', eval_steps: 2, order_rule: 'dataloader', lr_scheduler_type: 'cosine' },
}

describe('resume', () => {
  test('from every step: rows, evaluations, texts, weights and moments equal the uninterrupted run’s', async () => {
    const whole = request(everything)
    await session.start(whole)
    const history = await historyOf(whole.runId)
    const final = await finalTensors(whole.runId)
    expect(final.cursor.step).toBe(6)
    expect(history.steps.map(({ step }) => step)).toEqual([2, 4, 6])
    expect(history.evals.map(({ step }) => step)).toEqual([0, 2, 4, 6])
    for (const cut of [1, 2, 3, 4, 5]) {
      const run = request(everything)
      freshSession()
      hear(({ kind }) => void (kind === 'started' && session.pause()))
      const training = session.start(run)
      for (let step = 0; step <= cut; step++) {
        await poll(() =>
          ofKind('phase').some(({ phase, detail }) => phase === 'paused' && detail === `step ${step}`),
        ).toBe(true)
        if (step < cut) await session.stepOnce()
      }
      await session.stop('save')
      await training
      freshSession()
      await resume(run.runId)
      expect(ofKind('started')[0]!.fromStep, `cut at ${cut}`).toBe(cut)
      expect(await historyOf(run.runId), `cut at ${cut}`).toEqual(history)
      expect(await finalTensors(run.runId), `cut at ${cut}`).toEqual(final)
    }
  })

  test('a run that died before its first step is begun again from its checkpoint of step 0', async () => {
    const whole = request({ max_steps: 3 })
    await session.start(whole)
    const history = await historyOf(whole.runId)
    const run = request({ max_steps: 3 })
    freshSession()
    await session.start({ ...run, recipe: { ...run.recipe, max_steps: 3 } })
    const [first] = await listCheckpoints(db, run.runId)
    expect(first!.cursor.step).toBe(0)
    // The moments are zeros, stored once.
    expect(first!.bytes).toBeLessThan(0.7 * (await listCheckpoints(db, run.runId)).at(-1)!.bytes)
    await updateRun(db, run.runId, { state: 'running', step: 2, currentCheckpoint: first!.id })
    freshSession()
    await resume(run.runId)
    expect(ofKind('started')[0]!.fromStep).toBe(0)
    expect(await historyOf(run.runId)).toEqual(history)
  })

  test('a damaged checkpoint is passed over for the one before it, and that is said', async () => {
    const run = request({ max_steps: 4, save_steps: 2 })
    await session.start(run)
    const history = await historyOf(run.runId)
    const last = (await listCheckpoints(db, run.runId)).at(-1)!
    await db.put('parts', new Blob([new Uint8Array(last.parts[1]!.byteLength)]), last.parts[1]!.key)
    freshSession()
    await resume(run.runId)
    expect(ofKind('started')[0]!.fromStep).toBe(2)
    expect(warnings().join()).toMatch(/damaged: part 2 of 3/)
    expect(await historyOf(run.runId)).toEqual(history)
  })

  test('one that the browser has cleared is named as such', async () => {
    const run = request({ max_steps: 2 })
    await session.start(run)
    for (const { id } of await listCheckpoints(db, run.runId)) await db.delete('checkpoints', id)
    freshSession()
    await expect(resume(run.runId)).rejects.toThrow(/gone: the browser may have cleared/)
  })

  test('on other kernels it goes on, with a notice and a mark', async () => {
    const run = request({ max_steps: 4 })
    hear((event) => {
      if (event.kind === 'step' && event.metrics.step === 2) void session.stop('save')
    })
    await session.start(run)
    const { environment } = (await getRun(db, run.runId))!
    await updateRun(db, run.runId, { environment: { ...environment, flavour: 'other' } })
    freshSession()
    await resume(run.runId)
    expect(warnings().filter((message) => message.includes('instead of other'))).toHaveLength(1)
    const record = (await getRun(db, run.runId))!
    expect(record.changes).toMatchObject([{ step: 2, what: 'flavour', from: 'other', to: environment.flavour }])
    expect(record.environment.flavour).toBe(environment.flavour)
    expect(ofKind('started')[0]!.changes).toEqual(record.changes)
    expect(record.step).toBe(4)
  })
})

describe('when', () => {
  test('every so many minutes, whatever the steps', async () => {
    await session.start(request({ max_steps: 3, save_minutes: 1e-7 }))
    expect(saved()).toEqual([0, 1, 2, 3])
    freshSession()
    await session.start(request({ max_steps: 3, save_minutes: 60 }))
    expect(saved()).toEqual([0, 3])
  })

  test('every so many steps, while training goes on; the event comes when it is stored', async () => {
    const run = request({ max_steps: 6, save_steps: 2 })
    const early: Promise<boolean>[] = []
    hear((event) => {
      if (event.kind !== 'checkpoint') return
      early.push(listCheckpoints(db, run.runId).then((all) => all.some(({ cursor }) => cursor.step === event.step)))
    })
    await session.start(run)
    expect(saved()).toEqual([0, 2, 4, 6])
    expect((await Promise.all(early)).every(Boolean)).toBe(true)
    for (const { seconds, stallSeconds } of ofKind('checkpoint')) expect(stallSeconds).toBeLessThanOrEqual(seconds)
  })
})
