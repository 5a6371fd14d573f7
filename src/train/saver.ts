// When a run's checkpoints are taken, and what is told of them. Training stands still only while the state is copied;
// the copy is written beside it. One save at a time: what is asked for meanwhile waits a second for it, or is done later.

import { floatsOf } from '../kernels/runtime'
import type { GPTNeo } from '../model/gptNeo'
import type { Recipe } from '../recipe/recipe'
import type { TrainingCursor } from '../storage/schema'
import { takeSnapshot, type CheckpointSource } from '../storage/snapshot'
import type { RunEvent } from '../workers/protocol'
import { toErrorData } from './errors'
import type { RunKeeper } from './keeper'
import type { AdamW } from './optimizer'

/** How long training waits for the save before, so that small models are saved at just the steps asked for. */
const PATIENCE_MS = 1000

export interface SaverOptions {
  readonly runId: string
  readonly recipe: Pick<Recipe, 'save_steps' | 'save_minutes'>
  readonly model: GPTNeo
  readonly optimizer: AdamW
  readonly keeper: RunKeeper
  /** The step of the checkpoint the run goes on from; -1 for a new run. */
  readonly savedStep: number
  readonly exclusive: <T>(work: () => T | Promise<T>) => Promise<T>
  readonly emit: (event: RunEvent) => void
  /** Called as training begins to stand still for a save, and when it may go on. */
  readonly stalled: (step: number | null) => void
  /** Called when the state to be saved holds numbers that are not finite. */
  readonly spoilt: () => void
}

export class Saver {
  readonly #options: SaverOptions
  /** The step last saved, being saved or found unfit to save; -1 when there is none. */
  #step: number
  /** The step of the last checkpoint that is stored; -1 when there is none. */
  #stored: number
  /** A new run has not tried yet to save what it begins from. */
  #first: boolean
  #at = performance.now()
  #underWay: Promise<void> | null = null
  #again = false
  #saidInPlace = false

  constructor(options: SaverOptions) {
    this.#options = options
    this.#step = this.#stored = options.savedStep
    this.#first = options.savedStep < 0
    options.keeper.warmUp()
  }

  /** The step of the last checkpoint that is stored; -1 when there is none. */
  get storedStep(): number {
    return this.#stored
  }

  /**
   * True when a checkpoint is wanted at this cursor: before the first step, every save_steps and save_minutes, and when
   * one was asked for while another was under way.
   */
  due({ step }: TrainingCursor): boolean {
    const { save_steps, save_minutes } = this.#options.recipe
    if (step === this.#step) return false
    if (this.#again && this.#underWay === null) return true
    if (this.#first) return true
    if (save_minutes > 0 && performance.now() - this.#at >= save_minutes * 60_000) return true
    return save_steps > 0 && step > 0 && step % save_steps === 0
  }

  /** Resolves when no save is under way. Never throws. */
  async settled(): Promise<void> {
    while (this.#underWay !== null) await this.#underWay
  }

  /**
   * Takes a checkpoint of the state as it is now, unless this step has one. Returns when training may go on; with `wait`,
   * when it is stored or has failed. A failure is a warning.
   */
  async save(cursor: TrainingCursor, wait: boolean): Promise<void> {
    const { keeper, stalled } = this.#options
    if (!keeper.works) return
    if (this.#underWay === null && cursor.step === this.#step) return
    stalled(cursor.step)
    if (wait) await this.settled()
    else await Promise.race([this.settled(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))])
    if (this.#underWay !== null) this.#again = true
    else if (cursor.step !== this.#step) await this.#take(cursor)
    if (wait) await this.settled()
    stalled(null)
  }

  async #take(cursor: TrainingCursor): Promise<void> {
    const { keeper, exclusive, emit, runId } = this.#options
    const begun = performance.now()
    this.#step = cursor.step
    this.#at = begun
    this.#again = this.#first = false
    // The history that belongs to the checkpoint is stored before it.
    await keeper.flush({})
    const source = this.#source(cursor)
    const snapshot = await exclusive(() => takeSnapshot(source))
    const saving = snapshot === null ? this.#inPlace(source) : keeper.save(snapshot)
    if (snapshot === null) await saving.catch(() => {})
    const stallSeconds = (performance.now() - begun) / 1000
    this.#underWay = saving
      .then(({ bytes }) => {
        this.#stored = cursor.step
        const seconds = (performance.now() - begun) / 1000
        emit({ kind: 'checkpoint', runId, step: cursor.step, bytes, seconds, stallSeconds })
      })
      .catch((thrown: unknown) => this.#failed(thrown, cursor.step))
      .finally(() => (this.#underWay = null))
  }

  #inPlace(source: CheckpointSource): ReturnType<RunKeeper['saveInPlace']> {
    const { keeper, exclusive } = this.#options
    if (!this.#saidInPlace) {
      this.#saidInPlace = true
      this.#warn('There is no memory for a copy of the model, so training waits while a checkpoint is written.')
    }
    return exclusive(() => keeper.saveInPlace(source))
  }

  #failed(thrown: unknown, step: number): void {
    const { keeper, emit, runId, spoilt } = this.#options
    // A run that was discarded meanwhile misses nothing.
    if (!keeper.works) return
    const { message, action, code } = toErrorData(thrown)
    const kept = this.#stored < 0 ? '' : ' The one before it stays.'
    const text = `The checkpoint at step ${step} was not saved.${kept} ${message} ${action}`
    emit({ kind: 'warning', runId, message: text, ...(code === undefined ? {} : { code }) })
    if (code === 'not-finite') spoilt()
    // Wanted again at the next occasion; only numbers that are not finite stay so.
    else this.#step = this.#stored
  }

  #warn(message: string): void {
    this.#options.emit({ kind: 'warning', runId: this.#options.runId, message })
  }

  /** Views into the model's memory. */
  #source(cursor: TrainingCursor): CheckpointSource {
    const { runId, model, optimizer } = this.#options
    const { params } = model
    return {
      runId,
      cursor,
      tensors: params.map(({ name, shape }) => ({ name, shape })),
      streams: {
        weights: (index) => floatsOf(params[index]!.value),
        exp_avg: (index) => optimizer.view('exp_avg', index),
        exp_avg_sq: (index) => optimizer.view('exp_avg_sq', index),
      },
    }
  }
}
