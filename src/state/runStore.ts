// What the page knows: one plain observable store that run events are applied to. It computes nothing, calls no worker
// and touches no storage. Events of other runs are dropped here, and listeners hear at most once per animation frame.

import type { Recipe } from '../recipe/recipe'
import type { EvalMetrics, GenerationRow, RunEvent, RunPhase, StepMetrics } from '../workers/protocol'
import { EvalColumns, StepColumns } from './columns'
import type { HubItem, Side } from './sources'
import { BASE, emptyState, noRun, timedPhases } from './storeState'
import type { StoreState } from './storeState'

export { BASE, isActive, isBusy, resumable } from './storeState'
export type { InterruptedRun, StoreState } from './storeState'

export type Schedule = (notify: () => void) => void

/** One call per frame; a hidden page draws no frames, so a timer stands in for it there. */
const perFrame: Schedule = (notify) => {
  let done = false
  const once = () => {
    if (done) return
    done = true
    clearTimeout(timer)
    notify()
  }
  const timer = setTimeout(once, 250)
  if (!document.hidden) requestAnimationFrame(once)
}

export class RunStore {
  #state: StoreState = emptyState
  #steps = new StepColumns()
  #evals = new EvalColumns()
  #listeners = new Set<() => void>()
  #scheduled = false
  /** Notes that have nothing to do with the inputs. */
  readonly #lasting = new Set<string>()
  readonly #schedule: Schedule

  constructor(schedule: Schedule = perFrame) {
    this.#schedule = schedule
  }

  get state(): StoreState {
    return this.#state
  }

  get steps(): StepColumns {
    return this.#steps
  }

  get evals(): EvalColumns {
    return this.#evals
  }

  /** Calls `listener` after changes, at most once per frame; returns the function that ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  update(change: Partial<StoreState>): void {
    this.#state = { ...this.#state, ...change }
    if (this.#scheduled) return
    this.#scheduled = true
    this.#schedule(() => {
      this.#scheduled = false
      for (const listener of this.#listeners) listener()
    })
  }

  /** Changes what is known of a chosen repository; null when the side is no longer one. */
  updateHub(side: Side, change: Partial<HubItem> | null): void {
    const item = this.#state.hub[side]
    const changed = change && item ? { ...item, ...change } : null
    this.update({ hub: { ...this.#state.hub, [side]: changed } })
  }

  /** Shows a new run, empty; rows of the untouched model stay in the table beside it. */
  beginRun(run: { id: string; name: string; recipe: Recipe; totalSteps: number; phase: RunPhase }): void {
    this.restoreRun([], [])
    const generations = this.#state.generations.filter((row) => row.runId === BASE || row.runId === run.id)
    const { id: runId, name: runName, recipe, totalSteps, phase } = run
    this.update({ ...noRun, runId, runName, recipe, totalSteps, phase, generations, warnings: [] })
  }

  /** Forgets the run shown; with `all`, also the untouched model's rows (the model has changed). */
  clearRun(all = false): void {
    this.restoreRun([], [])
    const generations = all ? [] : this.#state.generations.filter((row) => row.runId === BASE)
    this.update({ ...noRun, generations, writing: null, warnings: [] })
  }

  /** Replaces the run's history by stored rows, in step order. */
  restoreRun(steps: readonly StepMetrics[], evals: readonly EvalMetrics[]): void {
    this.#steps = new StepColumns(steps)
    this.#evals = new EvalColumns(evals)
    // A row's seconds are the mean of the steps since the row before.
    const activeBefore =
      1000 * steps.reduce((sum, row, i) => sum + row.seconds * (row.step - (steps[i - 1]?.step ?? 0)), 0)
    this.update({ latest: steps.at(-1) ?? null, latestEval: evals.at(-1) ?? null, activeBefore, activeSince: null })
  }

  addGenerations(rows: readonly GenerationRow[]): void {
    const known = new Set(this.#state.generations.map((row) => row.id))
    const { runModel, model } = this.#state
    const page = model?.label ?? ''
    const fresh = rows
      .filter((row) => !known.has(row.id) && known.add(row.id))
      .map((row) => ({ ...row, model: row.runId === BASE ? page : runModel || page }))
    if (fresh.length > 0) this.update({ generations: [...this.#state.generations, ...fresh] })
  }

  /** @param lasting true when it is about the browser's storage and stays true with other inputs */
  note(message: string, lasting = false): void {
    if (lasting) this.#lasting.add(message)
    if (!this.#state.notes.includes(message)) this.update({ notes: [...this.#state.notes, message] })
  }

  /** Other inputs are in use: what was noted of those before is no longer true. */
  inputsReplaced(): void {
    this.update({ notes: this.#state.notes.filter((note) => this.#lasting.has(note)) })
  }

  warn(message: string): void {
    if (!this.#state.warnings.includes(message)) this.update({ warnings: [...this.#state.warnings, message] })
  }

  /** Applies an event of the run shown; returns false for a late event of another run, which changes nothing. */
  apply(event: RunEvent): boolean {
    if (event.kind === 'generation' && event.runId === BASE) {
      this.addGenerations([event.row])
      return true
    }
    if (event.runId !== (this.#state.runId || BASE)) return false
    switch (event.kind) {
      case 'phase':
        this.#setPhase(event.phase, event.detail)
        return true
      case 'started':
        this.#started(event)
        return true
      case 'step':
        this.#steps.push({ ...event.metrics })
        this.update({ latest: event.metrics })
        return true
      case 'eval':
        this.#evals.pushEval(event.metrics)
        this.update({ latestEval: event.metrics })
        return true
      case 'checkpoint':
        this.update({ checkpoint: { step: event.step, at: Date.now(), bytes: event.bytes }, storage: 'works' })
        return true
      case 'warning':
        this.warn(event.message)
        if (event.code === 'not-finite') this.update({ spoilt: true })
        if (event.code === 'quota') this.update({ storage: 'full' })
        if (event.code === 'no-storage') this.update({ storage: 'none' })
        return true
      case 'generation':
        this.addGenerations([event.row])
        return true
      case 'failed':
        this.#setPhase('failed', event.error.message)
        this.update({ error: event.error, writing: null })
        return true
      default:
        event satisfies never
        return false
    }
  }

  #setPhase(phase: RunPhase, detail: string): void {
    const { activeBefore, activeSince } = this.#state
    const timed = timedPhases.includes(phase)
    if (timed && activeSince === null) this.update({ activeSince: Date.now() })
    if (!timed && activeSince !== null) {
      this.update({ activeSince: null, activeBefore: activeBefore + Date.now() - activeSince })
    }
    this.update({ phase, detail })
  }

  #started(event: Extract<RunEvent, { kind: 'started' }>): void {
    const { totalSteps, stepsPerEpoch, parameters, size = null, environment, fromStep } = event
    const { changes = [], resumes = [] } = event
    // A run that begins anew makes the rows of the untouched model anew.
    const last = fromStep === 0 ? -1 : fromStep
    this.#steps.truncateAfter(last)
    this.#evals.truncateAfter(last)
    const { latest, latestEval, generations, checkpoint } = this.#state
    this.update({
      // Where the last checkpoint was damaged, the run goes on from the one before it.
      checkpoint: checkpoint && checkpoint.step <= fromStep ? checkpoint : null,
      resumedFrom: resumes.length > 0 ? fromStep : null,
      totalSteps,
      stepsPerEpoch,
      parameters,
      size,
      environment,
      changes,
      resumes,
      spoilt: false,
      error: null,
      latest: latest && latest.step <= fromStep ? latest : null,
      latestEval: latestEval && latestEval.step <= last ? latestEval : null,
      generations: generations.filter((row) => row.runId !== event.runId || row.step <= last),
    })
  }
}
