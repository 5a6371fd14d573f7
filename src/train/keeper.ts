// Keeps one run in IndexedDB as it goes: record, metrics in blocks, generations, inputs, checkpoints.
// Without a database it keeps nothing. History that cannot be written is a warning, never the end of a run.

import { fetchFile, readFolder } from '../hub/hub'
import type { Param } from '../kernels/param'
import { writeCheckpoint } from '../storage/checkpoints'
import type { Database } from '../storage/db'
import { putGeneration } from '../storage/generations'
import { appendEvals, appendSteps } from '../storage/metrics'
import { createRun, deleteRun, putFiles, updateRun } from '../storage/runs'
import type { CheckpointManifest, RunRecord, TrainingCursor } from '../storage/schema'
import type {
  DataSource,
  EnvironmentInfo,
  EvalMetrics,
  GenerationRow,
  ModelSource,
  StartRequest,
  StepMetrics,
} from '../workers/protocol'
import { toErrorData } from './errors'
import type { AdamW } from './optimizer'
import { totalSteps } from './schedule'

/** Steps kept back before they are written as one block; a checkpoint or a pause writes them at once. */
const BLOCK_STEPS = 20

export type RunPatch = Partial<Pick<RunRecord, 'state' | 'step' | 'bestEvalLoss' | 'error'>>

export interface KeeperOptions {
  readonly runId: string
  /** Gives the open connection; null where there is no database. */
  readonly open: (() => Promise<Database>) | null
  /** Hears what could not be kept, each sentence once. */
  readonly warn: (message: string) => void
}

export class RunKeeper {
  readonly #options: KeeperOptions
  readonly #warned = new Set<string>()
  #steps: StepMetrics[] = []
  #evals: EvalMetrics[] = []
  #inputs: Promise<void> = Promise.resolve()
  #discarded = false

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** False when nothing is kept. */
  get works(): boolean {
    return this.#options.open !== null && !this.#discarded
  }

  /** Writes the record of a new run. */
  begin(record: RunRecord): Promise<void> {
    return this.#try((db) => createRun(db, record))
  }

  /**
   * Starts to copy what a resume needs beside the checkpoint: config, tokenizer files and data set, as they are now.
   * The first checkpoint waits for it, and fails if it failed.
   */
  keepInputs(model: ModelSource, data: DataSource): void {
    this.#inputs = this.#copyInputs(model, data)
    this.#inputs.catch(() => {})
  }

  async #copyInputs(model: ModelSource, data: DataSource): Promise<void> {
    if (this.#options.open === null) return
    const files = await readFolder(model, ['config.json', 'tokenizer.json'], ['tokenizer_config.json'])
    const rows = data.kind === 'file' ? data.file : await fetchFile(data.url, data.label)
    await putFiles(await this.#options.open(), this.#options.runId, rows === null ? files : { ...files, data: rows })
  }

  addStep(metrics: StepMetrics): void {
    this.#steps.push(metrics)
  }

  addEval(metrics: EvalMetrics): void {
    this.#evals.push(metrics)
  }

  addGeneration(row: GenerationRow): Promise<void> {
    return this.#try((db) => putGeneration(db, row))
  }

  async flushWhenFull(patch: RunPatch): Promise<void> {
    if (this.#steps.length >= BLOCK_STEPS) await this.flush(patch)
  }

  /** Writes the metrics kept back, and the record's new fields. What fails is written with the next flush. */
  async flush(patch: RunPatch): Promise<void> {
    const { runId } = this.#options
    await this.#try(async (db) => {
      const [steps, evals] = [this.#steps, this.#evals]
      await appendSteps(db, runId, steps)
      this.#steps = this.#steps.slice(steps.length)
      await appendEvals(db, runId, evals)
      this.#evals = this.#evals.slice(evals.length)
      if (Object.keys(patch).length > 0) await updateRun(db, runId, patch)
    })
  }

  /** Writes a checkpoint and makes it current; the history before it is written first. */
  async save(cursor: TrainingCursor, params: readonly Param[], optimizer: AdamW): Promise<CheckpointManifest> {
    const { open, runId } = this.#options
    if (open === null) throw new Error('there is no database')
    await this.#inputs
    await this.flush({})
    return writeCheckpoint(await open(), {
      runId,
      cursor,
      tensors: params.map(({ name, shape }) => ({ name, shape })),
      streams: {
        weights: (index) => params[index]?.value.dataSync<'float32'>() ?? new Float32Array(0),
        exp_avg: (index) => optimizer.read('exp_avg', index),
        exp_avg_sq: (index) => optimizer.read('exp_avg_sq', index),
      },
    })
  }

  /** Removes the run and all that was kept of it. */
  async discard(): Promise<void> {
    const { open, runId } = this.#options
    this.#discarded = true
    await this.#inputs.catch(() => {})
    if (open !== null) await deleteRun(await open(), runId)
  }

  async #try(write: (db: Database) => Promise<void>): Promise<void> {
    const { open, warn } = this.#options
    if (open === null || this.#discarded) return
    try {
      await write(await open())
    } catch (thrown) {
      const { message, action } = toErrorData(thrown)
      if (this.#warned.has(message)) return
      this.#warned.add(message)
      warn(`${message} ${action}`)
    }
  }
}

/** The record of a run that is about to begin. */
export function newRecord(request: StartRequest, environment: EnvironmentInfo): RunRecord {
  const { runId, name, recipe, model, data, dataset, prompts, generation } = request
  const now = Date.now()
  return {
    ...{ id: runId, name, state: 'running', recipe, environment, generation },
    modelLabel: model.label,
    dataLabel: data.label,
    dataFingerprint: dataset.fingerprint,
    prompts: prompts.map(({ prompt }) => prompt),
    totalSteps: totalSteps(recipe, dataset.train.rows),
    ...{ step: 0, currentCheckpoint: '', bestEvalLoss: null, createdAt: now, updatedAt: now, error: null },
  }
}
