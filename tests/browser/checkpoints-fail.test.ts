// What a run does when checkpoints, records or its own numbers fail it. When checkpoints are taken: checkpoints-run.test.ts.

import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { floatsOf } from '../../src/kernels/runtime'
import { GPTNeo } from '../../src/model/gptNeo'
import { listCheckpoints } from '../../src/storage/checkpointCare'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import { getRun } from '../../src/storage/runs'
import { onPut, writeHere } from '../support/indexedDB'
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
    const full = ofKind('warning').find(({ code }) => code === 'quota')
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
    expect(ofKind('warning').map(({ code }) => code)).toContain('no-storage')
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
    hear((event) => void (event.kind === 'step' && event.metrics.step === 3 && session.stop('save')))
    await session.start(run)
    freshSession()
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
    freshSession()
    hear(({ kind }) => void (kind === 'started' && session.stop('save')))
    await resume(run.runId, { learningRateScale: 0.1 })
    const record = (await getRun(db, run.runId))!
    expect(record.recipe.learning_rate).toBe(1e5)
    expect(record.changes).toMatchObject([{ step: good, what: 'learning_rate', from: 1e6, to: 1e5 }])
    expect(ofKind('started')[0]).toMatchObject({ fromStep: good, changes: record.changes })
    expect(warnings().some((message) => message.includes('100000 instead of 1000000'))).toBe(true)
    // And it stays so: the next resume does not go back.
    freshSession()
    hear(({ kind }) => void (kind === 'started' && session.stop('save')))
    await resume(run.runId)
    expect((await getRun(db, run.runId))!.recipe.learning_rate).toBe(1e5)
    await expect(resume(run.runId, { learningRateScale: 0 })).rejects.toThrow(/multiplied by 0/)
  })
})
