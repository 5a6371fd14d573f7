// Reads a run bundle into storage. Everything is checked before the run appears: the sums of all files, run.json, and
// that both weight files hold the checkpoint's tensors. A bundle that is refused leaves nothing behind.

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { openSafetensors } from '../formats/safetensors'
import { readZip } from '../formats/zip'
import { PIECE_BYTES } from '../formats/zipWriter'
import { FinetaleError } from '../recipe/error'
import type { GenerationRow } from '../workers/protocol'
import { bundlePaths, tensorName, type BundleMetrics, type BundleProgress, type RunManifest } from './bundle'
import { parseMetrics, parseGenerations, parseRunManifest } from './bundleParse'
import { keepsWriteLock, removeParts } from './checkpointCare'
import { PART_BYTES, streamNames, type StreamName } from './checkpoints'
import { look } from './checkpointWrite'
import { crc32 } from '../formats/crc32'
import { completed, storageError, type Database } from './db'
import { metricsBlocks } from './metrics'
import type { CheckpointManifest, PartRef, RunRecord } from './schema'

/**
 * Stores the run of a bundle. It keeps its id, so that a bundle read twice is noticed: where the id is taken, the
 * newcomer gets a new one and both stay.
 * @param label how errors call the file
 * @returns the record as stored; a run that was under way is 'interrupted' and can be resumed
 * @throws FinetaleError naming the file inside the bundle that is missing, damaged or not what it should be
 */
export async function importRun(
  db: Database,
  bundle: Blob,
  label: string,
  onProgress: BundleProgress = () => {},
): Promise<RunRecord> {
  // The sums in the bundle say more than those of the zip, and one reading is enough.
  const files = await readZip(bundle, label, { check: false })
  await verifySums(files, label, onProgress)
  const manifest = parseRunManifest(await need(files, bundlePaths.run, label).text(), label)
  const metrics = parseMetrics(await need(files, bundlePaths.metrics, label).text(), label)
  const generations = parseGenerations(await need(files, bundlePaths.generations, label).text(), label)
  const checkpointId = crypto.randomUUID()
  return keepsWriteLock(checkpointId, async () => {
    try {
      const checkpoint = await storeParts(db, files, manifest, checkpointId, label)
      return await storeRun(db, { files, manifest, metrics, generations, checkpoint })
    } catch (error) {
      await removeParts(db, checkpointId)
      throw storageError(`${label} was not imported`, error)
    }
  })
}

type Files = ReadonlyMap<string, Blob>

function need(files: Files, path: string, label: string): Blob {
  const file = files.get(path)
  if (file !== undefined) return file
  throw new FinetaleError(
    `${label} is not a run bundle of Finetale: it has no ${path}.`,
    'Choose a zip that was made with Export run.',
  )
}

async function verifySums(files: Files, label: string, onProgress: BundleProgress): Promise<void> {
  const listed = new Map<string, string>()
  for (const line of (await need(files, bundlePaths.sums, label).text()).split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line.trimEnd())
    if (match) listed.set(match[2]!, match[1]!)
  }
  const total = [...files.values()].reduce((sum, { size }) => sum + size, 0)
  let done = 0
  for (const [path, file] of files) {
    if (path === bundlePaths.sums) continue
    const expected = listed.get(path)
    const found = await sumOf(file, (bytes) => onProgress((done += bytes), total))
    listed.delete(path)
    if (expected === found) continue
    throw damaged(label, path, expected === undefined ? 'it is not listed in SHA256SUMS' : `its SHA-256 is ${found}`)
  }
  const missing = [...listed.keys()][0]
  if (missing !== undefined) throw damaged(label, missing, 'it is missing')
}

async function sumOf(file: Blob, onBytes: (bytes: number) => void): Promise<string> {
  const hash = sha256.create()
  for (let start = 0; start < file.size; start += PIECE_BYTES) {
    const piece = new Uint8Array(await file.slice(start, start + PIECE_BYTES).arrayBuffer())
    hash.update(piece)
    onBytes(piece.length)
  }
  return bytesToHex(hash.digest())
}

function damaged(label: string, path: string, found: string): FinetaleError {
  return new FinetaleError(
    `${label} is damaged at ${path}: ${found}.`,
    'Copy or export the bundle again; nothing was imported.',
  )
}

/** Cuts the two weight files into the parts of a checkpoint; they wait for the run as orphans until it is stored. */
async function storeParts(
  db: Database,
  files: Files,
  { checkpoint, record }: RunManifest,
  id: string,
  label: string,
): Promise<CheckpointManifest | null> {
  if (checkpoint === null) return null
  const { cursor, tensors, createdAt } = checkpoint
  const parts: PartRef[] = []
  for (const stream of streamNames) {
    for (const piece of pieces(await streamOf(files, stream, tensors, label))) {
      const bytes = new Uint8Array(await piece.arrayBuffer())
      if (!look(bytes).finite) throw damaged(label, pathOf(stream), 'it holds numbers that are not finite')
      const key = `${id}/${parts.length}`
      parts.push({ key, stream, byteLength: bytes.length, crc32: crc32(bytes) })
      const blob = new Blob([bytes])
      const tx = db.transaction('parts', 'readwrite')
      await completed(tx, () => tx.store.put(blob, key))
    }
  }
  const bytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return { id, runId: record.id, cursor, tensors, parts, bytes, createdAt }
}

function* pieces(blob: Blob): Generator<Blob> {
  for (let start = 0; start < blob.size; start += PART_BYTES) yield blob.slice(start, start + PART_BYTES)
}

function pathOf(stream: StreamName): string {
  return stream === 'weights' ? bundlePaths.weights : bundlePaths.optimizer
}

/** The bytes of a stream inside its weight file: the tensors must lie there in the checkpoint's order, without gaps. */
async function streamOf(
  files: Files,
  stream: StreamName,
  tensors: CheckpointManifest['tensors'],
  label: string,
): Promise<Blob> {
  const path = pathOf(stream)
  const file = need(files, path, label)
  const { entries } = await openSafetensors(file, `${label}/${path}`)
  let begin: number | null = null
  let end = 0
  for (const { name, shape } of tensors) {
    const entry = entries.get(tensorName(stream, name))
    const fits =
      entry?.dtype === 'F32' && entry.shape.join() === shape.join() && (begin === null || entry.begin === end)
    if (entry === undefined || !fits) {
      throw damaged(label, path, `expected ${tensorName(stream, name)} as float32 [${shape.join()}] in its place`)
    }
    begin ??= entry.begin
    end = entry.end
  }
  return file.slice(begin ?? 0, end)
}

interface Contents {
  readonly files: Files
  readonly manifest: RunManifest
  readonly metrics: readonly BundleMetrics[]
  readonly generations: readonly GenerationRow[]
  readonly checkpoint: CheckpointManifest | null
}

/** One transaction: the run is there whole, or not at all. */
async function storeRun(db: Database, contents: Contents): Promise<RunRecord> {
  const { files, manifest, metrics, generations, checkpoint } = contents
  const tx = db.transaction(['runs', 'metrics', 'generations', 'checkpoints', 'files'], 'readwrite')
  return completed(tx, async () => {
    const taken = (await tx.objectStore('runs').get(manifest.record.id)) !== undefined
    const id = taken ? crypto.randomUUID() : manifest.record.id
    const record = importedRecord(manifest.record, id, checkpoint)
    await tx.objectStore('runs').put(record)
    for (const block of metricsBlocks(id, metrics)) await tx.objectStore('metrics').put(block)
    for (const row of generations) {
      const free = (await tx.objectStore('generations').getKey(row.id)) === undefined
      await tx.objectStore('generations').put({ ...row, runId: id, id: free ? row.id : crypto.randomUUID() })
    }
    if (checkpoint !== null) await tx.objectStore('checkpoints').put({ ...checkpoint, runId: id })
    for (const [path, blob] of files) {
      const name = inputName(path)
      if (name !== null) await tx.objectStore('files').put(blob, `${id}/${name}`)
    }
    return record
  })
}

/** The name an input is kept under, or null for a file that is no input. */
function inputName(path: string): string | null {
  if (path === 'data/data') return 'data'
  if (path.startsWith('data/')) return path
  return path.startsWith('model/') && path !== bundlePaths.weights ? path.slice('model/'.length) : null
}

function importedRecord(record: RunRecord, id: string, checkpoint: CheckpointManifest | null): RunRecord {
  const ended = record.state === 'finished' || record.state === 'stopped' || record.state === 'failed'
  return {
    ...record,
    id,
    state: ended ? record.state : 'interrupted',
    step: checkpoint?.cursor.step ?? record.step,
    currentCheckpoint: checkpoint?.id ?? '',
    updatedAt: Date.now(),
  }
}
