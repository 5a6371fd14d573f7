// Checkpoints on the browser's own IndexedDB: equal after reading, whole after failures at any point, swept, pruned.

import { deleteDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listCheckpoints, sweepOrphans } from '../../src/storage/checkpointCare'
import { readCheckpoint } from '../../src/storage/checkpoints'
import { writeCheckpoint } from '../../src/storage/checkpointWrite'
import type { CheckpointSource } from '../../src/storage/snapshot'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import { createRun, deleteRun, getRun } from '../../src/storage/runs'
import type { CheckpointManifest } from '../../src/storage/schema'
import { FinetaleError } from '../../src/recipe/error'
import { onPut } from '../support/indexedDB'
import { checkpointSource as source, expectedTensors, PART, storedRun as run } from '../support/storedRun'

let names = 0
let name = ''
let db: Database
const open = () => openFinetaleDB(name)

beforeEach(async () => {
  name = `finetale-test-checkpoints-${Date.now()}-${names++}`
  db = await openFinetaleDB(name)
  await createRun(db, run('r'))
})

afterEach(async () => {
  vi.restoreAllMocks()
  db.close()
  await deleteDB(name)
})

async function read(manifest: CheckpointManifest) {
  const found = []
  for await (const tensor of readCheckpoint(db, manifest)) found.push(tensor)
  return found
}

/** Makes the n-th write into a store fail, counted from 0, the way a full disk does. */
function failPut(store: string, n: number): void {
  let count = 0
  onPut(({ name }, _key, proceed) => {
    if (name === store && count++ === n) throw new DOMException('no room', 'QuotaExceededError')
    return proceed()
  })
}

describe('checkpoints', () => {
  test('what is read equals what was written, across parts', async () => {
    const written = source(3)
    const manifest = await writeCheckpoint(open, written, PART)
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
    const found = await read(await writeCheckpoint(open, big, 1000))
    expect(found.map(({ data }) => data)).toEqual([heap.slice(0, 900), heap.slice(50, 950), heap.slice(100, 1000)])
  })

  test.each([0, 1, 4, 8])('full at part %i: the earlier checkpoint stays whole and current', async (part) => {
    const first = source(1)
    const manifest = await writeCheckpoint(open, first, PART)
    failPut('parts', part)
    const saving = writeCheckpoint(open, source(2), PART)
    await expect(saving).rejects.toBeInstanceOf(FinetaleError)
    await expect(saving).rejects.toThrow('used up')
    vi.restoreAllMocks()
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(manifest.id)
    expect(await read(manifest)).toEqual(expectedTensors(first))
    expect((await db.getAllKeys('parts')).length).toBe(manifest.parts.length)
    // And the next save succeeds.
    expect((await writeCheckpoint(open, source(2), PART)).cursor.step).toBe(2)
  })

  test.each(['checkpoints', 'runs'])('a failure in the last transaction (%s) publishes nothing', async (store) => {
    const manifest = await writeCheckpoint(open, source(1), PART)
    failPut(store, 0)
    await expect(writeCheckpoint(open, source(2), PART)).rejects.toBeInstanceOf(FinetaleError)
    vi.restoreAllMocks()
    expect(await db.getAllKeys('checkpoints')).toEqual([manifest.id])
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(manifest.id)
    expect((await db.getAllKeys('parts')).length).toBe(manifest.parts.length)
  })

  test('a stream that throws, and a run deleted in the meantime', async () => {
    const torn = { ...source(1), streams: { ...source(1).streams, exp_avg: () => new Float32Array(1) } }
    await expect(writeCheckpoint(open, torn, PART)).rejects.toBeInstanceOf(FinetaleError)
    await deleteRun(db, 'r')
    await expect(writeCheckpoint(open, source(1), PART)).rejects.toThrow('deleted')
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
    for (const [step, best] of steps) await writeCheckpoint(open, source(step, best), PART)
    const kept = await listCheckpoints(db, 'r')
    expect(kept.map(({ cursor }) => cursor.step)).toEqual([3, 5, 6])
    expect((await db.getAllKeys('parts')).length).toBe(3 * 9)
  })

  test.each([
    ['missing', (key: string) => db.delete('parts', key)],
    ['short', (key: string) => db.put('parts', new Blob([new Uint8Array(63)]), key)],
    ['changed', (key: string) => db.put('parts', new Blob([new Uint8Array(64)]), key)],
  ])('a part that is %s is refused by name', async (_, damage) => {
    const manifest = await writeCheckpoint(open, source(1), PART)
    const { key } = manifest.parts[1]!
    await damage(key)
    await expect(read(manifest)).rejects.toBeInstanceOf(FinetaleError)
    await expect(read(manifest)).rejects.toThrow('part 2 of 9')
  })

  test('a manifest that lacks a part is refused', async () => {
    const manifest = await writeCheckpoint(open, source(1), PART)
    await expect(read({ ...manifest, parts: manifest.parts.slice(1) })).rejects.toThrow('weights should hold')
  })

  test('the sweep removes orphans, not checkpoints and not a write under way', async () => {
    const manifest = await writeCheckpoint(open, source(1), PART)
    await db.put('parts', new Blob(['x']), 'orphan/0')
    await db.put('parts', new Blob(['x']), 'orphan/1')
    const waiting = source(2)
    const sweeps: Promise<number>[] = []
    const values = waiting.streams.exp_avg_sq
    // By the last stream the parts of the first two are there, and no manifest names them yet.
    const streams = { ...waiting.streams, exp_avg_sq: (i: number) => (sweeps.push(sweepOrphans(db)), values(i)) }
    const second = await writeCheckpoint(open, { ...waiting, streams }, PART)
    expect(await sweeps[0]).toBe(1)
    await Promise.all(sweeps)
    expect((await db.getAllKeys('parts')).some((key) => key.startsWith('orphan'))).toBe(false)
    expect(await read(manifest)).toHaveLength(9)
    expect(await read(second)).toEqual(expectedTensors(waiting))
    expect(await sweepOrphans(db)).toBe(0)
  })

  test('a transaction that the browser ends in mid-write', async () => {
    const manifest = await writeCheckpoint(open, source(1), PART)
    onPut((store, key, proceed) => {
      const request = proceed()
      if (typeof key === 'string' && key.endsWith('/5')) store.transaction.abort()
      return request
    })
    await expect(writeCheckpoint(open, source(2), PART)).rejects.toBeInstanceOf(FinetaleError)
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(manifest.id)
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
    const manifest = await writeCheckpoint(open, large)
    expect(manifest.bytes).toBe(3 * 4 * count)
    expect(Math.max(...manifest.parts.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(64 * 2 ** 20)
    for await (const { data } of readCheckpoint(db, manifest)) expect(data[count - 1]).toBe(count - 1)
  })
})
