// Storage on the browser's own IndexedDB: checkpoints that survive failures at any point, sweeping, pruning, history.

import { deleteDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { listCheckpoints, sweepOrphans } from '../../src/storage/checkpointCare'
import { readCheckpoint, streamNames, writeCheckpoint, type CheckpointSource } from '../../src/storage/checkpoints'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import { listGenerations, putGeneration } from '../../src/storage/generations'
import { appendEvals, appendSteps, readEvals, readSteps, truncateAfter } from '../../src/storage/metrics'
import { createRun, deleteRun, getFiles, getRun, listRuns, putFiles, updateRun } from '../../src/storage/runs'
import type { CheckpointManifest, RunRecord } from '../../src/storage/schema'
import { FinetaleError } from '../../src/recipe/error'
import { demo } from '../../src/recipe/presets'
import type { EvalMetrics, StepMetrics } from '../../src/workers/protocol'

/** Parts this small cut tensors in two and put several into one. */
const PART = 64
const tensors = [
  { name: 'a', shape: [3, 5] },
  { name: 'b', shape: [2] },
  { name: 'c', shape: [1, 20] },
]

let names = 0
let name = ''
let db: Database

beforeEach(async () => {
  name = `finetale-test-${Date.now()}-${names++}`
  db = await openFinetaleDB(name)
  await createRun(db, run('r'))
})

afterEach(async () => {
  vi.restoreAllMocks()
  db.close()
  await deleteDB(name)
})

function run(id: string): RunRecord {
  return {
    id,
    name: id,
    state: 'running',
    recipe: demo(),
    modelLabel: 'm',
    dataLabel: 'd',
    dataFingerprint: '00000000',
    environment: { threads: 1, isolated: true, flavour: 'tfjs', userAgent: 'test' },
    prompts: [],
    generation: { do_sample: false, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 5, seed: 1 },
    totalSteps: 10,
    step: 0,
    currentCheckpoint: '',
    bestEvalLoss: null,
    createdAt: Date.now(),
    updatedAt: Date.now(),
    error: null,
  }
}

function source(step: number, bestEvalLoss: number | null = null): CheckpointSource {
  const values = (salt: number) => (index: number) =>
    Float32Array.from(
      { length: tensors[index]!.shape.reduce((a, b) => a * b, 1) },
      (_, i) => step + salt * i + index / 7,
    )
  return {
    runId: 'r',
    cursor: {
      step,
      epoch: 0,
      batchInEpoch: step,
      updates: step,
      tokensSeen: 0,
      lossSum: 0,
      lossSteps: 0,
      bestEvalLoss,
    },
    tensors,
    streams: { weights: values(1), exp_avg: values(-0.5), exp_avg_sq: values(1e-8) },
  }
}

async function read(manifest: CheckpointManifest) {
  const found = []
  for await (const tensor of readCheckpoint(db, manifest)) found.push(tensor)
  return found
}

function expectedTensors({ streams }: CheckpointSource) {
  return streamNames.flatMap((stream) =>
    tensors.map((tensor, index) => ({ stream, ...tensor, data: streams[stream](index) })),
  )
}

/** Makes the n-th write into a store fail, counted from 0, the way a full disk does. */
function failPut(store: string, n: number): void {
  const put = IDBObjectStore.prototype.put
  let count = 0
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
    if (this.name === store && count++ === n) throw new DOMException('no room', 'QuotaExceededError')
    return put.call(this, value, key)
  })
}

describe('checkpoints', () => {
  test('what is read equals what was written, across parts', async () => {
    const written = source(3)
    const manifest = await writeCheckpoint(db, written, PART)
    expect(manifest.bytes).toBe(3 * 4 * 37)
    expect(manifest.parts.map(({ byteLength }) => byteLength)).toEqual([64, 64, 20, 64, 64, 20, 64, 64, 20])
    expect(await read(manifest)).toEqual(expectedTensors(written))
    expect(await getRun(db, 'r')).toMatchObject({ currentCheckpoint: manifest.id, step: 3 })
    expect(await db.get('checkpoints', manifest.id)).toEqual(manifest)
  })

  test('a tensor of several parts and views into a shared heap', async () => {
    const heap = new Float32Array(new SharedArrayBuffer(4 * 1000)).map((_, i) => Math.sin(i))
    const big: CheckpointSource = {
      ...source(1),
      tensors: [{ name: 'big', shape: [10, 90] }],
      streams: {
        weights: () => heap.subarray(0, 900),
        exp_avg: () => heap.subarray(50, 950),
        exp_avg_sq: () => heap.subarray(100, 1000),
      },
    }
    const found = await read(await writeCheckpoint(db, big, 1000))
    expect(found.map(({ data }) => data)).toEqual([heap.slice(0, 900), heap.slice(50, 950), heap.slice(100, 1000)])
  })

  test.each([0, 1, 4, 8])('full at part %i: the earlier checkpoint stays whole and current', async (part) => {
    const first = source(1)
    const manifest = await writeCheckpoint(db, first, PART)
    failPut('parts', part)
    const saving = writeCheckpoint(db, source(2), PART)
    await expect(saving).rejects.toBeInstanceOf(FinetaleError)
    await expect(saving).rejects.toThrow('used up')
    vi.restoreAllMocks()
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(manifest.id)
    expect(await read(manifest)).toEqual(expectedTensors(first))
    expect((await db.getAllKeys('parts')).length).toBe(manifest.parts.length)
    // And the next save succeeds.
    expect((await writeCheckpoint(db, source(2), PART)).cursor.step).toBe(2)
  })

  test.each(['checkpoints', 'runs'])('a failure in the last transaction (%s) publishes nothing', async (store) => {
    const manifest = await writeCheckpoint(db, source(1), PART)
    failPut(store, 0)
    await expect(writeCheckpoint(db, source(2), PART)).rejects.toBeInstanceOf(FinetaleError)
    vi.restoreAllMocks()
    expect(await db.getAllKeys('checkpoints')).toEqual([manifest.id])
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(manifest.id)
    expect((await db.getAllKeys('parts')).length).toBe(manifest.parts.length)
  })

  test('a stream that throws, and a run deleted in the meantime', async () => {
    const torn = { ...source(1), streams: { ...source(1).streams, exp_avg: () => new Float32Array(1) } }
    await expect(writeCheckpoint(db, torn, PART)).rejects.toBeInstanceOf(FinetaleError)
    await deleteRun(db, 'r')
    await expect(writeCheckpoint(db, source(1), PART)).rejects.toThrow('deleted')
    expect(await db.count('parts')).toBe(0)
    expect(await db.count('checkpoints')).toBe(0)
  })

  test('keeps the last two and the best', async () => {
    const steps: [number, number | null][] = [
      [1, null],
      [2, 3.5],
      [3, 3.1],
      [4, 3.1],
      [5, 3.1],
      [6, 3.1],
    ]
    for (const [step, best] of steps) await writeCheckpoint(db, source(step, best), PART)
    const kept = await listCheckpoints(db, 'r')
    expect(kept.map(({ cursor }) => cursor.step)).toEqual([3, 5, 6])
    expect((await db.getAllKeys('parts')).length).toBe(3 * 9)
  })

  test.each([
    ['missing', (key: string) => db.delete('parts', key)],
    ['short', (key: string) => db.put('parts', new Blob([new Uint8Array(63)]), key)],
    ['changed', (key: string) => db.put('parts', new Blob([new Uint8Array(64)]), key)],
  ])('a part that is %s is refused by name', async (_, damage) => {
    const manifest = await writeCheckpoint(db, source(1), PART)
    const { key } = manifest.parts[1]!
    await damage(key)
    await expect(read(manifest)).rejects.toBeInstanceOf(FinetaleError)
    await expect(read(manifest)).rejects.toThrow('part 2 of 9')
  })

  test('a manifest that lacks a part is refused', async () => {
    const manifest = await writeCheckpoint(db, source(1), PART)
    await expect(read({ ...manifest, parts: manifest.parts.slice(1) })).rejects.toThrow('weights should hold')
  })

  test('the sweep removes orphans, not checkpoints and not a write under way', async () => {
    const manifest = await writeCheckpoint(db, source(1), PART)
    await db.put('parts', new Blob(['x']), 'orphan/0')
    await db.put('parts', new Blob(['x']), 'orphan/1')
    const waiting = source(2)
    let sweeping: Promise<number> | null = null
    const values = waiting.streams.exp_avg_sq
    // By the last stream the parts of the first two are there, and no manifest names them yet.
    const streams = { ...waiting.streams, exp_avg_sq: (i: number) => ((sweeping ??= sweepOrphans(db)), values(i)) }
    const second = await writeCheckpoint(db, { ...waiting, streams }, PART)
    expect(await sweeping).toBe(1)
    expect((await db.getAllKeys('parts')).some((key) => key.startsWith('orphan'))).toBe(false)
    expect(await read(manifest)).toHaveLength(9)
    expect(await read(second)).toEqual(expectedTensors(waiting))
    expect(await sweepOrphans(db)).toBe(0)
  })

  test('a real quota: the save fails with a sentence and the earlier checkpoint stays', async () => {
    const first = source(1)
    const manifest = await writeCheckpoint(db, first, PART)
    const values = new Float32Array(4e6).map(() => Math.random())
    const large: CheckpointSource = {
      ...source(2),
      tensors: [{ name: 'large', shape: [values.length] }],
      streams: { weights: () => values, exp_avg: () => values, exp_avg_sq: () => values },
    }
    const { usage = 0 } = await navigator.storage.estimate()
    await cdp().send('Storage.overrideQuotaForOrigin', { origin: location.origin, quotaSize: usage + 30e6 })
    console.log(JSON.stringify(await navigator.storage.estimate()), usage)
    try {
      const saving = writeCheckpoint(db, large, 4e6)
      console.log(JSON.stringify(await saving.then((x) => x.bytes, (e) => e.message)), JSON.stringify(await navigator.storage.estimate()))
      await expect(saving).rejects.toBeInstanceOf(FinetaleError)
      await expect(saving).rejects.toThrow('used up')
    } finally {
      await cdp().send('Storage.overrideQuotaForOrigin', { origin: location.origin })
    }
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(manifest.id)
    expect(await read(manifest)).toEqual(expectedTensors(first))
    expect((await db.getAllKeys('parts')).length).toBe(manifest.parts.length)
  })

  test('150 MB in parts of 64 MiB', async () => {
    const count = 12.5e6
    const values = new Float32Array(count).map((_, i) => i)
    const large: CheckpointSource = {
      ...source(1),
      tensors: [{ name: 'large', shape: [count] }],
      streams: { weights: () => values, exp_avg: () => values, exp_avg_sq: () => values },
    }
    const manifest = await writeCheckpoint(db, large)
    expect(manifest.bytes).toBe(3 * 4 * count)
    expect(Math.max(...manifest.parts.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(64 * 2 ** 20)
    for await (const { data } of readCheckpoint(db, manifest)) expect(data[count - 1]).toBe(count - 1)
  })
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
    await writeCheckpoint(db, source(1), PART)
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
