// Who may use the model now, and whether the loop goes on: a first-come lock, and the state behind Pause, Step and Stop.
// Knows no model and no storage; the run supplies what saving means.

import type { TrainingCursor } from '../storage/schema'
import type { StopMode } from '../workers/protocol'
import type { LoopControl } from './loop'

/** An asynchronous lock: work runs one at a time, in the order it asked. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve()

  /** Runs `work` after everything asked for before it; passes on its value or its error. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(work)
    this.#tail = result.catch(() => undefined)
    return result
  }
}

export interface ControlHooks {
  /** Saves a checkpoint of the state at `cursor`, if that has not been done; `wait` until it is stored. Never throws. */
  save(cursor: TrainingCursor, wait: boolean): Promise<void>
  /** True when the recipe wants a checkpoint at this cursor. */
  saveDue(cursor: TrainingCursor): boolean
  /** Tells the user: called whenever the loop begins to wait, and when it goes on. */
  phase(phase: 'paused' | 'training', cursor: TrainingCursor): Promise<void>
}

/** The loop's control for one run. Requests take effect before the next step. */
export class RunControl implements LoopControl {
  readonly #mutex: Mutex
  readonly #hooks: ControlHooks
  #paused = false
  #saveWanted = false
  #singleSteps = 0
  #stop: StopMode | null = null
  #wake: (() => void) | null = null

  constructor(mutex: Mutex, hooks: ControlHooks) {
    this.#mutex = mutex
    this.#hooks = hooks
  }

  get paused(): boolean {
    return this.#paused
  }

  /** How the run was told to stop; null while it was not. */
  get stopMode(): StopMode | null {
    return this.#stop
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#saveWanted = true
  }

  continue(): void {
    this.#paused = false
    this.#wakeUp()
  }

  /** One step of a paused run; a running one is paused after the step under way. Single steps do not save. */
  stepOnce(): void {
    if (!this.#paused) this.pause()
    else this.#singleSteps++
    this.#wakeUp()
  }

  stop(mode: StopMode): void {
    this.#stop = mode
    this.#wakeUp()
  }

  saveSoon(): void {
    this.#saveWanted = true
    this.#wakeUp()
  }

  proceed(): boolean {
    return this.#stop === null
  }

  exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#mutex.run(work)
  }

  async ready(cursor: TrainingCursor): Promise<boolean> {
    if (this.#hooks.saveDue(cursor)) this.#saveWanted = true
    let told = false
    while (this.#stop === null) {
      if (this.#saveWanted) {
        this.#saveWanted = false
        await this.#hooks.save(cursor, this.#paused)
      } else if (!this.#paused || this.#singleSteps > 0) {
        if (this.#paused) this.#singleSteps--
        if (told) await this.#hooks.phase('training', cursor)
        return true
      } else {
        if (!told) await this.#hooks.phase('paused', cursor)
        told = true
        // A request may have come while the page was told; then there is nothing to wait for.
        if (this.#waits()) await new Promise<void>((resolve) => (this.#wake = resolve))
      }
    }
    return false
  }

  #waits(): boolean {
    return this.#paused && this.#singleSteps === 0 && !this.#saveWanted && this.#stop === null
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = null
  }
}
