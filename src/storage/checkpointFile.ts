// A stored checkpoint as safetensors files. A stream of it already is the body of such a file, so the file refers to the
// stored parts and no tensor is built.

import { safetensorsHeader } from '../formats/safetensorsHeader'
import { FinetaleError } from '../recipe/error'
import { tensorName } from './bundle'
import { streamNames, type StreamName } from './checkpoints'
import { crc32 } from '../formats/crc32'
import type { Database } from './db'
import type { CheckpointManifest, PartRef, RunRecord } from './schema'

/**
 * The checkpoint a run goes on from; null when it has none.
 * @throws FinetaleError when it should be there and is not
 */
export async function currentCheckpoint(db: Database, record: RunRecord): Promise<CheckpointManifest | null> {
  if (record.currentCheckpoint === '') return null
  const manifest = await db.get('checkpoints', record.currentCheckpoint)
  if (manifest !== undefined) return manifest
  throw new FinetaleError(
    `The checkpoint of the run "${record.name}" is gone: the browser may have cleared part of its storage.`,
    'Import an earlier bundle of the run, or start it again.',
  )
}

/**
 * Streams of a checkpoint, one after the other, as one safetensors file. Every part is read and checked first.
 * @throws FinetaleError when a part is missing or damaged
 */
export async function checkpointAsSafetensors(
  db: Database,
  manifest: CheckpointManifest,
  streams: readonly StreamName[],
): Promise<Blob> {
  const ordered = streamNames.filter((stream) => streams.includes(stream))
  const tensors = ordered.flatMap((stream) =>
    manifest.tensors.map(({ name, shape }) => ({ name: tensorName(stream, name), shape })),
  )
  const blobs: Blob[] = []
  for (const stream of ordered) {
    for (const part of manifest.parts) if (part.stream === stream) blobs.push(await checkedPart(db, part))
  }
  return new Blob([safetensorsHeader(tensors), ...blobs])
}

async function checkedPart(db: Database, { key, stream, byteLength, crc32: expected }: PartRef): Promise<Blob> {
  const blob = await db.get('parts', key)
  const bytes = new Uint8Array((await blob?.arrayBuffer().catch(() => undefined)) ?? new ArrayBuffer(0))
  if (blob !== undefined && bytes.length === byteLength && crc32(bytes) === expected) return blob
  throw new FinetaleError(
    `The checkpoint is damaged: a part of ${stream} should hold ${byteLength} bytes with checksum ${expected}.`,
    'Go back to an earlier checkpoint of the run if there is one.',
  )
}
