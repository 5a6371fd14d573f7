// What a checkpoint is made from, cut into parts: lazily, one buffer after the other, or all at once as a copy that stays
// true while training goes on. It writes nothing.

import { PART_BYTES, sizeOf, streamNames, type StreamName } from './checkpoints'
import { bytesOf } from '../formats/crc32'
import type { CheckpointManifest, TrainingCursor } from './schema'

export interface CheckpointSource {
  readonly runId: string
  readonly cursor: TrainingCursor
  /** Names and shapes, in the order of each stream. */
  readonly tensors: CheckpointManifest['tensors']
  /** Values of tensor `index`, float32; asked for in order, and copied at once. They must not change during the save. */
  readonly streams: Readonly<Record<StreamName, (index: number) => Float32Array>>
}

/** One part's bytes, a whole number of floats. */
export interface Piece {
  readonly stream: StreamName
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** A source copied out of the model's memory: as large as the checkpoint, 12 bytes a parameter. */
export interface Snapshot extends Omit<CheckpointSource, 'streams'> {
  readonly pieces: Piece[]
}

/**
 * Cuts the streams into parts of `partBytes`, the last of each stream shorter.
 * @param fresh true gives each part a buffer of its own; false fills one buffer anew, so use each part before the next
 * @throws RangeError when a tensor has not the size of its shape, or there is no memory for a buffer
 */
export function* piecesOf(source: CheckpointSource, partBytes: number, fresh: boolean): Generator<Piece> {
  for (const stream of streamNames) {
    let left = source.tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
    let piece = new Uint8Array(Math.min(left, partBytes))
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
        if (filled < piece.length && left > 0) continue
        yield { stream, bytes: piece.subarray(0, filled) }
        filled = 0
        if (fresh && left > 0) piece = new Uint8Array(Math.min(left, partBytes))
      }
    }
  }
}

/**
 * Copies everything at once, as fast as memory goes. Nothing may change the values meanwhile; afterwards anything may.
 * @param partBytes a multiple of 4
 * @returns null when there is no memory for the copy
 */
export function takeSnapshot(source: CheckpointSource, partBytes = PART_BYTES): Snapshot | null {
  const { runId, cursor, tensors } = source
  const total = 3 * tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
  const pieces: Piece[] = []
  let copied = 0
  try {
    for (const piece of piecesOf(source, partBytes, true)) {
      pieces.push(piece)
      copied += piece.bytes.length
    }
  } catch (error) {
    if (error instanceof RangeError && /allocation|array length/i.test(error.message)) return null
    throw error
  }
  if (copied !== total) throw new Error(`copied ${copied} of ${total} bytes`)
  return { runId, cursor, tensors, pieces }
}
