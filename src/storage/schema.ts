// The shape of what is kept in IndexedDB: types only. db.ts opens it; runs.ts, metrics.ts, checkpoints.ts read and write it.

import type { DBSchema } from 'idb'
import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type {
  ColumnMapping,
  CountedSize,
  EnvironmentInfo,
  EvalMetrics,
  FinetaleErrorData,
  GenerationRow,
  HubRef,
  RunChange,
  RunResume,
  StepMetrics,
} from '../workers/protocol'

export type RunState = 'running' | 'paused' | 'interrupted' | 'finished' | 'stopped' | 'failed'

export interface RunRecord {
  readonly id: string
  readonly name: string
  readonly state: RunState
  readonly recipe: Recipe
  readonly modelLabel: string
  readonly dataLabel: string
  /** Where the model was fetched from; null when it was built in or chosen from the disk. Absent in old records. */
  readonly modelOrigin?: HubRef | null
  readonly dataOrigin?: HubRef | null
  /** The columns in use. Absent in old records: text and target. */
  readonly dataMapping?: ColumnMapping
  /** What was changed knowingly in mid-run, in order; absent when nothing was. */
  readonly changes?: readonly RunChange[]
  /** Where it went on from a checkpoint, in order; absent when it never did. */
  readonly resumes?: readonly RunResume[]
  /** The run and step this one was started from; absent when it began from a model's own weights. */
  readonly parent?: { readonly runId: string; readonly name: string; readonly step: number }
  readonly dataFingerprint: string
  readonly environment: EnvironmentInfo
  readonly prompts: readonly string[]
  readonly generation: GenerationSettings
  readonly totalSteps: number
  /** What trainer_state.json counts with. Absent in old records. */
  readonly size?: CountedSize
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
  /** Steps, tokens and seconds since the last log. Absent in old checkpoints. */
  readonly logSteps?: number
  readonly logTokens?: number
  readonly logSeconds?: number
  readonly bestEvalLoss: number | null
}

export interface CheckpointManifest {
  readonly id: string
  readonly runId: string
  readonly cursor: TrainingCursor
  /** Tensor names in stream order with shapes; the same order in each of the three streams. */
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]
  /** In stream order. Parts of equal length that are all zeros are stored once and share their key. */
  readonly parts: readonly PartRef[]
  /** What the parts take in the database. */
  readonly bytes: number
  readonly createdAt: number
}

/** A file of a hub's repository, whole and checked: written last, in the transaction that publishes it. */
export interface HubFile {
  /** `<base><datasets/ or nothing><repo>@<revision>/<path>` as it was asked for. */
  readonly key: string
  readonly ref: HubRef
  readonly path: string
  readonly byteLength: number
  /** Hex SHA-256 of the bytes, computed here; equal to the hub's where the hub gave one. */
  readonly sha256: string
  /** The commit the revision stood for, where the hub said so; else ''. */
  readonly commit: string
  /** Keys in `hubParts`, in order. */
  readonly parts: readonly string[]
  readonly fetchedAt: number
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
  /** Files fetched from a hub, and their parts of at most 64 MiB each. A part that no file names is left over. */
  hubFiles: { key: string; value: HubFile }
  hubParts: { key: string; value: Blob }
}
