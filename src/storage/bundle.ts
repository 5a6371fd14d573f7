// The layout of a run bundle, the zip that carries a run to another browser: names of its files and the form of run.json.
// Writing it is in bundleExport.ts, reading it in bundleImport.ts.
//
//   run.json             RunManifest
//   metrics.jsonl        one BundleMetrics a line, steps and evaluations in order
//   generations.jsonl    one GenerationRow a line
//   model/               config.json, tokenizer files and model.safetensors: a folder that from_pretrained opens
//   optimizer.safetensors  both moments: exp_avg.<name> and exp_avg_sq.<name>, each in the order of the weights
//   data/                the data set as it was read
//   trainer_state.json   what Trainer writes beside a checkpoint, for reading elsewhere; nothing here reads it
//   SHA256SUMS           one `<hex>  <path>` a line for every other file, as sha256sum writes and checks them

import type { EvalMetrics, StepMetrics } from '../workers/protocol'
import type { StreamName } from './checkpoints'
import type { CheckpointManifest, RunRecord, TrainingCursor } from './schema'

export const BUNDLE_SCHEMA = 1

export const bundlePaths = {
  run: 'run.json',
  metrics: 'metrics.jsonl',
  generations: 'generations.jsonl',
  weights: 'model/model.safetensors',
  optimizer: 'optimizer.safetensors',
  sums: 'SHA256SUMS',
} as const

/** Folder of the inputs by the name they are kept under: `data` and `data/...` stay, the rest belongs to the model. */
export function bundlePathOfInput(name: string): string {
  return name === 'data' ? 'data/data' : name.startsWith('data/') ? name : `model/${name}`
}

export interface RunManifest {
  readonly kind: 'finetale-run'
  readonly schema: typeof BUNDLE_SCHEMA
  readonly exportedAt: number
  readonly record: RunRecord
  /** The checkpoint that lies in the bundle; null for a run without one. */
  readonly checkpoint: {
    readonly cursor: TrainingCursor
    readonly tensors: CheckpointManifest['tensors']
    readonly createdAt: number
  } | null
}

export type BundleMetrics = ({ readonly kind: 'step' } & StepMetrics) | ({ readonly kind: 'eval' } & EvalMetrics)

/** A stream of a checkpoint is the data of a safetensors file in the same order; this names its tensors there. */
export function tensorName(stream: StreamName, name: string): string {
  return stream === 'weights' ? name : `${stream}.${name}`
}

/** How far the writing or reading of a bundle has come. */
export type BundleProgress = (doneBytes: number, totalBytes: number) => void
