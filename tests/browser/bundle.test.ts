// Run bundles between two databases: what goes in comes out, equal to the last bit; a bundle that was changed is refused
// by the name of the file inside and leaves nothing behind.

import { deleteDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSafetensors } from '../../src/formats/safetensors'
import { readZip } from '../../src/formats/zip'
import { ZipWriter } from '../../src/formats/zipWriter'
import { exportModel, exportRun, runAsModel } from '../../src/storage/bundleExport'
import { importRun } from '../../src/storage/bundleImport'
import { readCheckpoint } from '../../src/storage/checkpoints'
import { writeCheckpoint } from '../../src/storage/checkpointWrite'
import { openFinetaleDB, type Database } from '../../src/storage/db'
import { listGenerations, putGeneration } from '../../src/storage/generations'
import { appendEvals, appendSteps, readEvals, readSteps } from '../../src/storage/metrics'
import { createRun, getFiles, getRun, putFiles, updateRun } from '../../src/storage/runs'
import type { GenerationRow } from '../../src/workers/protocol'
import { checkpointSource as source, expectedTensors, PART, storedRun } from '../support/storedRun'

let count = 0
let names: string[] = []
let here: Database
let there: Database

beforeEach(async () => {
  names = [0, 1].map(() => `finetale-test-bundle-${Date.now()}-${count++}`)
  here = await openFinetaleDB(names[0])
  there = await openFinetaleDB(names[1])
  await createRun(here, storedRun('r'))
  await writeCheckpoint(() => Promise.resolve(here), source(4, 2.5), PART)
  await appendSteps(here, 'r', [1, 2, 3, 4].map(step))
  await appendEvals(here, 'r', [{ step: 4, epoch: 0.4, loss: 2.5, runtime: 0.1, at: 5 }])
  await putGeneration(here, generation)
  await putFiles(here, 'r', {
    'config.json': text('{"a":1}'),
    'tokenizer.json': text('{}'),
    'data/rows.jsonl': text('x\n'),
  })
})

afterEach(async () => {
  here.close()
  there.close()
  for (const name of names) await deleteDB(name)
})

const text = (content: string) => new Blob([content])

function step(at: number) {
  const numbers = { epoch: at / 10, loss: at === 2 ? NaN : 3 / at, learning_rate: 1e-4, grad_norm: 1 }
  return { step: at, ...numbers, seconds: 0.5, tokens: 8, heapBytes: 1, tensors: 2, at }
}

const generation: GenerationRow = {
  ...{
    id: 'g',
    runId: 'r',
    step: 4,
    prompt: 'Name:\n',
    generation: '<b>Ada</b> \u{1F9D9}',
    milliseconds: 5,
    tokens: 3,
  },
  settings: { do_sample: false, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 5, seed: 1 },
  metrics: { words: 1, uniqueWords: 1, distinct2: 1, longestRepeat: '' },
  ...{ ended: 'eos', at: 7 },
}

async function checkpointOf(db: Database, runId: string) {
  const { currentCheckpoint } = (await getRun(db, runId))!
  const found = []
  for await (const tensor of readCheckpoint(db, (await db.get('checkpoints', currentCheckpoint))!)) found.push(tensor)
  return found
}

async function texts(files: Record<string, Blob>): Promise<Record<string, string>> {
  const entries = await Promise.all(
    Object.entries(files).map(async ([name, blob]) => [name, await blob.text()] as const),
  )
  return Object.fromEntries(entries)
}

async function bundleOf(db: Database, extra = {}): Promise<Blob> {
  return (await exportRun(db, 'r', { extra })).content
}

/** The bundle again with one file's content changed, its sum left as it was unless `sum` is given. */
async function changed(bundle: Blob, path: string, content: Blob | null): Promise<Blob> {
  const writer = new ZipWriter('test')
  for (const [name, blob] of await readZip(bundle, 'test')) {
    const now = name === path ? content : blob
    if (now !== null) await writer.add(name, now)
  }
  return writer.finish()
}

async function countAll(db: Database): Promise<number> {
  const stores = ['runs', 'metrics', 'generations', 'checkpoints', 'parts', 'files'] as const
  const counts = await Promise.all(stores.map((store) => db.count(store)))
  return counts.reduce((sum, n) => sum + n, 0)
}

describe('a run bundle', () => {
  test('carries the run whole', async () => {
    const record = await importRun(there, await bundleOf(here), 'run.zip')
    expect(record).toMatchObject({ id: 'r', state: 'interrupted', step: 4, bestEvalLoss: 2.5 })
    expect(await checkpointOf(there, 'r')).toEqual(expectedTensors(source(4, 2.5)))
    const { currentCheckpoint } = record
    expect((await there.get('checkpoints', currentCheckpoint))!.cursor).toEqual(source(4, 2.5).cursor)
    expect(await readSteps(there, 'r')).toEqual(await readSteps(here, 'r'))
    expect(await readEvals(there, 'r')).toEqual(await readEvals(here, 'r'))
    expect(await listGenerations(there, 'r')).toEqual([generation])
    expect(await texts(await getFiles(there, 'r'))).toEqual(await texts(await getFiles(here, 'r')))
  })

  test('read where its id is taken, it stands beside the other', async () => {
    const record = await importRun(here, await bundleOf(here), 'run.zip')
    expect(record.id).not.toBe('r')
    expect(await checkpointOf(here, record.id)).toEqual(await checkpointOf(here, 'r'))
    expect(await listGenerations(here, record.id)).toHaveLength(1)
    expect(await listGenerations(here, 'r')).toEqual([generation])
  })

  test('holds both weight files as safetensors, and sums of every file', async () => {
    const files = await readZip(await bundleOf(here, { 'trainer_state.json': '{}' }), 'run.zip')
    expect([...files.keys()].sort()).toEqual([
      ...['SHA256SUMS', 'data/rows.jsonl', 'generations.jsonl', 'metrics.jsonl', 'model/config.json'],
      ...['model/model.safetensors', 'model/tokenizer.json', 'optimizer.safetensors', 'run.json', 'trainer_state.json'],
    ])
    const optimizer = await openSafetensors(files.get('optimizer.safetensors')!, 'optimizer.safetensors')
    expect([...optimizer.entries.keys()]).toEqual(
      ['exp_avg', 'exp_avg_sq'].flatMap((stream) => ['a', 'b', 'c'].map((name) => `${stream}.${name}`)),
    )
    expect(await optimizer.read('exp_avg_sq.c')).toEqual(source(4).streams.exp_avg_sq(2))
    const sums = (await files.get('SHA256SUMS')!.text()).trim().split('\n')
    const config = await crypto.subtle.digest('SHA-256', await files.get('model/config.json')!.arrayBuffer())
    const hex = Array.from(new Uint8Array(config), (byte) => byte.toString(16).padStart(2, '0')).join('')
    expect(sums).toHaveLength(9)
    expect(sums).toContain(`${hex}  model/config.json`)
  })

  test.each([
    ['a changed weight file', 'optimizer.safetensors', text('no'), /optimizer\.safetensors/],
    ['a missing file that is listed', 'model/tokenizer.json', null, /model\/tokenizer\.json: it is missing/],
    ['a bundle without run.json', 'run.json', null, /run\.json/],
    ['a bundle without sums', 'SHA256SUMS', null, /SHA256SUMS/],
  ])('refused, with nothing left behind: %s', async (_what, path, content, sentence) => {
    const bundle = await changed(await bundleOf(here), path, content)
    await expect(importRun(there, bundle, 'run.zip')).rejects.toThrow(sentence)
    expect(await countAll(there)).toBe(0)
  })

  test.each([
    ['model/model.safetensors', NaN],
    ['optimizer.safetensors', Infinity],
  ])('%s with %d in it and right sums is refused', async (path, value) => {
    const bundle = await bundleOf(here)
    const bytes = new Uint8Array(await (await readZip(bundle, 'run.zip')).get(path)!.arrayBuffer())
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, value, true)
    const sums = await (await readZip(bundle, 'run.zip')).get('SHA256SUMS')!.text()
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const sum = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
    const listed = sums.replace(new RegExp(`[0-9a-f]{64}(?=  ${path})`), sum)
    const tampered = await changed(await changed(bundle, path, new Blob([bytes])), 'SHA256SUMS', text(listed))
    await expect(importRun(there, tampered, 'run.zip')).rejects.toThrow(`damaged at ${path}: it holds numbers that`)
    expect(await countAll(there)).toBe(0)
  })

  test('a text whose id another run has by now overwrites nothing', async () => {
    const bundle = await bundleOf(here)
    await there.put('generations', { ...generation, runId: 'other' })
    await importRun(there, bundle, 'run.zip')
    expect(await listGenerations(there, 'other')).toHaveLength(1)
    expect(await listGenerations(there, 'r')).toHaveLength(1)
  })

  test('a zip of something else is refused', async () => {
    const writer = new ZipWriter('test')
    await writer.add('notes.txt', text('hello'))
    await expect(importRun(there, writer.finish(), 'other.zip')).rejects.toThrow(/other\.zip.*SHA256SUMS/)
    await expect(importRun(there, text('not a zip at all'), 'x.zip')).rejects.toThrow(/x\.zip/)
  })

  test('a checkpoint with a damaged part is not exported', async () => {
    const { currentCheckpoint } = (await getRun(here, 'r'))!
    const { parts } = (await here.get('checkpoints', currentCheckpoint))!
    const bytes = new Uint8Array(parts[0]!.byteLength)
    await here.put('parts', new Blob([bytes]), parts[0]!.key)
    await expect(exportRun(here, 'r')).rejects.toThrow(/damaged/)
  })

  test('the model alone is a folder', async () => {
    const files = await readZip((await exportModel(here, 'r')).content, 'model.zip')
    expect([...files.keys()].sort()).toEqual(['SHA256SUMS', 'config.json', 'model.safetensors', 'tokenizer.json'])
    const weights = await openSafetensors(files.get('model.safetensors')!, 'model.safetensors')
    expect(weights.metadata).toEqual({ format: 'pt' })
    expect(await weights.read('a')).toEqual(source(4).streams.weights(0))
  })

  test('what is taken from a run bears the step of its checkpoint, not that of the run', async () => {
    await updateRun(here, 'r', { step: 9 })
    const forked = await runAsModel(here, 'r')
    expect(forked).toMatchObject({ label: 'r · 4', parent: { runId: 'r', name: 'r', step: 4 } })
    expect((await exportRun(here, 'r')).step).toBe(4)
    expect((await exportModel(here, 'r')).step).toBe(4)
    await updateRun(here, 'r', { currentCheckpoint: '' })
    expect((await exportRun(here, 'r')).step).toBe(0)
    await expect(runAsModel(here, 'r')).rejects.toThrow(/no checkpoint yet/)
  })
})
