// Writing checkpoints: from a snapshot, in a thread of its own, over lost connections; and what is refused or stored once.

import { deleteDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { bestCheckpoint, keepsWriteLock, listCheckpoints, tidyCheckpoints } from '../../src/storage/checkpointCare'
import { CheckpointWriter } from '../../src/storage/checkpointWriter'
import { writeCheckpoint } from '../../src/storage/checkpointWrite'
import { readCheckpoint } from '../../src/storage/checkpoints'
import { onConnection, openFinetaleDB, type Database } from '../../src/storage/db'
import { createRun, getRun } from '../../src/storage/runs'
import type { CheckpointManifest } from '../../src/storage/schema'
import { piecesOf, takeSnapshot, type CheckpointSource } from '../../src/storage/snapshot'
import { onPut } from '../support/indexedDB'
import { ownerErrors } from '../support/ownerErrors'
import { checkpointSource as source, expectedTensors, PART, storedRun as run } from '../support/storedRun'

let names = 0
let name = ''
let db: Database
const open = () => openFinetaleDB(name)

beforeEach(async () => {
  name = `finetale-test-write-${Date.now()}-${names++}`
  db = await open()
  await createRun(db, run('r'))
})

afterEach(async () => {
  vi.restoreAllMocks()
  await deleteDB(name)
})

async function read(manifest: CheckpointManifest) {
  const found = []
  for await (const tensor of readCheckpoint(await open(), manifest)) found.push(tensor)
  return found
}

/** A source whose tensors lie in one buffer, so that a test can overwrite them. */
function inMemory(step: number): { source: CheckpointSource; overwrite: () => void } {
  const made = source(step)
  const streams = Object.fromEntries(
    Object.entries(made.streams).map(([stream, values]) => [stream, made.tensors.map((_, i) => values(i))]),
  )
  const view = (stream: string) => (index: number) => streams[stream]![index]!
  return {
    source: {
      ...made,
      streams: { weights: view('weights'), exp_avg: view('exp_avg'), exp_avg_sq: view('exp_avg_sq') },
    },
    overwrite: () => Object.values(streams).forEach((tensors) => tensors.forEach((values) => values.fill(7))),
  }
}

describe('a snapshot', () => {
  test('is saved by the writer’s thread as it was, while the model goes on', async () => {
    const writer = new CheckpointWriter(name)
    const { source: live, overwrite } = inMemory(3)
    const snapshot = takeSnapshot(live, PART)!
    const saving = writer.save(snapshot)
    overwrite()
    const manifest = await saving
    expect(await read(manifest)).toEqual(expectedTensors(source(3)))
    expect(await getRun(db, 'r')).toMatchObject({ currentCheckpoint: manifest.id, step: 3 })
    expect(manifest.parts).toHaveLength(9)
    // Its memory went over to the other thread.
    expect(snapshot.pieces.every(({ bytes }) => bytes.length === 0)).toBe(true)
    writer.close()
  })

  test('two saves at once are both kept, and a failure is told with its code', async () => {
    const writer = new CheckpointWriter(name)
    const infinite = (): Float32Array => new Float32Array(20).fill(Infinity)
    const spoilt: CheckpointSource = {
      ...source(3),
      tensors: [{ name: 'c', shape: [20] }],
      streams: { weights: infinite, exp_avg: infinite, exp_avg_sq: infinite },
    }
    const [first, second, bad] = await Promise.allSettled([
      writer.save(takeSnapshot(source(1), PART)!),
      writer.save(takeSnapshot(source(2), PART)!),
      writer.save(takeSnapshot(spoilt, PART)!),
    ])
    expect([first.status, second.status]).toEqual(['fulfilled', 'fulfilled'])
    expect(bad).toMatchObject({ reason: { name: 'FinetaleError', details: { code: 'not-finite' } } })
    expect((await listCheckpoints(db, 'r')).map(({ cursor }) => cursor.step).sort()).toEqual([1, 2])
    writer.close()
  })

  test('where no such thread starts, it is saved all the same', async () => {
    const refuses = () => {
      throw new DOMException('no workers here', 'SecurityError')
    }
    const errors = ownerErrors()
    const breaks = () => new Worker(URL.createObjectURL(new Blob(['throw new Error("broken")'])))
    for (const [i, spawn] of [refuses, breaks].entries()) {
      const writer = new CheckpointWriter(name, spawn)
      const manifest = await writer.save(takeSnapshot(source(i + 1), PART)!)
      expect(await read(manifest)).toEqual(expectedTensors(source(i + 1)))
    }
    expect(errors).toEqual([])
  })

  test('a thread that dies in mid-save fails that save; the next one starts another', async () => {
    const deadly = 'postMessage({ kind: "ready" }); onmessage = () => { throw new Error("died") }'
    let threads = 0
    const errors = ownerErrors()
    const writer = new CheckpointWriter(name, () => {
      if (threads++ === 0) return new Worker(URL.createObjectURL(new Blob([deadly])))
      throw new Error('none left')
    })
    await expect(writer.save(takeSnapshot(source(1), PART)!)).rejects.toThrow('not saved')
    expect((await writer.save(takeSnapshot(source(2), PART)!)).cursor.step).toBe(2)
    expect(errors).toEqual([])
  })

  test('a thread that fails once more after its end leaves the saves of the next one alone', async () => {
    const asked: { id: number }[] = []
    class Thread extends EventTarget {
      postMessage = (request: { id: number }) => void asked.push(request)
      terminate = () => {}
      say = (data: object) => this.dispatchEvent(new MessageEvent('message', { data }))
    }
    const threads = [new Thread(), new Thread()]
    let started = 0
    const writer = new CheckpointWriter(name, () => {
      const thread = threads[started++]!
      queueMicrotask(() => thread.say({ kind: 'ready' }))
      return thread as unknown as Worker
    })
    const failed = writer.save(takeSnapshot(source(1), PART)!)
    await expect.poll(() => asked.length).toBe(1)
    threads[0]!.dispatchEvent(new ErrorEvent('error'))
    await expect(failed).rejects.toThrow('not saved')
    const saved = writer.save(takeSnapshot(source(2), PART)!)
    await expect.poll(() => asked.length).toBe(2)
    threads[0]!.dispatchEvent(new ErrorEvent('error'))
    threads[1]!.say({ kind: 'saved', id: asked[1]!.id, manifest: { id: 'second' } })
    expect(await saved).toEqual({ id: 'second' })
  })

  test('a thread that ends in silence fails that save', async () => {
    const silent = `navigator.locks.request("life-${name}", () => {
      postMessage({ kind: "ready", lock: "life-${name}" })
      return new Promise(() => {})
    })
    onmessage = () => close()`
    const writer = new CheckpointWriter(name, () => new Worker(URL.createObjectURL(new Blob([silent]))))
    await expect(writer.save(takeSnapshot(source(1), PART)!)).rejects.toThrow('the thread that writes it stopped')
  })

  test('is null where memory is short', () => {
    const huge = { ...source(1), tensors: [{ name: 'huge', shape: [2 ** 40] }] }
    expect(takeSnapshot({ ...huge, streams: source(1).streams }, 2 ** 42)).toBeNull()
  })

  test('is cut like the lazy pieces', () => {
    const lazy = [...piecesOf(source(1), PART, false)].map(({ stream, bytes }) => [stream, bytes.length])
    expect(takeSnapshot(source(1), PART)!.pieces.map(({ stream, bytes }) => [stream, bytes.length])).toEqual(lazy)
  })
})

describe('what is stored', () => {
  test('parts that are all zeros are stored once', async () => {
    const zeros = (index: number) => new Float32Array(expectedTensors(source(1))[index]!.data.length)
    const fresh = { ...source(0), streams: { ...source(1).streams, exp_avg: zeros, exp_avg_sq: zeros } }
    const manifest = await writeCheckpoint(open, fresh, PART)
    expect(manifest.parts).toHaveLength(9)
    // Three parts of weights, one full part of zeros, one short one.
    expect(await db.count('parts')).toBe(5)
    expect(manifest.bytes).toBe(148 + 64 + 20)
    expect(await read(manifest)).toEqual(expectedTensors(fresh))
  })

  test.each([
    ['weights', NaN],
    ['exp_avg', Infinity],
    ['exp_avg_sq', -Infinity],
  ] as const)('%s with one %d are refused, and the checkpoint before stays', async (stream, value) => {
    const first = await writeCheckpoint(open, source(1), PART)
    const values = source(2).streams[stream]
    const poisoned = (index: number) => {
      const copy = values(index)
      if (index === 2) copy[19] = value
      return copy
    }
    const spoilt = { ...source(2), streams: { ...source(2).streams, [stream]: poisoned } }
    await expect(writeCheckpoint(open, spoilt, PART)).rejects.toMatchObject({ details: { code: 'not-finite' } })
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(first.id)
    expect(await db.count('parts')).toBe(9)
  })

  test('a loss that is not a number is never the best', async () => {
    await writeCheckpoint(open, source(1, NaN), PART)
    await writeCheckpoint(open, source(2, 3), PART)
    await writeCheckpoint(open, source(3, NaN), PART)
    expect(bestCheckpoint(await listCheckpoints(db, 'r'))?.cursor.step).toBe(2)
    expect(bestCheckpoint((await listCheckpoints(db, 'r')).slice(2))).toBeNull()
  })

  test('bytes that come back otherwise than they went are noticed before the old checkpoint goes', async () => {
    const first = await writeCheckpoint(open, source(1), PART)
    onPut((_store, key, proceed) =>
      typeof key === 'string' && key.endsWith('/4') ? proceed(new Blob([new Uint8Array(64)])) : proceed(),
    )
    await expect(writeCheckpoint(open, source(2), PART)).rejects.toThrow('other bytes')
    vi.restoreAllMocks()
    expect((await getRun(db, 'r'))?.currentCheckpoint).toBe(first.id)
    expect(await read(first)).toEqual(expectedTensors(source(1)))
    expect(await db.count('parts')).toBe(9)
  })

  test('after the clock was set back, a checkpoint is still the latest, and the ones before it go first', async () => {
    const now = vi.spyOn(Date, 'now')
    for (const [i, at] of [2e12, 2e12 + 60_000, 1e12, 1e12 + 60_000].entries()) {
      now.mockReturnValue(at)
      await writeCheckpoint(open, source(i + 1), PART)
    }
    expect((await listCheckpoints(db, 'r')).map(({ cursor }) => cursor.step).slice(-2)).toEqual([3, 4])
  })

  test('the record keeps what training has added since the snapshot', async () => {
    await createRun(db, { ...run('r'), step: 9, bestEvalLoss: 1 })
    await writeCheckpoint(open, source(4, 2), PART)
    expect(await getRun(db, 'r')).toMatchObject({ step: 9, bestEvalLoss: 1 })
  })
})

describe('a lost connection', () => {
  test.each([0, 4, 8])('at part %i: opened anew, and the save goes through', async (part) => {
    let lost = 0
    onPut((_store, key, proceed) => {
      if (typeof key === 'string' && key.endsWith(`/${part}`) && lost++ === 0) {
        // What WebKit does: the connection is dead and the error comes before the event.
        throw new DOMException('Connection to Indexed Database server lost.', 'UnknownError')
      }
      return proceed()
    })
    const manifest = await writeCheckpoint(open, source(2), PART)
    expect(lost).toBe(2)
    vi.restoreAllMocks()
    expect(await open()).not.toBe(db)
    expect(await read(manifest)).toEqual(expectedTensors(source(2)))
    db.close()
  })

  test('also where the error was put into words on the way', async () => {
    db.close()
    await onConnection(open, (live) => createRun(live, run('later')))
    expect((await getRun(await open(), 'later'))?.id).toBe('later')
  })

  test('closed under the writer between two parts', async () => {
    const live = source(2)
    const closing = (index: number) => {
      db.close()
      return live.streams.exp_avg(index)
    }
    const manifest = await writeCheckpoint(open, { ...live, streams: { ...live.streams, exp_avg: closing } }, PART)
    expect(await read(manifest)).toEqual(expectedTensors(live))
  })
})

test('tidying removes orphans and what a dead tab had not pruned, and spares a write under way', async () => {
  for (const step of [1, 2]) await writeCheckpoint(open, source(step), PART)
  vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(() => {
    throw new DOMException('the tab dies here', 'AbortError')
  })
  const last = await writeCheckpoint(open, source(3), PART)
  vi.restoreAllMocks()
  expect(await listCheckpoints(db, 'r')).toHaveLength(3)
  await db.put('parts', new Blob(['x']), 'orphan/0')
  await keepsWriteLock('live', async () => {
    await db.put('parts', new Blob(['x']), 'live/0')
    await tidyCheckpoints(db)
  })
  expect((await listCheckpoints(db, 'r')).map(({ cursor }) => cursor.step)).toEqual([2, 3])
  const keys = await db.getAllKeys('parts')
  expect(keys.filter((key) => !key.startsWith(last.id)).length).toBe(10)
  expect(keys).toContain('live/0')
})
