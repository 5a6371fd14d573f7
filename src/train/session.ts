// The trainer worker's life: which model is in memory, which run is live, and who waits for whom.
// Implements TrainerApi without knowing how it is reached; trainer.worker.ts exposes it.

import { initBackend, setThreads } from '../kernels/backend'
import { FinetaleError } from '../recipe/error'
import { openFinetaleDB } from '../storage/db'
import { putGeneration } from '../storage/generations'
import { getRun, updateRun } from '../storage/runs'
import type {
  Decode,
  EnvironmentInfo,
  FinetaleErrorData,
  GenerateRequest,
  GenerationRow,
  ModelSource,
  ResumeRequest,
  RunEvent,
  RunPhase,
  StartRequest,
  StopMode,
  TrainerApi,
} from '../workers/protocol'
import { Mutex } from './control'
import { toErrorData } from './errors'
import { newRecord, RunKeeper } from './keeper'
import { withRunLock } from './lock'
import { type LoadedModel, loadModel, loadStoredModel, loadStoredRun } from './loading'
import { startCursor } from './loop'
import { AdamW } from './optimizer'
import { busy, notInMemory, requireRecord, requireRows } from './refusals'
import { Run, type RunParts } from './run'
import { totalSteps } from './schedule'
import { writeText } from './writeText'

/** Run id of a model loaded for generation only. */
const BASE = 'base'

interface Held extends LoadedModel {
  readonly runId: string
  step: number
}

export class TrainerSession implements TrainerApi {
  readonly #mutex = new Mutex()
  #emit: (event: RunEvent) => void = () => {}
  #decode: Decode = () => Promise.reject(new Error('connect() was not called'))
  #environment: EnvironmentInfo | null = null
  #held: Held | null = null
  /** The id of the run that is loading or live; '' when there is none. */
  #liveId = ''
  #run: Run | null = null
  #earlyStop: StopMode | null = null
  /** Settles when the live run has left the loop. */
  #left: Promise<void> = Promise.resolve()
  #textStopped = false

  async initialise(options: { threads: number }): Promise<EnvironmentInfo> {
    const onWarning = (message: string) => this.#warn(this.#liveId || BASE, message)
    const { flavour } = await initBackend({ onWarning })
    const threads = await this.#mutex.run(() => setThreads(options.threads))
    const isolated = globalThis.crossOriginIsolated
    this.#environment = { threads, isolated, flavour, userAgent: navigator.userAgent }
    return this.#environment
  }

  async connect(emit: (event: RunEvent) => void, decode: Decode): Promise<void> {
    this.#emit = emit
    this.#decode = decode
  }

  start(request: StartRequest): Promise<void> {
    const { runId, recipe, dataset, prompts, generation } = request
    return this.#live(runId, async () => {
      requireRows(dataset)
      this.#tell(runId, 'loading', request.model.label)
      const environment = await this.initialise({ threads: recipe.threads })
      const { model } = await this.#take(runId, 0, () => loadModel(request.model))
      for (const message of model.notes) this.#warn(runId, message)
      const keeper = await this.#keeperOf(runId)
      await keeper.begin(newRecord(request, environment))
      keeper.keepInputs(request.model, request.data)
      await this.#train(keeper, {
        ...{ runId, recipe, dataset, prompts, generation, environment, cursor: startCursor, evaluated: false },
        ...{ model, optimizer: new AdamW(model.params, recipe) },
      })
    })
  }

  resume(request: ResumeRequest): Promise<void> {
    const { runId, dataset, prompts, generation } = request
    return this.#live(runId, async () => {
      requireRows(dataset)
      this.#tell(runId, 'loading', '')
      const db = await openFinetaleDB()
      const record = await requireRecord(db, runId)
      if (record.dataFingerprint !== dataset.fingerprint) {
        throw new FinetaleError(
          'The data set is not the one this run was trained on, so going on would not be the same run.',
          'Start a new run with this data set.',
        )
      }
      const { recipe } = record
      const environment = await this.initialise({ threads: recipe.threads })
      const total = totalSteps(recipe, dataset.train.rows)
      const { model, optimizer, cursor, evaluated } = await this.#take(runId, record.step, () =>
        loadStoredRun(db, record, total),
      )
      const keeper = await this.#keeperOf(runId)
      await keeper.flush({ state: 'running', step: cursor.step, bestEvalLoss: cursor.bestEvalLoss, error: null })
      await this.#train(keeper, {
        ...{ runId, recipe, dataset, prompts, generation, environment, cursor, evaluated, model, optimizer },
      })
    })
  }

  async pause(): Promise<void> {
    this.#run?.control.pause()
  }

  async continue(): Promise<void> {
    this.#run?.control.continue()
  }

  async stepOnce(): Promise<void> {
    this.#run?.control.stepOnce()
  }

  /** Resolves when the run has left the loop and is saved or removed. */
  async stop(mode: StopMode): Promise<void> {
    if (this.#liveId === '') return
    this.#earlyStop = mode
    this.#run?.control.stop(mode)
    await this.#left
  }

  async saveSoon(): Promise<void> {
    this.#run?.control.saveSoon()
  }

  async generate(request: GenerateRequest, onText: (text: string) => void): Promise<GenerationRow> {
    const { runId, prompt, settings } = request
    if (this.#held?.runId !== runId) await this.loadRun(runId)
    return this.#mutex.run(async () => {
      const held = this.#held
      if (held === null || held.runId !== runId) throw notInMemory()
      const row = await writeText({
        ...{ model: held.model, eosId: held.eosId, runId, prompt, settings, onText },
        step: this.#liveId === runId ? (this.#run?.step ?? held.step) : held.step,
        decode: this.#decode,
        stopped: this.#beginText(),
        warn: (message) => this.#warn(runId, message),
      })
      const stored = openFinetaleDB().then((db) => putGeneration(db, row))
      await stored.catch((thrown: unknown) => this.#warn(runId, toErrorData(thrown).message))
      this.#emit({ kind: 'generation', runId, row })
      return row
    })
  }

  async stopGenerating(): Promise<void> {
    this.#textStopped = true
  }

  /** A new text begins: a Stop meant for an earlier one is forgotten. Returns what tells whether this one was stopped. */
  #beginText(): () => boolean {
    this.#textStopped = false
    return () => this.#textStopped
  }

  async loadBase(source: ModelSource): Promise<{ parameters: number }> {
    this.#refuseWhileLive()
    await this.initialise({ threads: this.#environment?.threads ?? 0 })
    const { model } = await this.#take(BASE, 0, () => loadModel(source))
    return { parameters: model.parameterCount }
  }

  async loadRun(runId: string): Promise<{ parameters: number; step: number }> {
    const held = this.#held
    if (held?.runId === runId) {
      return { parameters: held.model.parameterCount, step: this.#run?.step ?? held.step }
    }
    if (runId === BASE) throw notInMemory()
    this.#refuseWhileLive()
    const db = await openFinetaleDB()
    const record = await requireRecord(db, runId)
    await this.initialise({ threads: record.recipe.threads })
    const { model, step } = await this.#take(runId, record.step, () => loadStoredModel(db, record))
    if (this.#held !== null) this.#held.step = step
    return { parameters: model.parameterCount, step }
  }

  /** Puts a model in memory in place of the one before, which is kept when loading fails. */
  async #take<T extends LoadedModel>(runId: string, step: number, load: () => Promise<T>): Promise<T> {
    const loaded = await load()
    await this.#mutex.run(() => {
      this.#held?.model.dispose()
      this.#held = { model: loaded.model, eosId: loaded.eosId, runId, step }
    })
    return loaded
  }

  /** Owns the run's lock while `work` runs; what it throws becomes a 'failed' event and is thrown again. */
  #live(runId: string, work: () => Promise<void>): Promise<void> {
    if (this.#liveId !== '') return Promise.reject(busy())
    this.#liveId = runId
    this.#earlyStop = null
    const owned = async () => {
      try {
        await work()
      } catch (thrown) {
        // Only the owner may write this; when the lock was refused the record is another tab's.
        await this.#markFailed(runId, toErrorData(thrown)).catch(() => {})
        throw thrown
      }
    }
    const living = withRunLock(runId, owned)
      .catch((thrown: unknown) => {
        this.#emit({ kind: 'failed', runId, error: toErrorData(thrown) })
        throw thrown
      })
      .finally(() => {
        this.#liveId = ''
        this.#run = null
      })
    this.#left = living.catch(() => {})
    return living
  }

  async #train(
    keeper: RunKeeper,
    parts: Omit<RunParts, 'keeper' | 'mutex' | 'emit' | 'decode' | 'beginText'>,
  ): Promise<void> {
    const run = new Run({
      ...parts,
      keeper,
      mutex: this.#mutex,
      emit: this.#emit,
      decode: this.#decode,
      beginText: () => this.#beginText(),
    })
    this.#run = run
    if (this.#earlyStop !== null) run.control.stop(this.#earlyStop)
    try {
      await run.train()
    } finally {
      if (this.#held?.runId === parts.runId) this.#held.step = run.step
      parts.optimizer.dispose()
    }
  }

  /** A run's keeper; says so when this browser keeps nothing. */
  async #keeperOf(runId: string): Promise<RunKeeper> {
    const warn = (message: string) => this.#warn(runId, message)
    const problem = await openFinetaleDB().then(
      () => null,
      (thrown: unknown) => toErrorData(thrown),
    )
    if (problem !== null) warn(`${problem.message} ${problem.action}`)
    return new RunKeeper({ runId, open: problem === null ? () => openFinetaleDB() : null, warn })
  }

  async #markFailed(runId: string, error: FinetaleErrorData): Promise<void> {
    const db = await openFinetaleDB()
    const record = await getRun(db, runId)
    // A run that was refused before it began to train stays what it was.
    if (record === undefined || (record.state !== 'running' && record.state !== 'paused')) return
    // A run with a checkpoint can go on after a failure; one without cannot.
    const state = record.currentCheckpoint === '' ? 'failed' : 'interrupted'
    await updateRun(db, runId, { state, error })
  }

  #refuseWhileLive(): void {
    if (this.#liveId !== '') throw busy()
  }

  #tell(runId: string, phase: RunPhase, detail: string): void {
    this.#emit({ kind: 'phase', runId, phase, detail })
  }

  #warn(runId: string, message: string): void {
    this.#emit({ kind: 'warning', runId, message })
  }
}
