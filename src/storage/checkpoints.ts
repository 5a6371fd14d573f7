// The form of a stored checkpoint, and reading it: a manifest and parts of at most 64 MiB, because browsers refuse larger
// records. Every part is checked by length and checksum. Writing is checkpointWrite.ts; which are kept: checkpointCare.ts.

import { FinetaleError } from '../recipe/error'
import { crc32 } from '../formats/crc32'
import type { Database } from './db'
import type { CheckpointManifest, PartRef } from './schema'

export const PART_BYTES = 64 * 2 ** 20

export const streamNames = ['weights', 'exp_avg', 'exp_avg_sq'] as const
export type StreamName = (typeof streamNames)[number]

export interface CheckpointTensor {
  readonly stream: StreamName
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array<ArrayBuffer>
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

function damaged(part: PartRef, index: number, count: number, found: string): FinetaleError {
  return new FinetaleError(
    `The checkpoint is damaged: part ${index + 1} of ${count} (${part.stream}) should hold ${part.byteLength} bytes ` +
      `with checksum ${part.crc32}, found ${found}.`,
    'Resume from an earlier checkpoint if there is one, or start the run again.',
  )
}

/** Looks at what the database holds under each key. @throws FinetaleError when a part is missing or too short */
async function verifyLengths(db: Database, parts: readonly PartRef[]): Promise<void> {
  const tx = db.transaction('parts')
  const found = await Promise.all(parts.map(({ key }) => tx.store.get(key)))
  const bad = parts.findIndex((part, i) => found[i]?.size !== part.byteLength)
  if (bad !== -1) throw damaged(parts[bad]!, bad, parts.length, `${found[bad]?.size ?? 'no'} bytes`)
}

/** The bytes of one part, checked. @throws FinetaleError when they are missing, short or changed */
export async function readPart(
  db: Database,
  parts: readonly PartRef[],
  index: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const part = parts[index]!
  let bytes: Uint8Array<ArrayBuffer>
  try {
    const blob = await db.get('parts', part.key)
    bytes = new Uint8Array(blob === undefined ? new ArrayBuffer(0) : await blob.arrayBuffer())
  } catch (error) {
    // A Blob whose file is gone; anything else is the connection's trouble and not the checkpoint's.
    if (!(error instanceof DOMException) || error.name !== 'NotReadableError') throw error
    throw damaged(part, index, parts.length, `nothing readable (${error.message})`)
  }
  const found = crc32(bytes)
  if (bytes.length !== part.byteLength || found !== part.crc32) {
    throw damaged(part, index, parts.length, `${bytes.length} bytes with checksum ${found}`)
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
 * @param onProgress hears the share read so far, 0 to 1
 * @throws FinetaleError when a part is missing, short or damaged
 */
export async function* readCheckpoint(
  db: Database,
  manifest: CheckpointManifest,
  onProgress: (share: number) => void = () => {},
): AsyncGenerator<CheckpointTensor> {
  verifyManifest(manifest)
  const { parts, tensors } = manifest
  await verifyLengths(db, parts)
  let next = 0
  for (const stream of streamNames) {
    let part = new Uint8Array(0)
    let used = 0
    for (const { name, shape } of tensors) {
      const data = new Float32Array(sizeOf(shape))
      const target = new Uint8Array(data.buffer)
      for (let filled = 0; filled < target.length;) {
        if (used === part.length) {
          part = await readPart(db, parts, next++)
          used = 0
          onProgress(next / parts.length)
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
