// A stored run and its checkpoint contents for tests of storage: small tensors with values that differ everywhere.

import { streamNames } from '../../src/storage/checkpoints'
import type { CheckpointSource } from '../../src/storage/snapshot'
import type { RunRecord } from '../../src/storage/schema'
import { demo } from '../../src/recipe/presets'

/** Parts this small cut tensors in two and put several into one. */
export const PART = 64

export const tensors = [
  { name: 'a', shape: [3, 5] },
  { name: 'b', shape: [2] },
  { name: 'c', shape: [1, 20] },
]

export function storedRun(id: string): RunRecord {
  return {
    id,
    name: id,
    state: 'running',
    recipe: demo(),
    modelLabel: 'm',
    dataLabel: 'd',
    dataFingerprint: '00000000',
    environment: { threads: 1, isolated: true, flavour: 'tfjs', userAgent: 'test' },
    prompts: [],
    generation: { do_sample: false, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 5, seed: 1 },
    totalSteps: 10,
    step: 0,
    currentCheckpoint: '',
    bestEvalLoss: null,
    createdAt: Date.now(),
    updatedAt: Date.now(),
    error: null,
  }
}

export function checkpointSource(step: number, bestEvalLoss: number | null = null): CheckpointSource {
  const values = (salt: number) => (index: number) =>
    Float32Array.from(
      { length: tensors[index]!.shape.reduce((a, b) => a * b, 1) },
      (_, i) => step + salt * i + index / 7,
    )
  return {
    runId: 'r',
    cursor: {
      step,
      epoch: 0,
      batchInEpoch: step,
      updates: step,
      tokensSeen: 0,
      lossSum: 0,
      lossSteps: 0,
      bestEvalLoss,
    },
    tensors,
    streams: { weights: values(1), exp_avg: values(-0.5), exp_avg_sq: values(1e-8) },
  }
}

/** What reading a checkpoint of `source` must give. */
export function expectedTensors({ streams }: CheckpointSource) {
  return streamNames.flatMap((stream) =>
    tensors.map((tensor, index) => ({ stream, ...tensor, data: streams[stream](index) })),
  )
}
