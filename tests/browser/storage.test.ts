// Runs, metrics and the connection on the browser's own IndexedDB. Checkpoints: checkpoints.test.ts.

import { deleteDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { writeCheckpoint } from '../../src/storage/checkpointWrite'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import { listGenerations, putGeneration } from '../../src/storage/generations'
import { appendEvals, appendSteps, readEvals, readSteps, truncateAfter } from '../../src/storage/metrics'
import { createRun, deleteRun, getFiles, getRun, listRuns, putFiles, updateRun } from '../../src/storage/runs'
import { FinetaleError } from '../../src/recipe/error'
import type { EvalMetrics, StepMetrics } from '../../src/workers/protocol'
import { checkpointSource as source, PART, storedRun as run } from '../support/storedRun'

let names = 0
let name = ''
let db: Database
const open = () => openFinetaleDB(name)

beforeEach(async () => {
  name = `finetale-test-runs-${Date.now()}-${names++}`
  db = await openFinetaleDB(name)
  await createRun(db, run('r'))
})

afterEach(async () => {
  vi.restoreAllMocks()
  db.close()
  await deleteDB(name)
})

describe('metrics', () => {
  const step = (n: number, loss = n): StepMetrics => ({
    step: n,
    epoch: 0,
    loss,
    learning_rate: 0,
    grad_norm: 0,
    seconds: 0,
    tokens: 0,
    heapBytes: 0,
    tensors: 0,
    at: 0,
  })
  const evaluation = (n: number): EvalMetrics => ({ step: n, epoch: 0, loss: n, runtime: 0, at: 0 })
  const stepsOf = (rows: readonly { step: number }[]) => rows.map((row) => row.step)
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

  test('rows come back in order, whatever the blocks', async () => {
    for (const n of range(1, 150)) await appendSteps(db, 'r', [step(n)])
    await appendSteps(
      db,
      'r',
      range(151, 600).map((n) => step(n)),
    )
    await appendSteps(db, 'other', [step(7)])
    await appendEvals(db, 'r', [evaluation(100)])
    expect(stepsOf(await readSteps(db, 'r'))).toEqual(range(1, 600))
    expect(stepsOf(await readEvals(db, 'r'))).toEqual([100])
    expect(await db.count('metrics')).toBeLessThan(10)
  })

  test('truncation inside a block, at its edges and before everything', async () => {
    await appendSteps(
      db,
      'r',
      range(1, 300).map((n) => step(n)),
    )
    await appendEvals(db, 'r', [evaluation(100), evaluation(200)])
    for (const last of [299, 256, 128, 100]) {
      await truncateAfter(db, 'r', last)
      expect(stepsOf(await readSteps(db, 'r'))).toEqual(range(1, last))
    }
    expect(stepsOf(await readEvals(db, 'r'))).toEqual([100])
    await truncateAfter(db, 'r', 0)
    expect(await db.count('metrics')).toBe(0)
    await appendSteps(db, 'r', [step(1)])
    expect(stepsOf(await readSteps(db, 'r'))).toEqual([1])
  })

  test('a step that is run again replaces what followed it', async () => {
    await appendSteps(
      db,
      'r',
      range(1, 10).map((n) => step(n)),
    )
    await appendSteps(db, 'r', [step(6, 0.5), step(7, 0.5)])
    const rows = await readSteps(db, 'r')
    expect(stepsOf(rows)).toEqual(range(1, 7))
    expect(rows.at(-1)?.loss).toBe(0.5)
  })
})

describe('runs', () => {
  test('update, list by time, and refusal of a run that is not there', async () => {
    await createRun(db, { ...run('s'), updatedAt: Date.now() + 1000 })
    await updateRun(db, 'r', { state: 'paused' })
    expect((await getRun(db, 'r'))?.state).toBe('paused')
    expect((await listRuns(db)).map(({ id }) => id)).toEqual(['s', 'r'])
    await expect(updateRun(db, 'gone', { state: 'paused' })).rejects.toBeInstanceOf(FinetaleError)
  })

  test('deleting a run removes all of it and nothing of others', async () => {
    const row = { id: 'g', runId: 'r', step: 1, prompt: '', generation: '', settings: run('r').generation }
    const metrics = { words: 0, uniqueWords: 0, distinct2: 0, longestRepeat: '' }
    await createRun(db, run('r2'))
    await putFiles(db, 'r', { 'config.json': new Blob(['{}']) })
    await putFiles(db, 'r2', { 'config.json': new Blob(['{"a":1}']) })
    await putGeneration(db, { ...row, metrics, milliseconds: 1, tokens: 1, ended: 'eos', at: 1 })
    expect(await listGenerations(db, 'r')).toHaveLength(1)
    await writeCheckpoint(open, source(1), PART)
    await appendEvals(db, 'r', [{ step: 1, epoch: 0, loss: 1, runtime: 0, at: 0 }])
    await deleteRun(db, 'r')
    for (const store of ['checkpoints', 'parts', 'generations', 'metrics'] as const) {
      expect(await db.count(store)).toBe(0)
    }
    expect(await getFiles(db, 'r')).toEqual({})
    expect(await (await getFiles(db, 'r2'))['config.json']?.text()).toBe('{"a":1}')
    expect((await listRuns(db)).map(({ id }) => id)).toEqual(['r2'])
  })
})

describe('the connection', () => {
  test('gives way to a deletion from elsewhere, and opens anew', async () => {
    await deleteDB(name)
    const again = await openFinetaleDB(name)
    expect(again).not.toBe(db)
    expect(await again.count('runs')).toBe(0)
    again.close()
  })

  test('a browser that refuses storage is reported in a sentence', async () => {
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError')
    })
    await expect(openFinetaleDB('finetale-test-refused')).rejects.toBeInstanceOf(FinetaleError)
  })
})
