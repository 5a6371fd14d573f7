// Checkpoints at full size: how long training stands still for a save, how long the whole takes, and the speeds of copying,
// writing, reading and checking. The streams lie in the wasm heap, as a model's do.

import { deleteDB } from 'idb'
import { allocateBytes, floatsAt, freeBytes } from '../src/kernels/runtime'
import { CheckpointWriter } from '../src/storage/checkpointWriter'
import { readCheckpoint } from '../src/storage/checkpoints'
import { crc32 } from '../src/formats/crc32'
import { openFinetaleDB } from '../src/storage/db'
import { createRun, getRun } from '../src/storage/runs'
import { takeSnapshot, type CheckpointSource } from '../src/storage/snapshot'
import { storedRun } from '../tests/support/storedRun'
import type { BenchContext } from './context'
import { median, round } from './measure'

/** Parameters of the course's model. */
export const COURSE_PARAMETERS = 68_514_048

/** Floats of the largest tensor; the course model's embedding. */
const TENSOR = 50_257 * 768

/** Number `i` of any tensor of a stream at a step, exact in float32. */
export function valueAt(step: number, stream: number, i: number): number {
  return ((i & 0xffff) + 1 + stream) * 64 + (step & 63)
}

/** A checkpoint's content in the heap: three streams of `params` floats that are all different. */
export function heapSource(params: number): {
  source: CheckpointSource
  fill: (step: number) => void
  free: () => void
} {
  const sizes: number[] = []
  for (let left = params; left > 0; left -= TENSOR) sizes.push(Math.min(left, TENSOR))
  const streams = ['weights', 'exp_avg', 'exp_avg_sq'].map(() => sizes.map((size) => allocateBytes(4 * size)))
  const view = (stream: number) => (index: number) => floatsAt(streams[stream]![index]!, sizes[index]!)
  const fill = (step: number) => {
    for (const stream of streams.keys()) {
      for (const index of sizes.keys()) {
        const values = view(stream)(index)
        for (let i = 0; i < values.length; i++) values[i] = valueAt(step, stream, i)
      }
    }
  }
  const cursor = { step: 0, epoch: 0, batchInEpoch: 0, updates: 1, tokensSeen: 0, lossSum: 0, lossSteps: 0 }
  const source: CheckpointSource = {
    runId: 'bench',
    cursor: { ...cursor, bestEvalLoss: null },
    tensors: sizes.map((size, i) => ({ name: `tensor.${i}`, shape: [size] })),
    streams: { weights: view(0), exp_avg: view(1), exp_avg_sq: view(2) },
  }
  fill(0)
  return { source, fill, free: () => streams.flat().forEach(freeBytes) }
}

const clock = () => performance.now() / 1000

export async function benchStorage({ params, rounds }: BenchContext): Promise<object[]> {
  const count = params || COURSE_PARAMETERS
  const name = `finetale-bench-${Date.now()}`
  await createRun(await openFinetaleDB(name), storedRun('bench'))
  const { source, free } = heapSource(count)
  const writer = new CheckpointWriter(name)
  await writer.start()
  const stalls: number[] = []
  const totals: number[] = []
  const reads: number[] = []
  let bytes = 0
  for (let round = 0; round < (rounds || 3); round++) {
    const begun = clock()
    const snapshot = takeSnapshot({ ...source, cursor: { ...source.cursor, step: round + 1 } })
    if (snapshot === null) throw new Error('no memory for a snapshot')
    const saving = writer.save(snapshot)
    stalls.push(clock() - begun)
    const manifest = await saving
    totals.push(clock() - begun)
    bytes = manifest.bytes
    const reading = clock()
    for await (const { data } of readCheckpoint(await openFinetaleDB(name), manifest)) void data
    reads.push(clock() - reading)
  }
  const sample = new Uint8Array(64 * 2 ** 20)
  const checking = clock()
  crc32(sample)
  const verify = sample.length / (clock() - checking)
  writer.close()
  free()
  const db = await openFinetaleDB(name)
  const current = (await getRun(db, 'bench'))?.currentCheckpoint
  db.close()
  await deleteDB(name)
  const speed = (seconds: number) => round(bytes / seconds / 1e6)
  return [
    {
      parameters: count,
      bytes,
      stallSeconds: round(median(stalls)),
      maxStallSeconds: round(Math.max(...stalls)),
      totalSeconds: round(median(totals)),
      writeMBps: speed(median(totals) - median(stalls)),
      readMBps: speed(median(reads)),
      verifyMBps: round(verify / 1e6),
      stored: current !== undefined && current !== '',
    },
  ]
}
