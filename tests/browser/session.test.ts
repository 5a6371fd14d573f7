// Whole runs of M0 through the trainer's session, with IndexedDB: history, checkpoints, resume, pause, text, failures.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openFinetaleDB } from '../../src/storage/db'
import { listGenerations } from '../../src/storage/generations'
import { readEvals, readSteps } from '../../src/storage/metrics'
import { getFiles, getRun } from '../../src/storage/runs'
import { TrainerSession } from '../../src/train/session'
import type { Recipe } from '../../src/recipe/recipe'
import type { GenerationRow, ModelSource, RunEvent, StartRequest } from '../../src/workers/protocol'
import { A, B, C, m0Files, S } from '../support/m0'
import { datasetOf, testRecipe } from '../support/training'

const generation = { do_sample: false, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 3, seed: 1 }
const prompts = [{ prompt: 'Once upon', ids: Int32Array.from(S.slice(0, 2)) }]
const recipe: Recipe = { ...testRecipe, max_steps: 6, eval_strategy: 'steps', eval_steps: 3 }
let model: ModelSource

beforeAll(() => {
  model = { kind: 'files', label: 'M0', files: { ...m0Files(), 'tokenizer.json': new Blob(['{}']) } }
})

let session: TrainerSession
let events: RunEvent[]
let onEvent: (event: RunEvent) => void

/** A session of its own, as a freshly loaded page has; `onEvent` hears its events at once. */
function freshSession(): TrainerSession {
  const fresh = new TrainerSession()
  events = []
  onEvent = () => {}
  const emit = (event: RunEvent) => {
    events.push(event)
    onEvent(event)
  }
  void fresh.connect(emit, (ids) => Promise.resolve([...ids].map((id) => `w${id}`).join(' ')))
  return fresh
}

beforeEach(() => {
  session = freshSession()
})

function request(change: Partial<Recipe> = {}): StartRequest {
  return {
    ...{ runId: crypto.randomUUID(), name: 'test run', recipe: { ...recipe, ...change }, model, prompts, generation },
    data: { kind: 'files', label: 'rows.jsonl', files: { 'rows.jsonl': new Blob(['rows']) } },
    dataset: datasetOf([A, B, C], [B, C]),
  }
}

const ofKind = <K extends RunEvent['kind']>(kind: K) =>
  events.filter((event): event is Extract<RunEvent, { kind: K }> => event.kind === kind)
const losses = () => ofKind('step').map(({ metrics }) => metrics.loss)
const phases = () => ofKind('phase').map(({ phase }) => phase)

/** Waits with patience: the machine may be busy. */
const poll = <T>(look: () => T) => expect.poll(look, { timeout: 60_000 })

/** Calls `act` as soon as the given step is done. */
function afterStep(step: number, act: () => unknown) {
  onEvent = (event) => {
    if (event.kind === 'step' && event.metrics.step === step) act()
  }
}

describe('a run', () => {
  test('trains, evaluates, writes before and after, and is kept', async () => {
    const run = request()
    await session.start(run)
    expect(ofKind('started')[0]).toMatchObject({ totalSteps: 6, stepsPerEpoch: 3, parameters: 404280, fromStep: 0 })
    expect(losses()).toHaveLength(6)
    expect(ofKind('eval').map(({ metrics }) => metrics.step)).toEqual([0, 3, 6])
    expect(ofKind('generation').map(({ row }) => row.step)).toEqual([0, 6])
    expect(ofKind('checkpoint').map(({ step }) => step)).toEqual([0, 6])
    expect(phases().at(-1)).toBe('finished')
    expect(ofKind('warning')).toEqual([])
    const db = await openFinetaleDB()
    expect(await getRun(db, run.runId)).toMatchObject({ state: 'finished', step: 6, totalSteps: 6, error: null })
    expect((await readSteps(db, run.runId)).map(({ loss }) => loss)).toEqual(losses())
    expect((await readEvals(db, run.runId)).map(({ step }) => step)).toEqual([0, 3, 6])
    expect(await listGenerations(db, run.runId)).toHaveLength(2)
    expect(Object.keys(await getFiles(db, run.runId)).sort()).toEqual([
      'config.json',
      'data/rows.jsonl',
      'tokenizer.json',
    ])
  })

  test('the row of step 0 is that of the untouched model', async () => {
    await session.loadBase(model)
    const base = await session.generate({ runId: 'base', prompt: prompts[0]!, settings: generation }, () => {})
    await session.start(request({ learning_rate: 0.05 }))
    const [before, after] = ofKind('generation').filter(({ row }) => row.runId !== 'base')
    expect(before!.row.generation).toBe(base.generation)
    expect(after!.row.generation).not.toBe(base.generation)
  })
})

describe('resume', () => {
  test('a stopped run goes on in another session with the same losses, bit for bit', async () => {
    await session.start(request())
    const whole = { steps: losses(), evals: ofKind('eval').map(({ metrics }) => metrics.loss) }
    for (const cut of [2, 3]) {
      session = freshSession()
      const run = request()
      afterStep(cut, () => void session.stop('save'))
      await session.start(run)
      expect(phases().at(-1)).toBe('idle')
      const first = losses()
      expect(first).toHaveLength(cut)
      session = freshSession()
      await session.resume({ runId: run.runId, dataset: run.dataset, prompts, generation })
      expect(ofKind('started')[0]!.fromStep).toBe(cut)
      expect([...first, ...losses()]).toEqual(whole.steps)
      const db = await openFinetaleDB()
      expect((await readEvals(db, run.runId)).map(({ loss }) => loss)).toEqual(whole.evals)
      expect((await readSteps(db, run.runId)).map(({ loss }) => loss)).toEqual(whole.steps)
      expect(await getRun(db, run.runId)).toMatchObject({ state: 'finished', step: 6 })
    }
  })

  test('what came after the checkpoint is removed', async () => {
    const run = request({ save_steps: 2 })
    await session.start(run)
    const whole = losses()
    const db = await openFinetaleDB()
    const manifests = await db.getAllFromIndex('checkpoints', 'runId', run.runId)
    const second = manifests.find(({ cursor }) => cursor.step === 4)!
    await db.put('runs', { ...(await getRun(db, run.runId))!, state: 'running', currentCheckpoint: second.id })
    session = freshSession()
    await session.resume({ runId: run.runId, dataset: run.dataset, prompts, generation })
    expect(losses()).toEqual(whole.slice(4))
    expect((await readSteps(db, run.runId)).map(({ loss }) => loss)).toEqual(whole)
    expect((await listGenerations(db, run.runId)).map(({ step }) => step)).toEqual([0, 6])
  })

  test('other data and a run without a checkpoint are refused', async () => {
    const run = request()
    await session.start(run)
    const other = { ...run.dataset, fingerprint: 'ffffffff' }
    const again = { runId: run.runId, dataset: other, prompts, generation }
    await expect(session.resume(again)).rejects.toThrow(/not the one/)
    expect(ofKind('failed')[0]!.error.action).toMatch(/new run/)
    const bare = request()
    const db = await openFinetaleDB()
    const record = (await getRun(db, run.runId))!
    await db.put('runs', { ...record, id: bare.runId, currentCheckpoint: '' })
    expect((await getRun(db, run.runId))?.state).toBe('finished')
    await expect(session.resume({ ...again, runId: bare.runId, dataset: run.dataset })).rejects.toThrow(/checkpoint/)
  })
})

describe('control', () => {
  test('pause saves, single steps step, continue goes on', async () => {
    const run = request()
    afterStep(2, () => void session.pause())
    const done = session.start(run)
    await poll(() => phases().at(-1)).toBe('paused')
    expect(ofKind('checkpoint').map(({ step }) => step)).toEqual([0, 2])
    const db = await openFinetaleDB()
    await poll(async () => (await getRun(db, run.runId))?.state).toBe('paused')
    await session.stepOnce()
    await poll(() => losses().length).toBe(3)
    await poll(() => phases().at(-1)).toBe('paused')
    expect(losses()).toHaveLength(3)
    const row = await session.generate({ runId: run.runId, prompt: prompts[0]!, settings: generation }, () => {})
    expect(row.step).toBe(3)
    await session.continue()
    await done
    expect(losses()).toHaveLength(6)
  })

  test('text can be written in mid-run, and saving soon does not pause', async () => {
    const run = request()
    const written: Promise<unknown>[] = []
    afterStep(2, () => {
      written.push(session.generate({ runId: run.runId, prompt: prompts[0]!, settings: generation }, () => {}))
      void session.saveSoon()
    })
    await session.start(run)
    expect(await Promise.all(written)).toMatchObject([{ step: 2, tokens: 3 }])
    expect(ofKind('checkpoint').map(({ step }) => step)).toEqual([0, 2, 6])
    expect(losses()).toHaveLength(6)
  })

  test('discard leaves nothing', async () => {
    const run = request({ save_steps: 1 })
    afterStep(3, () => void session.stop('discard'))
    await session.start(run)
    const db = await openFinetaleDB()
    expect(await getRun(db, run.runId)).toBeUndefined()
    expect(await getFiles(db, run.runId)).toEqual({})
    expect(await db.getAllFromIndex('checkpoints', 'runId', run.runId)).toEqual([])
  })

  test.each(['discard', 'save'] as const)('Stop, then %s, while the last texts are written', async (mode) => {
    const run = request()
    onEvent = (event) => {
      if (event.kind === 'phase' && event.phase === 'generating' && losses().length === 6) void session.stop(mode)
    }
    await session.start(run)
    const db = await openFinetaleDB()
    expect(phases().at(-1)).toBe('idle')
    if (mode === 'discard') {
      expect(await getRun(db, run.runId)).toBeUndefined()
      expect(await db.getAllFromIndex('checkpoints', 'runId', run.runId)).toEqual([])
      return
    }
    expect(await getRun(db, run.runId)).toMatchObject({ state: 'stopped', step: 6 })
    // What was left out is made up for.
    session = freshSession()
    await session.resume({ runId: run.runId, dataset: run.dataset, prompts, generation })
    expect(await getRun(db, run.runId)).toMatchObject({ state: 'finished', step: 6 })
    expect((await listGenerations(db, run.runId)).map(({ step }) => step)).toContain(6)
  })

  test('Stop ends the text that was asked for, even while it waits, and none that the run writes', async () => {
    const run = request()
    const settings = { ...generation, max_new_tokens: 20 }
    let written: Promise<GenerationRow> | undefined
    afterStep(1, () => {
      written = session.generate({ runId: run.runId, prompt: prompts[0]!, settings }, () => {})
      void session.stopGenerating()
    })
    await session.start(run)
    const row = await written
    expect(row).toMatchObject({ ended: 'stopped', tokens: 1 })
    const others = ofKind('generation').filter((event) => event.row.id !== row?.id)
    expect(others.length).toBe(2 * prompts.length)
    expect(others.filter((event) => event.row.ended === 'stopped')).toEqual([])
  })

  test('a stored copy has no weights to begin with, and says so', async () => {
    if (model.kind !== 'files') throw new Error('the model is one of files')
    const stored: ModelSource = { ...model, stored: true }
    await expect(session.loadBase(stored)).rejects.toThrow(
      /keeps the weights it has trained, not those that "M0" began/,
    )
    await expect(session.start({ ...request(), model: stored })).rejects.toThrow(/keeps the weights/)
  })

  test('one run at a time, and one tab a run', async () => {
    const run = request()
    let refused: Promise<PromiseSettledResult<unknown>[]> = Promise.resolve([])
    afterStep(1, () => (refused = Promise.allSettled([session.start(request()), session.loadBase(model)])))
    await session.start(run)
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await navigator.locks.request(`finetale-run-${run.runId}`, async () => {
      const resumed = session.resume({ runId: run.runId, dataset: run.dataset, prompts, generation })
      await expect(resumed).rejects.toThrow(/another tab/)
    })
    const db = await openFinetaleDB()
    expect((await getRun(db, run.runId))?.state).toBe('finished')
  })

  test('three steps without usable numbers pause the run and keep the checkpoint before them', async () => {
    const run = request({ learning_rate: 1e6, max_grad_norm: 0, max_steps: 20, save_steps: 1, eval_strategy: 'no' })
    const done = session.start(run)
    await poll(() => phases().at(-1)).toBe('paused')
    const saved = ofKind('checkpoint').at(-1)!.step
    const last = ofKind('step').at(-1)!.metrics.step
    expect(saved).toBe(last)
    expect(ofKind('warning').some(({ message }) => /3 steps in a row/.test(message))).toBe(true)
    await session.stop('save')
    await done
    const record = await getRun(await openFinetaleDB(), run.runId)
    expect(record).toMatchObject({ state: 'stopped' })
    expect(ofKind('checkpoint').at(-1)!.step).toBe(saved)
  })
})
