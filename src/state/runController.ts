// The commands behind the buttons: loads inputs, starts, steers and resumes runs.
// It talks to the two workers and to the store; it knows no element and computes no numbers.

import { proxy, transfer } from 'comlink'
import { FinetaleError } from '../recipe/error'
import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type { RunRecord } from '../storage/schema'
import { toErrorData, WORKER_CRASHED } from '../workers/clients'
import type {
  DataSource,
  FinetaleErrorData,
  ModelSource,
  RunEvent,
  SelfCheckReport,
  StopMode,
  TokenizedDataset,
} from '../workers/protocol'
import { buffersOf, encodeAll, tokenizeAll } from './controllerParts'
import type { ControllerParts } from './controllerParts'
import { InputPreview } from './inputPreview'
import { forgetRun } from './knownRuns'
import { generationFor, promptsFor } from './prompts'
import { reporting } from './reports'
import { RunRestorer } from './runRestorer'
import { BASE, isActive } from './runStore'
import { discardStoredRun, runReleased } from './storedRuns'
import { TextWriter } from './textWriter'

export interface ControllerDefaults {
  readonly recipe: Recipe
  readonly generation: Partial<GenerationSettings>
}

export class RunController {
  readonly text: TextWriter
  readonly preview: InputPreview
  readonly stored: RunRestorer
  readonly #parts: ControllerParts
  /** Where words are picked otherwise than the data set's texts are. */
  readonly generation: Partial<GenerationSettings>
  readonly #threads: number
  #eventListeners = new Set<(event: RunEvent) => void>()
  /** The run that a click has asked for, until it is live; '' when there is none. A second click starts no second one. */
  #asked = ''
  /** The run whose call to the trainer is pending; '' when there is none. */
  #live = ''
  /** Settles when that call has ended. */
  #left: Promise<void> = Promise.resolve()

  constructor(parts: ControllerParts, { recipe, generation }: ControllerDefaults) {
    this.#parts = parts
    this.#threads = recipe.threads
    this.generation = generation
    this.text = new TextWriter(parts)
    this.preview = new InputPreview(parts, recipe, () => this.#live)
    this.stored = new RunRestorer(parts, () => this.#live || this.#asked)
  }

  /** Hears every event of the run shown, one by one and at once. Returns the function that ends it. */
  onEvent(listener: (event: RunEvent) => void): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }

  /** Takes an event from the trainer, or from the page's own part of a run. */
  receive(event: RunEvent): void {
    if (!this.#parts.store.apply(event)) return
    for (const listener of this.#eventListeners) listener(event)
  }

  /** A worker died: what it held is gone, saved checkpoints are not. */
  crashed(error: FinetaleErrorData): void {
    this.text.holds('')
    if (this.#live) this.receive({ kind: 'failed', runId: this.#live, error })
    else this.#parts.store.update({ error, writing: null })
  }

  /** Loads inputs and shows their first rows; false when they were refused. */
  prepare(model: ModelSource | null, data: DataSource | null): Promise<boolean> {
    return this.preview.prepare(model, data)
  }

  /** What was trained or written belongs to other inputs and leaves the page, not the storage. */
  inputsChanged(model: boolean): void {
    if (model) this.text.holds('')
    this.#parts.store.clearRun(model)
  }

  /** Starts the trainer worker ahead of the first click, so that the first step comes soon after it. */
  async warmUp(): Promise<void> {
    const { store, trainer } = this.#parts
    const threads = this.#threads
    try {
      store.update({ environment: await trainer.call((api) => api.initialise({ threads })) })
    } catch (thrown) {
      store.update({ error: toErrorData(thrown) })
    }
  }

  /** Computes the small golden case in this browser and compares. Refused while a run is live. */
  selfCheck(folder: string, onProgress: (share: number) => void): Promise<SelfCheckReport> {
    const { trainer } = this.#parts
    return reporting(onProgress, (listener) => trainer.call((api) => api.selfCheck(folder, proxy(listener))))
  }

  train(recipe: Recipe): Promise<void> {
    const { store, trainer, inputs } = this.#parts
    const runId = crypto.randomUUID()
    return this.#once(runId, async () => {
      await Promise.all([this.preview.settled, this.#left])
      const { model, data, ready } = store.state
      if (!model || !data || !ready) return null
      const { name, max_steps } = recipe
      store.beginRun({ id: runId, name, recipe, totalSteps: Math.max(0, max_steps), phase: 'loading' })
      inputs.started(runId, { model, data })
      const work = async () => {
        const dataset = await this.#tokenize(runId, recipe)
        const prompts = await encodeAll(this.#parts, promptsFor(data))
        const generation = generationFor(data, this.generation)
        const request = { runId, name, recipe, model, data, dataset, prompts, generation }
        this.text.holds(runId)
        await trainer.call((api) => api.start(transfer(request, buffersOf(dataset))))
      }
      return () => inputs.with(model, data, work)
    })
  }

  /** Takes effect after the step under way. */
  pause(): Promise<void> {
    return this.#parts.trainer.call((api) => api.pause())
  }

  continue(): Promise<void> {
    return this.#parts.trainer.call((api) => api.continue())
  }

  step(): Promise<void> {
    return this.#parts.trainer.call((api) => api.stepOnce())
  }

  saveSoon(): Promise<void> {
    return this.#parts.trainer.call((api) => api.saveSoon())
  }

  /** The weights of a run in memory, with the model they belong to. */
  async liveModel(runId: string): Promise<{ model: ModelSource; weights: Blob; step: number }> {
    const { model } = await this.#parts.inputs.ofRun(runId)
    return { model, ...(await this.#parts.trainer.call((api) => api.weights(runId))) }
  }

  async stop(mode: StopMode): Promise<void> {
    const { store, trainer, runsRemoved, openDatabase } = this.#parts
    const { runId } = store.state
    await trainer.call((api) => api.stop(mode))
    if (mode !== 'discard') return
    // A run that had ended while the question was open is still stored; without storage there is nothing to remove.
    await runReleased(runId)
    await openDatabase().then(
      (db) => discardStoredRun(db, runId),
      () => false,
    )
    // The worker cannot reach what the page remembers of the runs there are.
    forgetRun(runId)
    if (store.state.runId === runId) {
      this.text.holds('')
      store.clearRun()
    }
    await runsRemoved()
  }

  /**
   * Goes on from the last good checkpoint with the learning rate multiplied by `scale`: for a run whose numbers were no
   * longer finite. A run that is paused in memory is let go of first; what it has not saved is unusable.
   */
  async resumeSlower(runId: string, scale = 0.1): Promise<void> {
    if (this.#live === runId) await this.stop('save')
    await this.#left
    await this.resume(runId, scale)
  }

  /** Goes on with a stored run from its last checkpoint, from the inputs kept with it. @throws when it was deleted */
  resume(runId: string, learningRateScale = 1): Promise<void> {
    const { store, inputs, openDatabase, say } = this.#parts
    return this.#once(runId, async () => {
      await this.#left
      const db = await openDatabase()
      const record = await this.stored.recordOf(db, runId)
      if (store.state.runId !== runId) await this.stored.load(db, record)
      store.update({ interrupted: store.state.interrupted.filter((run) => run.id !== runId), error: null })
      this.receive({ kind: 'phase', runId, phase: 'loading', detail: say('detailLoading') })
      return async () => {
        // The page's own inputs may still be on their way.
        await this.preview.settled
        const { model, data } = await inputs.ofRun(runId)
        await inputs.with(model, data, ({ preview }) => {
          // A stored run keeps no first weights, so the page stays on the model of that name that it has.
          const before = store.state
          const same = before.model?.label === model.label
          const shown = same ? before.model : model
          const hub = { model: same ? before.hub.model : null, data: null }
          // Texts by a model that leaves the page are no longer those of its untouched model.
          const generations = before.generations.filter((row) => same || row.runId !== BASE)
          store.inputsReplaced()
          const loaded = { ready: true, refused: false, statistics: null }
          store.update({ model: shown, data, preview, hub, generations, ...loaded })
          return this.#goOn(record, learningRateScale)
        })
      }
    })
  }

  /** Hands a stored run to the trainer, once its inputs are loaded. */
  async #goOn(record: RunRecord, learningRateScale: number): Promise<void> {
    const { trainer, say } = this.#parts
    const { id: runId, recipe, generation } = record
    await this.preview.viewRow(0, recipe)
    const dataset = await this.#tokenize(runId, recipe)
    if (dataset.fingerprint !== record.dataFingerprint) {
      throw new FinetaleError(say('errorDataChanged'), say('actionDataChanged'))
    }
    const prompts = await encodeAll(this.#parts, record.prompts)
    this.text.holds(runId)
    const request = { runId, dataset, prompts, generation, learningRateScale }
    await trainer.call((api) => api.resume(transfer(request, buffersOf(dataset))))
  }

  /** Replaces crashed workers by fresh ones, and goes on with `runId` from its last checkpoint where one is given. */
  async restartWorkers(runId = ''): Promise<void> {
    const { store, tokenizer, trainer, inputs } = this.#parts
    const { model, data } = store.state
    this.text.holds('')
    inputs.forget()
    tokenizer.restart()
    trainer.restart()
    store.update({ error: null, writing: null })
    void this.warmUp()
    if (runId !== '') {
      await runReleased(runId)
      return this.resume(runId)
    }
    await this.prepare(model, data)
    await this.stored.findInterrupted()
  }

  async #tokenize(runId: string, recipe: Recipe): Promise<TokenizedDataset> {
    const { say } = this.#parts
    return tokenizeAll(this.#parts, recipe, (done, total) => {
      this.receive({ kind: 'phase', runId, phase: 'tokenizing', detail: say('detailTokenizing', { done, total }) })
    })
  }

  /**
   * Starts a run and waits for its end: `begin` shows it and gives the call that trains, or null where there is nothing to
   * start. While another has been asked for or is at work nothing begins.
   */
  async #once(runId: string, begin: () => Promise<(() => Promise<void>) | null>): Promise<void> {
    if (this.#asked !== '' || isActive(this.#parts.store.state)) return
    this.#asked = runId
    try {
      const work = await begin()
      if (work) this.#left = this.#run(runId, work)
    } finally {
      this.#asked = ''
    }
    await this.#left
  }

  /** Runs a call that trains; what it throws becomes the run's failure, once. */
  async #run(runId: string, work: () => Promise<void>): Promise<void> {
    this.#live = runId
    try {
      await work()
    } catch (thrown) {
      const { state } = this.#parts.store
      if (state.runId === runId && state.phase !== 'failed') {
        this.receive({ kind: 'failed', runId, error: toErrorData(thrown) })
      }
      // A worker that died may have made a last checkpoint current without a word; only then is the store worth a look.
      if (toErrorData(thrown).name === WORKER_CRASHED) await runReleased(runId)
    } finally {
      this.#live = ''
      await this.stored.findInterrupted()
    }
  }
}
