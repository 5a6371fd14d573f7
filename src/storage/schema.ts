// The shape of what is kept in IndexedDB: types only. db.ts opens it; runs.ts, metrics.ts, checkpoints.ts read and write it.

import type { DBSchema } from 'idb'
import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type { EnvironmentInfo, EvalMetrics, FinetaleErrorData, GenerationRow, StepMetrics } from '../workers/protocol'

export type RunState = 'running' | 'paused' | 'interrupted' | 'finished' | 'stopped' | 'failed'

export interface RunRecord {
  readonly id: string
  readonly name: string
  readonly state: RunState
  readonly recipe: Recipe
  readonly modelLabel: string
  readonly dataLabel: string
  readonly dataFingerprint: string
  readonly environment: EnvironmentInfo
  readonly prompts: readonly string[]
  readonly generation: GenerationSettings
  readonly totalSteps: number
  readonly step: number
  /** The checkpoint a resume starts from; '' before the first one. */
  readonly currentCheckpoint: string
  readonly bestEvalLoss: number | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly error: FinetaleErrorData | null
}

/** A block of step or evaluation metrics, in order; keyed [runId, kind, first step]. */
export interface MetricsBlock {
  readonly runId: string
  readonly kind: 'step' | 'eval'
  readonly first: number
  readonly last: number
  readonly rows: readonly StepMetrics[] | readonly EvalMetrics[]
}

export interface PartRef {
  readonly key: string
  /** What the part holds: a piece of the byte stream named here, for example 'weights', 'exp_avg', 'exp_avg_sq'. */
  readonly stream: string
  readonly byteLength: number
  readonly crc32: number
}

/** Everything beside the tensors that a resumed run needs to equal the uninterrupted one. */
export interface TrainingCursor {
  /** Optimizer steps done. */
  readonly step: number
  /** Epoch being run, 0-based, and micro-batches of it already used. */
  readonly epoch: number
  readonly batchInEpoch: number
  /** Optimizer updates done: the t of Adam's bias corrections. Below `step` when non-finite steps were skipped. */
  readonly updates: number
  /** Bookkeeping: tokens seen so far, padding included; loss sum and number of steps in it since the last log. */
  readonly tokensSeen: number
  readonly lossSum: number
  readonly lossSteps: number
  readonly bestEvalLoss: number | null
}

export interface CheckpointManifest {
  readonly id: string
  readonly runId: string
  readonly cursor: TrainingCursor
  /** Tensor names in stream order with shapes; the same order in each of the three streams. */
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]
  readonly parts: readonly PartRef[]
  readonly bytes: number
  readonly createdAt: number
}

export interface FinetaleDB extends DBSchema {
  runs: { key: string; value: RunRecord; indexes: { updatedAt: number } }
  metrics: { key: [string, string, number]; value: MetricsBlock }
  generations: { key: string; value: GenerationRow; indexes: { runId: string } }
  checkpoints: { key: string; value: CheckpointManifest; indexes: { runId: string } }
  /** Parts of checkpoints, at most 64 MiB each; key `${checkpointId}/${index}`. */
  parts: { key: string; value: Blob }
  /** A run's inputs (config, tokenizer files, data file), so that it resumes without its sources; key `${runId}/${name}`. */
  files: { key: string; value: Blob }
}
