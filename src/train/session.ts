// The trainer worker's life: which model is in memory, which run is live, and who waits for whom.
// Implements TrainerApi without knowing how it is reached; trainer.worker.ts exposes it.

import { initBackend, setThreads } from '../kernels/backend'
import type { ErrorCode } from '../recipe/error'
import { tidyCheckpoints } from '../storage/checkpointCare'
import { openFinetaleDB } from '../storage/db'
import { putGeneration } from '../storage/generations'
import { getRun, updateRun } from '../storage/runs'
import type {
  Decode,
  EnvironmentInfo,
  FinetaleErrorData,
  GenerateRequest,
  GenerationRow,
  Living,
  ModelSource,
  ResumeRequest,
  RunEvent,
  RunPhase,
  SelfCheckReport,
  StartRequest,
  StopMode,
  TrainerApi,
} from '../workers/protocol'
import { continued } from './changes'
import { Mutex } from './control'
import { toErrorData } from './errors'
import { keeperFor, newRecord, type RunKeeper } from './keeper'
import { withRunLock } from './lock'
import { type LoadedModel, loadInitialModel, loadModel, loadStoredModel, loadStoredRun } from './loading'
import { startCursor } from './loop'
import { AdamW } from './optimizer'
import { busy, notInMemory, requireFit, requireRecord, requireRows, requireSameData } from './refusals'
import { Run, type RunParts } from './run'
import { totalSteps } from './schedule'
import { selfCheck } from './selfCheck'
import { weightsAsSafetensors } from './weightsFile'
import { writeText } from './writeText'

/** Run id of a model loaded for generation only. */
const BASE = 'base'

interface Held extends LoadedModel {
  readonly runId: string
  step: number
}

export class TrainerSession implements Omit<TrainerApi, keyof Living> {
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
    // What a tab that died in mid-save has left; nobody waits for it.
    void openFinetaleDB()
      .then(tidyCheckpoints)
      .catch(() => {})
  }

  start(request: StartRequest): Promise<void> {
    const { runId, recipe, dataset, prompts, generation } = request
    return this.#live(runId, async () => {
      requireRows(dataset)
      this.#tell(runId, 'loading', request.model.label)
      const environment = await this.initialise({ threads: recipe.threads })
      const { model } = await this.#take(runId, 0, () =>
        loadInitialModel(request.model, recipe, (config) => requireFit(config, recipe, dataset, environment.threads)),
      )
      for (const message of model.notes) this.#warn(runId, message)
      const keeper = await keeperFor(runId, (message, code) => this.#warn(runId, message, code))
      await keeper.begin(newRecord(request, environment, model.nonEmbeddingParameterCount))
      keeper.keepInputs(request.model, request.data)
      await this.#train(keeper, {
        ...{ runId, recipe, dataset, prompts, generation, environment, cursor: startCursor },
        ...{ model, optimizer: new AdamW(model.params, recipe), resumed: false, evaluated: false },
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
      requireSameData(record, dataset)
      const environment = await this.initialise({ threads: record.recipe.threads })
      const total = totalSteps(record.recipe, dataset.train.rows)
      const { model, optimizer, cursor, evaluated } = await this.#take(runId, record.step, () =>
        loadStoredRun(db, record, total, {
          onDamage: (sentence) => this.#warn(runId, sentence),
          onProgress: (share) => this.#tell(runId, 'loading', `${Math.round(100 * share)} %`),
        }),
      )
      const { recipe, changes, resumes, sentences } = continued(record, request, environment, cursor.step)
      for (const sentence of sentences) this.#warn(runId, sentence)
      const keeper = await keeperFor(runId, (message, code) => this.#warn(runId, message, code))
      const { step, bestEvalLoss } = cursor
      const going = { recipe, environment, changes, resumes }
      await keeper.flush({ ...going, state: 'running', step, bestEvalLoss, error: null })
      await this.#train(keeper, {
        ...{ ...going, runId, dataset, prompts, generation, cursor, evaluated, model, optimizer },
        resumed: true,
      })
    })
  }

  readonly pause = async (): Promise<void> => this.#run?.control.pause()
  readonly continue = async (): Promise<void> => this.#run?.control.continue()
  readonly stepOnce = async (): Promise<void> => this.#run?.control.stepOnce()

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
    // A Stop for an earlier text is forgotten now, not when this one's turn comes: it may be stopped while it waits.
    this.#textStopped = false
    if (this.#held?.runId !== runId) await this.loadRun(runId)
    return this.#mutex.run(async () => {
      const { model, eosId, step } = this.#inMemory(runId)
      const row = await writeText({
        ...{ model, eosId, runId, prompt, settings, onText, step },
        decode: this.#decode,
        stopped: () => this.#textStopped,
        warn: (message) => this.#warn(runId, message),
      })
      const stored = openFinetaleDB().then((db) => putGeneration(db, row))
      await stored.catch((thrown: unknown) => this.#warn(runId, toErrorData(thrown).message))
      this.#emit({ kind: 'generation', runId, row })
      return row
    })
  }

  /** Between two steps, so that all numbers are of the same one. */
  weights(runId: string): Promise<{ step: number; weights: Blob }> {
    return this.#mutex.run(() => {
      const { model, step } = this.#inMemory(runId)
      return { step, weights: weightsAsSafetensors(model) }
    })
  }

  /** The model in memory when it is this run's, at the step it is at. @throws FinetaleError when it is another's */
  #inMemory(runId: string): Held {
    const held = this.#held
    if (held?.runId !== runId) throw notInMemory()
    return { ...held, step: (this.#liveId === runId ? this.#run?.step : undefined) ?? held.step }
  }

  /** Ends the text of generate(); those that a run writes by itself end with the run. */
  async stopGenerating(): Promise<void> {
    this.#textStopped = true
  }

  async loadBase(source: ModelSource): Promise<{ parameters: number }> {
    this.#refuseWhileLive()
    await this.initialise({ threads: this.#environment?.threads ?? 0 })
    const { model } = await this.#take(BASE, 0, () => loadModel(source))
    return { parameters: model.parameterCount }
  }

  async selfCheck(folder: string, onProgress: (share: number) => void): Promise<SelfCheckReport> {
    this.#refuseWhileLive()
    const environment = await this.initialise({ threads: this.#environment?.threads ?? 0 })
    return this.#mutex.run(() => selfCheck(folder, environment, onProgress))
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
    const { model, step } = await this.#take(runId, record.step, () =>
      loadStoredModel(db, record, (sentence) => this.#warn(runId, sentence)),
    )
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

  async #train(keeper: RunKeeper, parts: Omit<RunParts, 'keeper' | 'mutex' | 'emit' | 'decode'>): Promise<void> {
    const run = new Run({ ...parts, keeper, mutex: this.#mutex, emit: this.#emit, decode: this.#decode })
    this.#run = run
    if (this.#earlyStop !== null) run.control.stop(this.#earlyStop)
    try {
      await run.train()
    } finally {
      if (this.#held?.runId === parts.runId) this.#held.step = run.step
      parts.optimizer.dispose()
    }
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

  #warn(runId: string, message: string, code?: ErrorCode): void {
    this.#emit({ kind: 'warning', runId, message, ...(code === undefined ? {} : { code }) })
  }
}
