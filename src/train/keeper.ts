// Keeps one run in IndexedDB as it goes: record, metrics in blocks, generations, inputs, checkpoints.
// Without a database it keeps nothing. History that cannot be written is a warning, never the end of a run.

import { tokenizerFileNames } from '../data/tokenizerFiles'
import { fetchFile, readFolder } from '../hub/hub'
import type { ErrorCode } from '../recipe/error'
import { CheckpointWriter } from '../storage/checkpointWriter'
import { writeCheckpoint } from '../storage/checkpointWrite'
import { onConnection, openFinetaleDB, type Database } from '../storage/db'
import { putGeneration } from '../storage/generations'
import { appendEvals, appendSteps } from '../storage/metrics'
import { createRun, deleteRun, putFiles, updateRun } from '../storage/runs'
import type { CheckpointManifest, RunRecord } from '../storage/schema'
import type { CheckpointSource, Snapshot } from '../storage/snapshot'
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
import { totalSteps } from './schedule'

/** Steps kept back before they are written as one block; a checkpoint or a pause writes them at once. */
const BLOCK_STEPS = 20
/** Data files are kept under this and their own name, so that they meet no file of the model. */
const DATA_PREFIX = 'data/'

export type RunPatch = Partial<
  Pick<RunRecord, 'state' | 'step' | 'bestEvalLoss' | 'error' | 'recipe' | 'environment' | 'changes' | 'resumes'>
>

export interface KeeperOptions {
  readonly runId: string
  /** Gives the open connection; null where there is no database. */
  readonly open: (() => Promise<Database>) | null
  /** Hears what could not be kept, each sentence once. */
  readonly warn: (message: string, code?: ErrorCode) => void
}

export class RunKeeper {
  readonly #options: KeeperOptions
  readonly #warned = new Set<string>()
  #steps: StepMetrics[] = []
  #evals: EvalMetrics[] = []
  /** What of the record is not written yet. */
  #patch: RunPatch = {}
  /** The copying of the inputs; null while it has failed. */
  #inputs: Promise<void> | null = Promise.resolve()
  #copyAgain: () => Promise<void> = () => Promise.resolve()
  #discarded = false
  /** The record of a new run, until it is stored. */
  #unwritten: RunRecord | null = null
  readonly #writer = new CheckpointWriter()

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** False when nothing is kept. */
  get works(): boolean {
    return this.#options.open !== null && !this.#discarded
  }

  /** Writes the record of a new run; where that fails, everything written later tries it again first. */
  begin(record: RunRecord): Promise<void> {
    this.#unwritten = record
    return this.#try(async () => {})
  }

  async #begun(db: Database): Promise<void> {
    const record = this.#unwritten
    if (record === null) return
    this.#unwritten = null
    try {
      await createRun(db, record)
    } catch (error) {
      this.#unwritten = record
      throw error
    }
  }

  /**
   * Starts to copy what a resume needs beside the checkpoint: config, tokenizer files and data set, as they are now.
   * The first checkpoint waits for it, and tries it again if it failed.
   */
  keepInputs(model: ModelSource, data: DataSource): void {
    this.#copyAgain = () => {
      this.#inputs = this.#copyInputs(model, data).catch((error: unknown) => {
        this.#inputs = null
        throw error
      })
      this.#inputs.catch(() => {})
      return this.#inputs
    }
    void this.#copyAgain().catch(() => {})
  }

  async #copyInputs(model: ModelSource, data: DataSource): Promise<void> {
    if (this.#options.open === null) return
    const files = await readFolder(model, ['config.json'], tokenizerFileNames)
    const rows = Object.entries(await dataFiles(data)).map(([name, blob]): [string, Blob] => [
      `${DATA_PREFIX}${name}`,
      blob,
    ])
    await putFiles(await this.#options.open(), this.#options.runId, { ...files, ...Object.fromEntries(rows) })
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
    this.#patch = { ...this.#patch, ...patch }
    await this.#try(async (db) => {
      const [steps, evals, changes] = [this.#steps, this.#evals, this.#patch]
      await appendSteps(db, runId, steps)
      this.#steps = this.#steps.slice(steps.length)
      await appendEvals(db, runId, evals)
      this.#evals = this.#evals.slice(evals.length)
      if (Object.keys(changes).length === 0) return
      await updateRun(db, runId, changes)
      // What came meanwhile holds these as well, and is written by its own flush.
      if (this.#patch === changes) this.#patch = {}
    })
  }

  /** Starts the thread that writes checkpoints, so that the first save does not wait for it. */
  warmUp(): void {
    if (this.#options.open !== null) void this.#writer.start()
  }

  /**
   * Writes a checkpoint from a snapshot and makes it current, beside the training. The inputs are stored before it.
   * @throws FinetaleError when it was not saved
   */
  async save(snapshot: Snapshot): Promise<CheckpointManifest> {
    await this.#beforeSave()
    return this.#writer.save(snapshot)
  }

  /** The same straight from the model's memory, which must not change meanwhile: where a copy does not fit. */
  async saveInPlace(source: CheckpointSource): Promise<CheckpointManifest> {
    const open = await this.#beforeSave()
    return writeCheckpoint(open, source)
  }

  async #beforeSave(): Promise<() => Promise<Database>> {
    const { open } = this.#options
    if (open === null) throw new Error('there is no database')
    await (this.#inputs ?? this.#copyAgain())
    await this.#begun(await open())
    return open
  }

  /** The run has ended; nothing is saved after it. */
  close(): void {
    this.#writer.close()
  }

  /** Removes the run and all that was kept of it. */
  async discard(): Promise<void> {
    const { open, runId } = this.#options
    this.#discarded = true
    await this.#inputs?.catch(() => {})
    if (open !== null) await deleteRun(await open(), runId)
  }

  async #try(write: (db: Database) => Promise<void>): Promise<void> {
    const { open, warn } = this.#options
    if (open === null || this.#discarded) return
    try {
      await onConnection(open, async (db) => {
        await this.#begun(db)
        await write(db)
      })
    } catch (thrown) {
      const { message, action, code } = toErrorData(thrown)
      if (this.#warned.has(message)) return
      this.#warned.add(message)
      warn(`${message} ${action}`, code)
    }
  }
}

/** The files of a data set by name; none when one at an address is gone. */
async function dataFiles(data: DataSource): Promise<Readonly<Record<string, Blob>>> {
  if (data.kind === 'files') return data.files
  const file = await fetchFile(data.url, data.label)
  // The name keeps the ending, which tells the format when the run is resumed.
  return file === null ? {} : { [fileNameOf(data.url) || data.label]: file }
}

function fileNameOf(url: string): string {
  return decodeURIComponent(new URL(url, location.href).pathname.split('/').pop() ?? '')
}

/** A run's keeper; says so when this browser keeps nothing. */
export async function keeperFor(runId: string, warn: KeeperOptions['warn']): Promise<RunKeeper> {
  const problem = await openFinetaleDB().then(
    () => null,
    (thrown: unknown) => toErrorData(thrown),
  )
  if (problem !== null) warn(`${problem.message} ${problem.action}`, problem.code)
  // Another tab that blocks an upgrade may let go later; a browser that keeps nothing will not.
  const hopeless = problem !== null && problem.code !== 'blocked'
  return new RunKeeper({ runId, open: hopeless ? null : () => openFinetaleDB(), warn })
}

/** The record of a run that is about to begin. */
export function newRecord(
  request: StartRequest,
  environment: EnvironmentInfo,
  nonEmbeddingParameters: number,
): RunRecord {
  const { runId, name, recipe, model, data, dataset, prompts, generation } = request
  const now = Date.now()
  return {
    ...{ id: runId, name, state: 'running', recipe, environment, generation },
    modelLabel: model.label,
    dataLabel: data.label,
    ...(model.kind === 'files' && model.parent !== undefined ? { parent: model.parent } : {}),
    modelOrigin: model.kind === 'files' ? (model.origin ?? null) : null,
    dataOrigin: data.kind === 'files' ? (data.origin ?? null) : null,
    // Without the user's choice the columns are recognised anew when the run is resumed, by the same rule.
    ...(data.mapping === undefined ? {} : { dataMapping: data.mapping }),
    dataFingerprint: dataset.fingerprint,
    prompts: prompts.map(({ prompt }) => prompt),
    totalSteps: totalSteps(recipe, dataset.train.rows),
    size: { trainRows: dataset.train.rows, evalRows: dataset.eval.rows, nonEmbeddingParameters },
    ...{ step: 0, currentCheckpoint: '', bestEvalLoss: null, createdAt: now, updatedAt: now, error: null },
  }
}
