// The commands behind the buttons: loads inputs, starts and steers runs, restores and resumes them.
// It talks to the two workers and to the store; it knows no element and computes no numbers.

import { transfer } from 'comlink'
import { FinetaleError } from '../recipe/error'
import type { GenerationSettings, Recipe } from '../recipe/recipe'
import { toErrorData } from '../workers/clients'
import type {
  DataSource,
  FinetaleErrorData,
  ModelSource,
  RunEvent,
  StopMode,
  TokenizedDataset,
} from '../workers/protocol'
import { buffersOf, encodeAll, tokenizeAll } from './controllerParts'
import type { ControllerParts } from './controllerParts'
import { notebookPrompts } from './prompts'
import { discardStoredRun, findStoredRuns, phaseOfStored, readHistory } from './storedRuns'
import type { Database } from './storedRuns'
import { TextWriter } from './textWriter'

export interface ControllerDefaults {
  readonly recipe: Recipe
  /** How the prompts of a run are written, before and after training. */
  readonly generation: GenerationSettings
}

export class RunController {
  readonly text: TextWriter
  readonly #parts: ControllerParts
  readonly #generation: GenerationSettings
  #recipe: Recipe
  #eventListeners = new Set<(event: RunEvent) => void>()
  #preparing: Promise<void> = Promise.resolve()
  /** The run whose call to the trainer is pending; '' when there is none. */
  #live = ''
  /** Settles when that call has ended. */
  #left: Promise<void> = Promise.resolve()

  constructor(parts: ControllerParts, { recipe, generation }: ControllerDefaults) {
    this.#parts = parts
    this.#recipe = recipe
    this.#generation = generation
    this.text = new TextWriter(parts)
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

  /** Loads tokenizer, data set and first rows; the page calls it when it opens and when a source changes. */
  prepare(model: ModelSource, data: DataSource): Promise<void> {
    const { store } = this.#parts
    store.update({ ready: false, model, data, preview: null, rowView: null, rowIndex: 0, error: null })
    this.#preparing = this.#load(model, data).catch((thrown: unknown) => store.update({ error: toErrorData(thrown) }))
    return this.#preparing
  }

  async #load(model: ModelSource, data: DataSource): Promise<void> {
    const { store, inputs } = this.#parts
    const warning = await inputs.useModel(model)
    if (warning) store.note(warning)
    const preview = await inputs.useData(data)
    store.update({ preview })
    if (preview.totalRows > 0) await this.viewRow(0, this.#recipe)
    store.update({ ready: true })
  }

  /** Shows a row as the model sees it under `recipe`. */
  async viewRow(rowIndex: number, recipe: Recipe): Promise<void> {
    this.#recipe = recipe
    const { store, tokenizer } = this.#parts
    try {
      const rowView = await tokenizer.call((api) => api.viewRow(rowIndex, recipe))
      store.update({ rowIndex, rowView })
    } catch (thrown) {
      store.update({ error: toErrorData(thrown) })
    }
  }

  /** Starts the trainer worker ahead of the first click, so that the first step comes soon after it. */
  async warmUp(): Promise<void> {
    const { store, trainer } = this.#parts
    const { threads } = this.#recipe
    try {
      store.update({ environment: await trainer.call((api) => api.initialise({ threads })) })
    } catch (thrown) {
      store.update({ error: toErrorData(thrown) })
    }
  }

  async train(recipe: Recipe): Promise<void> {
    const { store, trainer, inputs } = this.#parts
    const runId = crypto.randomUUID()
    this.#recipe = recipe
    await Promise.all([this.#preparing, this.#left])
    const { model, data, ready } = store.state
    if (!model || !data || !ready) return
    const { name, max_steps } = recipe
    store.beginRun({ id: runId, name, recipe, totalSteps: Math.max(0, max_steps), phase: 'loading' })
    await this.#running(runId, async () => {
      inputs.started(runId, { model, data })
      await inputs.useModel(model)
      await inputs.useData(data)
      const dataset = await this.#tokenize(runId, recipe)
      const prompts = await encodeAll(this.#parts, notebookPrompts)
      const request = { runId, name, recipe, model, data, dataset, prompts, generation: this.#generation }
      this.text.holds(runId)
      await trainer.call((api) => api.start(transfer(request, buffersOf(dataset))))
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

  async stop(mode: StopMode): Promise<void> {
    const { store, trainer } = this.#parts
    const { runId } = store.state
    await trainer.call((api) => api.stop(mode))
    if (mode === 'discard' && store.state.runId === runId) {
      this.text.holds('')
      store.clearRun()
    }
  }

  /** Reads storage at load: shows the latest run's history and lists the runs that can go on. */
  async restore(): Promise<void> {
    const { store, openDatabase, say } = this.#parts
    try {
      const db = await openDatabase()
      const { interrupted, latest } = await findStoredRuns(db)
      if (latest && store.state.runId === '') await this.#show(db, latest.id)
      store.update({ interrupted })
    } catch {
      store.note(say('warnNoStorage'))
    }
  }

  async #show(db: Database, runId: string): Promise<void> {
    const { store } = this.#parts
    const record = await db.get('runs', runId)
    if (!record) return
    const { steps, evals, generations } = await readHistory(db, runId)
    const { name, recipe, totalSteps, environment, error, state } = record
    store.beginRun({ id: runId, name, recipe, totalSteps, phase: phaseOfStored(record) })
    store.restoreRun(steps, evals)
    store.addGenerations(generations)
    store.update({ environment, error: state === 'failed' ? error : null })
  }

  /** Goes on with a stored run from its last checkpoint, from the inputs kept with it. */
  async resume(runId: string): Promise<void> {
    const { store, trainer, inputs, openDatabase, say } = this.#parts
    await this.#left
    const db = await openDatabase()
    const record = await db.get('runs', runId)
    if (!record) return
    if (store.state.runId !== runId) await this.#show(db, runId)
    store.update({ interrupted: store.state.interrupted.filter((run) => run.id !== runId), error: null })
    await this.#running(runId, async () => {
      this.receive({ kind: 'phase', runId, phase: 'loading', detail: say('detailLoading') })
      // The page's own inputs may still be loading into the same worker.
      await this.#preparing
      const { model, data } = await inputs.ofRun(runId)
      await inputs.useModel(model)
      const preview = await inputs.useData(data)
      // A stored run keeps no first weights, so the page stays on the model of that name that it has.
      const shown = store.state.model?.label === model.label ? store.state.model : model
      store.update({ model: shown, data, preview, ready: true })
      await this.viewRow(0, record.recipe)
      const dataset = await this.#tokenize(runId, record.recipe)
      if (dataset.fingerprint !== record.dataFingerprint) {
        throw new FinetaleError(say('errorDataChanged'), say('actionDataChanged'))
      }
      const prompts = await encodeAll(this.#parts, record.prompts)
      this.text.holds(runId)
      const request = { runId, dataset, prompts, generation: record.generation }
      await trainer.call((api) => api.resume(transfer(request, buffersOf(dataset))))
    })
  }

  /** Removes a stored run for good. */
  async discard(runId: string): Promise<void> {
    const { store, openDatabase, say } = this.#parts
    const removed = await discardStoredRun(await openDatabase(), runId)
    if (!removed) store.note(say('warnOtherTab'))
    else if (store.state.runId === runId) store.clearRun()
    await this.#findInterrupted()
  }

  /** Replaces crashed workers by fresh ones; runs go on from their checkpoints. */
  async restartWorkers(): Promise<void> {
    const { store, tokenizer, trainer, inputs } = this.#parts
    const { model, data } = store.state
    this.text.holds('')
    inputs.forget()
    tokenizer.restart()
    trainer.restart()
    store.update({ error: null, writing: null })
    void this.warmUp()
    if (model && data) await this.prepare(model, data)
    await this.#findInterrupted()
  }

  async #findInterrupted(): Promise<void> {
    const { store, openDatabase } = this.#parts
    try {
      const { interrupted } = await findStoredRuns(await openDatabase())
      store.update({ interrupted: interrupted.filter((run) => run.id !== this.#live) })
    } catch {
      // Without storage there is nothing to go on with; restore() has said so.
    }
  }

  async #tokenize(runId: string, recipe: Recipe): Promise<TokenizedDataset> {
    const { say } = this.#parts
    return tokenizeAll(this.#parts, recipe, (done, total) => {
      // The last reports may arrive after the result; the run is further by then.
      if (this.#live === runId && !['loading', 'tokenizing'].includes(this.#parts.store.state.phase)) return
      this.receive({ kind: 'phase', runId, phase: 'tokenizing', detail: say('detailTokenizing', { done, total }) })
    })
  }

  /** Runs a call that trains; what it throws becomes the run's failure, once. */
  #running(runId: string, work: () => Promise<void>): Promise<void> {
    this.#left = this.#run(runId, work)
    return this.#left
  }

  async #run(runId: string, work: () => Promise<void>): Promise<void> {
    this.#live = runId
    try {
      await work()
    } catch (thrown) {
      const { state } = this.#parts.store
      if (state.runId === runId && state.phase !== 'failed') {
        this.receive({ kind: 'failed', runId, error: toErrorData(thrown) })
      }
    } finally {
      this.#live = ''
      await this.#findInterrupted()
    }
  }
}
