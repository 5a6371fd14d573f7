// Writes checkpoints: parts under a new id, read back and compared, then one small transaction that makes the new one
// current; only after it are older ones removed. Whatever fails before it leaves the earlier checkpoint as it was.

import { FinetaleError } from '../recipe/error'
import { afterWrite, keepsWriteLock, removeParts } from './checkpointCare'
import { PART_BYTES, readPart } from './checkpoints'
import { crc32 } from '../formats/crc32'
import { completed, onConnection, storageError, type Database } from './db'
import { missingRun } from './runs'
import type { CheckpointManifest, PartRef } from './schema'
import { piecesOf, type CheckpointSource, type Piece, type Snapshot } from './snapshot'

/** Gives the connection, anew when it was lost. */
export type Open = () => Promise<Database>

const EXPONENT = 0x7f800000

/** One look at the bytes of floats: whether all are finite, and whether all bits are zero. */
export function look(bytes: Uint8Array): { finite: boolean; zero: boolean } {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  let any = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    any |= word
    if ((word & EXPONENT) === EXPONENT) return { finite: false, zero: false }
  }
  return { finite: true, zero: any === 0 }
}

function notFinite({ stream }: Piece, step: number): FinetaleError {
  const what = stream === 'weights' ? 'weights' : `optimizer state (${stream})`
  return new FinetaleError(
    `The ${what} at step ${step} hold numbers that are not finite, so they were not saved.`,
    'Resume from the last checkpoint with a smaller learning rate.',
    { code: 'not-finite' },
  )
}

async function writeParts(open: Open, id: string, step: number, pieces: Iterable<Piece>): Promise<PartRef[]> {
  const parts: PartRef[] = []
  /** Keys of parts that are all zeros, by length: the moments of a run that has not begun are one part, not hundreds. */
  const zeros = new Map<number, string>()
  for (const piece of pieces) {
    const { stream, bytes } = piece
    const byteLength = bytes.length
    const { finite, zero } = look(bytes)
    if (!finite) throw notFinite(piece, step)
    const known = zero ? zeros.get(byteLength) : undefined
    const key = known ?? `${id}/${parts.length}`
    parts.push({ key, stream, byteLength, crc32: crc32(bytes) })
    if (known !== undefined) continue
    if (zero) zeros.set(byteLength, key)
    // The Blob takes its copy here, before the transaction opens; nothing but database requests happens inside it.
    const blob = new Blob([bytes])
    await onConnection(open, (db) => {
      const tx = db.transaction('parts', 'readwrite')
      return completed(tx, () => tx.store.put(blob, key))
    })
  }
  return parts
}

/** One part for each key. */
function stored(parts: readonly PartRef[]): PartRef[] {
  return parts.filter(({ key }, i) => parts.findIndex((other) => other.key === key) === i)
}

async function readBack(open: Open, parts: readonly PartRef[]): Promise<void> {
  try {
    for (const index of parts.keys()) await onConnection(open, (db) => readPart(db, parts, index))
  } catch (error) {
    if (!(error instanceof FinetaleError)) throw error
    throw new FinetaleError(
      'The checkpoint was not saved: the browser gave back other bytes than were written.',
      'The next save tries again; if it fails as well, export the run and check the disk. Earlier checkpoints are kept.',
    )
  }
}

function lower(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}

/**
 * The small transaction that makes a checkpoint current; returns it as stored. Training has gone on meanwhile, so the record
 * may be ahead. Checkpoints are ordered by their time, so this one's is made the latest of the run even where the clock was
 * set back.
 */
async function publish(db: Database, written: CheckpointManifest): Promise<CheckpointManifest> {
  const tx = db.transaction(['checkpoints', 'runs'], 'readwrite', { durability: 'strict' })
  return completed(tx, async () => {
    const runs = tx.objectStore('runs')
    const earlier = await tx.objectStore('checkpoints').index('runId').getAll(written.runId)
    const latest = Math.max(written.createdAt, ...earlier.map(({ createdAt }) => createdAt + 1))
    const manifest = { ...written, createdAt: latest }
    const run = await runs.get(manifest.runId)
    if (run === undefined) throw missingRun()
    const step = Math.max(run.step, manifest.cursor.step)
    const bestEvalLoss = lower(run.bestEvalLoss, manifest.cursor.bestEvalLoss)
    await tx.objectStore('checkpoints').put(manifest)
    await runs.put({ ...run, currentCheckpoint: manifest.id, step, bestEvalLoss, updatedAt: Date.now() })
    return manifest
  })
}

async function write(
  open: Open,
  { runId, cursor, tensors }: Omit<CheckpointSource, 'streams'>,
  pieces: Iterable<Piece>,
): Promise<CheckpointManifest> {
  const id = crypto.randomUUID()
  return keepsWriteLock(id, async () => {
    try {
      const parts = await writeParts(open, id, cursor.step, pieces)
      const kept = stored(parts)
      await readBack(open, kept)
      const bytes = kept.reduce((sum, part) => sum + part.byteLength, 0)
      const manifest: CheckpointManifest = { id, runId, cursor, tensors, parts, bytes, createdAt: Date.now() }
      const published = await onConnection(open, (db) => publish(db, manifest))
      await afterWrite(open, runId)
      return published
    } catch (error) {
      await open().then(
        (db) => removeParts(db, id),
        () => undefined,
      )
      throw storageError('The checkpoint was not saved', error)
    }
  })
}

/**
 * Saves a checkpoint and makes it the run's current one; resolves when the browser has it on disk and it has been read
 * back. Older ones beyond the last two and the best are then removed. Holds one part beside the caller's tensors, which
 * must not change until it is done.
 * @param partBytes smaller parts, for tests; a multiple of 4
 * @throws FinetaleError when anything fails or a number is not finite; earlier checkpoints are then untouched
 */
export function writeCheckpoint(
  open: Open,
  source: CheckpointSource,
  partBytes = PART_BYTES,
): Promise<CheckpointManifest> {
  return write(open, source, piecesOf(source, partBytes, false))
}

/** The same from a snapshot, whose parts are let go of one by one as they are written. */
export function writeSnapshot(open: Open, snapshot: Snapshot): Promise<CheckpointManifest> {
  const { pieces } = snapshot
  function* shrinking(): Generator<Piece> {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece
  }
  return write(open, snapshot, shrinking())
}
