// Writes and reads checkpoints: a manifest and parts of at most 64 MiB, because browsers refuse larger records. The old
// checkpoint stays current until one small transaction has made the new one current. Which are kept: checkpointCare.ts.

import { bytesOf, crc32 } from './crc32'
import { FinetaleError } from '../recipe/error'
import { afterWrite, keepsWriteLock, removeParts } from './checkpointCare'
import { completed, storageError, type Database } from './db'
import { missingRun } from './runs'
import type { CheckpointManifest, PartRef, TrainingCursor } from './schema'

export const PART_BYTES = 64 * 2 ** 20

export const streamNames = ['weights', 'exp_avg', 'exp_avg_sq'] as const
export type StreamName = (typeof streamNames)[number]

export interface CheckpointSource {
  readonly runId: string
  readonly cursor: TrainingCursor
  /** Names and shapes, in the order of each stream. */
  readonly tensors: CheckpointManifest['tensors']
  /** Values of tensor `index`, float32; asked for in order, and copied at once. They must not change during the save. */
  readonly streams: Readonly<Record<StreamName, (index: number) => Float32Array>>
}

export interface CheckpointTensor {
  readonly stream: StreamName
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array<ArrayBuffer>
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** Cuts one stream into pieces of partBytes. The piece is one buffer that is filled anew each time. */
function* pieces(source: CheckpointSource, stream: StreamName, partBytes: number): Generator<Uint8Array<ArrayBuffer>> {
  let left = source.tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
  const piece = new Uint8Array(Math.min(left, partBytes))
  let filled = 0
  for (const [index, { name, shape }] of source.tensors.entries()) {
    const values = source.streams[stream](index)
    if (values.length !== sizeOf(shape)) {
      throw new RangeError(`${stream} of ${name}: expected ${sizeOf(shape)} values, got ${values.length}`)
    }
    const bytes = bytesOf(values)
    for (let start = 0; start < bytes.length;) {
      const end = Math.min(bytes.length, start + piece.length - filled)
      piece.set(bytes.subarray(start, end), filled)
      filled += end - start
      left -= end - start
      start = end
      if (filled === piece.length || left === 0) {
        yield piece.subarray(0, filled)
        filled = 0
      }
    }
  }
}

async function writeParts(db: Database, id: string, source: CheckpointSource, partBytes: number): Promise<PartRef[]> {
  const parts: PartRef[] = []
  for (const stream of streamNames) {
    for (const piece of pieces(source, stream, partBytes)) {
      const key = `${id}/${parts.length}`
      // The Blob takes its copy here, before the transaction opens; nothing but database requests happens inside it.
      const blob = new Blob([piece])
      const part = { key, stream, byteLength: piece.length, crc32: crc32(piece) }
      const tx = db.transaction('parts', 'readwrite')
      await completed(tx, () => tx.store.put(blob, key))
      parts.push(part)
    }
  }
  return parts
}

/** Reads back what the database holds under each key. @throws FinetaleError when a part is missing or too short */
async function verifyLengths(db: Database, parts: readonly PartRef[]): Promise<void> {
  const tx = db.transaction('parts')
  const found = await Promise.all(parts.map(({ key }) => tx.store.get(key)))
  const bad = parts.findIndex((part, i) => found[i]?.size !== part.byteLength)
  if (bad !== -1) throw damaged(parts[bad]!, bad, parts.length, `${found[bad]?.size ?? 'no'} bytes`)
}

function damaged(part: PartRef, index: number, count: number, found: string): FinetaleError {
  return new FinetaleError(
    `The checkpoint is damaged: part ${index + 1} of ${count} (${part.stream}) should hold ${part.byteLength} bytes ` +
      `with checksum ${part.crc32}, found ${found}.`,
    'Resume from an earlier checkpoint if there is one, or start the run again.',
  )
}

/** The small transaction that makes a checkpoint current. */
async function publish(db: Database, manifest: CheckpointManifest): Promise<void> {
  const tx = db.transaction(['checkpoints', 'runs'], 'readwrite', { durability: 'strict' })
  await completed(tx, async () => {
    const runs = tx.objectStore('runs')
    const run = await runs.get(manifest.runId)
    if (run === undefined) throw missingRun()
    const { step, bestEvalLoss } = manifest.cursor
    await tx.objectStore('checkpoints').put(manifest)
    await runs.put({ ...run, currentCheckpoint: manifest.id, step, bestEvalLoss, updatedAt: Date.now() })
  })
}

/**
 * Saves a checkpoint and makes it the run's current one; resolves when the browser has it on disk. Older ones beyond
 * the last two and the best are then removed. At most one part is held in memory beside the caller's tensors.
 * @param partBytes smaller parts, for tests
 * @throws FinetaleError when anything fails; the earlier checkpoints are then untouched and still current
 */
export async function writeCheckpoint(
  db: Database,
  source: CheckpointSource,
  partBytes = PART_BYTES,
): Promise<CheckpointManifest> {
  const { runId, cursor, tensors } = source
  const id = crypto.randomUUID()
  return keepsWriteLock(id, async () => {
    try {
      const parts = await writeParts(db, id, source, partBytes)
      await verifyLengths(db, parts)
      const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
      const manifest: CheckpointManifest = { id, runId, cursor, tensors, parts, bytes, createdAt: Date.now() }
      await publish(db, manifest)
      await afterWrite(db, runId)
      return manifest
    } catch (error) {
      await removeParts(db, id)
      throw storageError('The checkpoint was not saved', error)
    }
  })
}

/** The bytes of a part, checked. */
async function readPart(db: Database, manifest: CheckpointManifest, index: number): Promise<Uint8Array<ArrayBuffer>> {
  const part = manifest.parts[index]!
  let bytes: Uint8Array<ArrayBuffer>
  try {
    const blob = await db.get('parts', part.key)
    bytes = new Uint8Array(blob === undefined ? new ArrayBuffer(0) : await blob.arrayBuffer())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw damaged(part, index, manifest.parts.length, `nothing readable (${reason})`)
  }
  const found = crc32(bytes)
  if (bytes.length !== part.byteLength || found !== part.crc32) {
    throw damaged(part, index, manifest.parts.length, `${bytes.length} bytes with checksum ${found}`)
  }
  return bytes
}

function verifyManifest({ parts, tensors }: CheckpointManifest): void {
  const expected = tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
  for (const stream of streamNames) {
    const found = parts.filter((part) => part.stream === stream).reduce((sum, part) => sum + part.byteLength, 0)
    if (found === expected) continue
    throw new FinetaleError(
      `The checkpoint is damaged: ${stream} should hold ${expected} bytes, its list of parts has ${found}.`,
      'Resume from an earlier checkpoint if there is one, or start the run again.',
    )
  }
}

/**
 * Reads a checkpoint tensor by tensor: all weights, then both moments, each in the order of the manifest. The lengths
 * of all parts are checked before the first tensor is given out, and the checksum of each part before any tensor that
 * lies in it. Build the new state from all tensors before letting go of an old one. Holds one part and one tensor.
 * @throws FinetaleError when a part is missing, short or damaged
 */
export async function* readCheckpoint(db: Database, manifest: CheckpointManifest): AsyncGenerator<CheckpointTensor> {
  verifyManifest(manifest)
  await verifyLengths(db, manifest.parts)
  let next = 0
  for (const stream of streamNames) {
    let part = new Uint8Array(0)
    let used = 0
    for (const { name, shape } of manifest.tensors) {
      const data = new Float32Array(sizeOf(shape))
      const target = new Uint8Array(data.buffer)
      for (let filled = 0; filled < target.length;) {
        if (used === part.length) {
          part = await readPart(db, manifest, next++)
          used = 0
        }
        const taken = Math.min(part.length - used, target.length - filled)
        target.set(part.subarray(used, used + taken), filled)
        used += taken
        filled += taken
      }
      yield { stream, name, shape, data }
    }
  }
}
