// Checkpoints of whole runs of M0: when they are taken, exact resume from each, and what a run does when one fails.

import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { floatsOf } from '../../src/kernels/runtime'
import { GPTNeo } from '../../src/model/gptNeo'
import type { Recipe } from '../../src/recipe/recipe'
import { listCheckpoints } from '../../src/storage/checkpointCare'
import { readCheckpoint } from '../../src/storage/checkpoints'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import { readEvals, readSteps } from '../../src/storage/metrics'
import { getRun, updateRun } from '../../src/storage/runs'
import { TrainerSession } from '../../src/train/session'
import type { ModelSource, RunEvent, StartRequest } from '../../src/workers/protocol'
import { A, B, C, m0Files, S } from '../support/m0'
import { onPut, writeHere } from '../support/indexedDB'
import { datasetOf, testRecipe } from '../support/training'

const generation = { do_sample: true, temperature: 1, top_k: 50, top_p: 0.9, max_new_tokens: 3, seed: 1 }
const prompts = [{ prompt: 'Once upon', ids: Int32Array.from(S.slice(0, 2)) }]
const dataset = datasetOf([A, B, C, S, A], [B, C])
let model: ModelSource
let db: Database
let session: TrainerSession
let events: RunEvent[]
let onEvent: (event: RunEvent) => void

/** A session of its own, as a freshly loaded page has. */
function freshSession(): TrainerSession {
  const fresh = new TrainerSession()
  events = []
  onEvent = () => {}
  const emit = (event: RunEvent) => {
    events.push(event)
    onEvent(event)
  }
  void fresh.connect(emit, (ids) => Promise.resolve([...ids].join(' ')))
  return fresh
}

beforeAll(async () => {
  model = { kind: 'files', label: 'M0', files: { ...m0Files(), 'tokenizer.json': new Blob(['{}']) } }
  db = await openFinetaleDB()
})

beforeEach(() => {
  session = freshSession()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

function request(change: Partial<Recipe> = {}): StartRequest {
  return {
    ...{ runId: crypto.randomUUID(), name: 'test run', recipe: { ...testRecipe, ...change }, model, prompts },
    ...{ generation, dataset },
    data: { kind: 'files', label: 'rows.jsonl', files: { 'rows.jsonl': new Blob(['rows']) } },
  }
}

const ofKind = <K extends RunEvent['kind']>(kind: K) =>
  events.filter((event): event is Extract<RunEvent, { kind: K }> => event.kind === kind)
const saved = () => ofKind('checkpoint').map(({ step }) => step)
const warnings = () => ofKind('warning').map(({ message }) => message)
const poll = <T>(look: () => T) => expect.poll(look, { timeout: 60_000 })
const resume = (runId: string, more = {}) => session.resume({ runId, dataset, prompts, generation, ...more })

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
      session = freshSession()
      onEvent = ({ kind }) => void (kind === 'started' && session.pause())
      const training = session.start(run)
      for (let step = 0; step <= cut; step++) {
        await poll(() =>
          ofKind('phase').some(({ phase, detail }) => phase === 'paused' && detail === `step ${step}`),
        ).toBe(true)
        if (step < cut) await session.stepOnce()
      }
      await session.stop('save')
      await training
      session = freshSession()
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
    session = freshSession()
    await session.start({ ...run, recipe: { ...run.recipe, max_steps: 3 } })
    const [first] = await listCheckpoints(db, run.runId)
    expect(first!.cursor.step).toBe(0)
    // The moments are zeros, stored once.
    expect(first!.bytes).toBeLessThan(0.7 * (await listCheckpoints(db, run.runId)).at(-1)!.bytes)
    await updateRun(db, run.runId, { state: 'running', step: 2, currentCheckpoint: first!.id })
    session = freshSession()
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
    session = freshSession()
    await resume(run.runId)
    expect(ofKind('started')[0]!.fromStep).toBe(2)
    expect(warnings().join()).toMatch(/damaged: part 2 of 3/)
    expect(await historyOf(run.runId)).toEqual(history)
  })

  test('one that the browser has cleared is named as such', async () => {
    const run = request({ max_steps: 2 })
    await session.start(run)
    for (const { id } of await listCheckpoints(db, run.runId)) await db.delete('checkpoints', id)
    session = freshSession()
    await expect(resume(run.runId)).rejects.toThrow(/gone: the browser may have cleared/)
  })

  test('on other kernels it goes on, with a notice and a mark', async () => {
    const run = request({ max_steps: 4 })
    onEvent = (event) => {
      if (event.kind === 'step' && event.metrics.step === 2) void session.stop('save')
    }
    await session.start(run)
    const { environment } = (await getRun(db, run.runId))!
    await updateRun(db, run.runId, { environment: { ...environment, flavour: 'other' } })
    session = freshSession()
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
    session = freshSession()
    await session.start(request({ max_steps: 3, save_minutes: 60 }))
    expect(saved()).toEqual([0, 3])
  })

  test('every so many steps, while training goes on; the event comes when it is stored', async () => {
    const run = request({ max_steps: 6, save_steps: 2 })
    const early: Promise<boolean>[] = []
    onEvent = (event) => {
      if (event.kind !== 'checkpoint') return
      early.push(listCheckpoints(db, run.runId).then((all) => all.some(({ cursor }) => cursor.step === event.step)))
    }
    await session.start(run)
    expect(saved()).toEqual([0, 2, 4, 6])
    expect((await Promise.all(early)).every(Boolean)).toBe(true)
    for (const { seconds, stallSeconds } of ofKind('checkpoint')) expect(stallSeconds).toBeLessThanOrEqual(seconds)
  })
})

describe('failures', () => {
  test('a full disk in mid-save: the old checkpoint stays, training goes on, and the warning says why', async () => {
    writeHere()
    let parts = 0
    onPut(({ name }, _key, proceed) => {
      // The save at step 0 has two parts; the third of the next save fails.
      if (name === 'parts' && ++parts === 5) throw new DOMException('no room', 'QuotaExceededError')
      return proceed()
    })
    const run = request({ max_steps: 6, save_steps: 2 })
    await session.start(run)
    expect(saved()).toEqual([0, 4, 6])
    const [full] = ofKind('warning')
    expect(full).toMatchObject({ code: 'quota' })
    expect(full!.message).toMatch(/step 2 was not saved.*The one before it stays.*used up/)
    expect(ofKind('step')).toHaveLength(6)
    expect(await getRun(db, run.runId)).toMatchObject({ state: 'finished', step: 6 })
    const manifests = await listCheckpoints(db, run.runId)
    const keys = new Set(manifests.flatMap((manifest) => manifest.parts.map(({ key }) => key)))
    const stored = (await db.getAllKeys('parts')).filter((key) => manifests.some(({ id }) => key.startsWith(id)))
    expect(stored.sort()).toEqual([...keys].sort())
  })

  test('no database: the run is held in memory and says so', async () => {
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    db.close()
    db.dispatchEvent(new Event('close'))
    await session.start(request({ max_steps: 3, save_steps: 1 }))
    vi.restoreAllMocks()
    db = await openFinetaleDB()
    expect(ofKind('warning')[0]).toMatchObject({ code: 'no-storage' })
    expect(ofKind('step')).toHaveLength(3)
    expect(saved()).toEqual([])
    expect(ofKind('phase').at(-1)!.phase).toBe('finished')
  })

  test('weights that are not finite are neither saved nor trained on; the last good checkpoint stays current', async () => {
    const run = request({ max_steps: 30, save_steps: 2 })
    const original = Object.getOwnPropertyDescriptor(GPTNeo.prototype, 'lossAndGradients')!
    const lossAndGradients = original.value as GPTNeo['lossAndGradients']
    let step = 0
    vi.spyOn(GPTNeo.prototype, 'lossAndGradients').mockImplementation(function (this: GPTNeo, ...args) {
      // A position that no row reaches: the loss stays finite, the weights do not.
      if (++step === 4) floatsOf(this.params.find(({ name }) => name.includes('wpe'))!.value)[63 * 8] = NaN
      return lossAndGradients.apply(this, args)
    })
    const training = session.start(run)
    await poll(() => ofKind('warning').some(({ code }) => code === 'not-finite')).toBe(true)
    await poll(() => ofKind('phase').at(-1)?.phase).toBe('paused')
    await session.stop('save')
    await training
    expect(saved()).toEqual([0, 2])
    const [, second] = await listCheckpoints(db, run.runId)
    expect(second!.cursor.step).toBe(2)
    expect((await getRun(db, run.runId))!.currentCheckpoint).toBe(second!.id)
    expect(ofKind('step').every(({ metrics }) => Number.isFinite(metrics.loss))).toBe(true)
  })

  /** Gives a loss that is no number at these calls, counted from 1. */
  function spoilLosses(bad: (call: number) => boolean): void {
    const original = Object.getOwnPropertyDescriptor(GPTNeo.prototype, 'lossAndGradients')!
    const lossAndGradients = original.value as GPTNeo['lossAndGradients']
    let calls = 0
    vi.spyOn(GPTNeo.prototype, 'lossAndGradients').mockImplementation(function (this: GPTNeo, ...args) {
      const result = lossAndGradients.apply(this, args)
      return bad(++calls) ? { ...result, lossSum: NaN } : result
    })
  }

  test('three bad steps in a row pause also where several steps share a log line', async () => {
    spoilLosses((call) => call > 1)
    const training = session.start(request({ max_steps: 20, logging_steps: 2, eval_strategy: 'no' }))
    await poll(() => ofKind('phase').at(-1)?.phase).toBe('paused')
    expect(warnings().filter((message) => message.includes('was skipped'))).toHaveLength(3)
    await session.stop('save')
    await training
  })

  test('a single bad step at the end does not keep the run from its last checkpoint and texts', async () => {
    spoilLosses((call) => call === 5)
    const run = request({ max_steps: 5, save_steps: 100, eval_strategy: 'no' })
    await session.start(run)
    expect(saved()).toEqual([0, 5])
    expect(await getRun(db, run.runId)).toMatchObject({ state: 'finished', step: 5 })
    expect(ofKind('generation').at(-1)!.row.step).toBe(5)
  })

  test('a record that finds no room as a run goes on is written later: the changed rate stays changed', async () => {
    const run = request({ max_steps: 6, save_steps: 2 })
    onEvent = (event) => void (event.kind === 'step' && event.metrics.step === 3 && session.stop('save'))
    await session.start(run)
    session = freshSession()
    let failed = 0
    onPut(({ name }, _key, proceed) => {
      if (name === 'runs' && failed++ === 0) throw new DOMException('no room', 'QuotaExceededError')
      return proceed()
    })
    await resume(run.runId, { learningRateScale: 0.1 })
    expect(failed).toBeGreaterThan(1)
    const record = (await getRun(db, run.runId))!
    expect(record).toMatchObject({ state: 'finished', recipe: { learning_rate: run.recipe.learning_rate / 10 } })
    expect(record.changes).toMatchObject([{ step: 3, what: 'learning_rate' }])
  })

  test('three bad steps in a row pause; the run goes on from its last checkpoint with a tenth of the rate', async () => {
    const run = request({ learning_rate: 1e6, max_grad_norm: 0, max_steps: 20, save_steps: 1 })
    const training = session.start(run)
    await poll(() => ofKind('phase').at(-1)?.phase).toBe('paused')
    const good = saved().at(-1)!
    await session.stop('save')
    await training
    expect(saved().at(-1)).toBe(good)
    session = freshSession()
    onEvent = ({ kind }) => void (kind === 'started' && session.stop('save'))
    await resume(run.runId, { learningRateScale: 0.1 })
    const record = (await getRun(db, run.runId))!
    expect(record.recipe.learning_rate).toBe(1e5)
    expect(record.changes).toMatchObject([{ step: good, what: 'learning_rate', from: 1e6, to: 1e5 }])
    expect(ofKind('started')[0]).toMatchObject({ fromStep: good, changes: record.changes })
    expect(warnings().some((message) => message.includes('100000 instead of 1000000'))).toBe(true)
    // And it stays so: the next resume does not go back.
    session = freshSession()
    onEvent = ({ kind }) => void (kind === 'started' && session.stop('save'))
    await resume(run.runId)
    expect((await getRun(db, run.runId))!.recipe.learning_rate).toBe(1e5)
    await expect(resume(run.runId, { learningRateScale: 0 })).rejects.toThrow(/multiplied by 0/)
  })
})
