// What tabs tell each other about live runs: the owner sends a run's events and, to a tab that has just opened, what it
// has not yet written; the others watch. Ownership itself is the run's Web Lock, which dies with its tab.

import type { Recipe } from '../recipe/recipe'
import type { EvalMetrics, GenerationRow, RunEvent, RunPhase, StepMetrics } from '../workers/protocol'
import { isActive, type RunStore } from './runStore'
import { runLock } from './storedRuns'

/** What the owner shows, for a tab that begins to watch. Metrics are those after the step asked for. */
export interface LiveSnapshot {
  readonly runId: string
  readonly name: string
  readonly recipe: Recipe
  readonly phase: RunPhase
  readonly detail: string
  readonly totalSteps: number
  readonly steps: readonly StepMetrics[]
  readonly evals: readonly EvalMetrics[]
  readonly generations: readonly GenerationRow[]
}

type Message =
  | { readonly kind: 'event'; readonly event: RunEvent }
  | { readonly kind: 'ask'; readonly runId: string; readonly afterStep: number }
  | { readonly kind: 'snapshot'; readonly snapshot: LiveSnapshot }

const TABS_CHANNEL = 'finetale-tabs'

/** Recent rows the owner keeps for tabs that join; more than the trainer holds back before it writes. */
const KEPT_ROWS = 64

export class Tabs {
  readonly #channel: BroadcastChannel | null
  readonly #store: RunStore
  #steps: StepMetrics[] = []
  #evals: EvalMetrics[] = []
  /** The run that began last in this tab's trainer; the rows kept are its. */
  #own = ''
  #watched = ''
  #stopWaiting: AbortController | null = null
  #onSnapshot: (snapshot: LiveSnapshot) => void = () => {}

  constructor(store: RunStore) {
    this.#store = store
    this.#channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(TABS_CHANNEL) : null
    this.#channel?.addEventListener('message', (message: MessageEvent<Message>) => this.#hear(message.data))
  }

  /** Tells the other tabs an event of a run that this tab owns. */
  send(event: RunEvent): void {
    if (event.kind === 'started') [this.#own, this.#steps, this.#evals] = [event.runId, [], []]
    if (event.kind === 'step') this.#steps = [...this.#steps.slice(1 - KEPT_ROWS), event.metrics]
    if (event.kind === 'eval') this.#evals = [...this.#evals.slice(1 - KEPT_ROWS), event.metrics]
    this.#channel?.postMessage({ kind: 'event', event } satisfies Message)
  }

  /**
   * Follows a run that another tab owns: asks for what storage does not have yet, applies its events to the store, and
   * calls `ended` once the owner has let go of the run, by finishing or by dying.
   */
  watch(runId: string, afterStep: number, onSnapshot: (snapshot: LiveSnapshot) => void, ended: () => void): void {
    this.unwatch()
    this.#watched = runId
    this.#onSnapshot = onSnapshot
    this.#channel?.postMessage({ kind: 'ask', runId, afterStep } satisfies Message)
    if (!('locks' in navigator)) return
    const waiting = new AbortController()
    this.#stopWaiting = waiting
    const { signal } = waiting
    navigator.locks
      .request(runLock(runId), { mode: 'shared', signal }, () => {})
      .then(
        () => {
          if (signal.aborted) return
          this.unwatch()
          ended()
        },
        () => {
          // Aborted: nobody watches any more.
        },
      )
  }

  unwatch(): void {
    this.#watched = ''
    this.#stopWaiting?.abort()
    this.#stopWaiting = null
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'event':
        if (message.event.runId === this.#watched) this.#store.apply(message.event)
        return
      case 'ask':
        this.#answer(message.runId, message.afterStep)
        return
      case 'snapshot':
        if (message.snapshot.runId === this.#watched) this.#onSnapshot(message.snapshot)
        return
      default:
        message satisfies never
    }
  }

  #answer(runId: string, afterStep: number): void {
    const { state } = this.#store
    const owned = this.#own === runId && state.runId === runId && isActive(state)
    if (!owned || state.recipe === null) return
    const snapshot: LiveSnapshot = {
      ...{ runId, name: state.runName, recipe: state.recipe, phase: state.phase, detail: state.detail },
      totalSteps: state.totalSteps,
      steps: this.#steps.filter(({ step }) => step > afterStep),
      evals: this.#evals.filter(({ step }) => step > afterStep),
      generations: state.generations.filter((row) => row.runId === runId),
    }
    this.#channel?.postMessage({ kind: 'snapshot', snapshot } satisfies Message)
  }
}
