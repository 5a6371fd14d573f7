// One run while it is in memory: drives the loop, tells the page, and has history and checkpoints kept.
// How a run is found, loaded and locked is session.ts; what the loop computes is loop.ts.

import { copyValues, swapValues } from '../kernels/param'
import type { GPTNeo } from '../model/gptNeo'
import type { ErrorCode } from '../recipe/error'
import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type { TrainingCursor } from '../storage/schema'
import type {
  Decode,
  EnvironmentInfo,
  RunChange,
  RunEvent,
  RunPhase,
  RunResume,
  TokenizedDataset,
  TokenizedPrompt,
} from '../workers/protocol'
import { type Mutex, RunControl } from './control'
import { evaluateRows } from './evaluate'
import type { RunKeeper } from './keeper'
import { type LoopEvent, trainLoop } from './loop'
import type { AdamW } from './optimizer'
import { Saver } from './saver'
import { stepsPerEpoch, totalSteps } from './schedule'
import { writeText } from './writeText'

/** Non-finite steps in a row after which the run pauses. */
const PATIENCE = 3

export interface RunParts {
  readonly runId: string
  readonly recipe: Recipe
  readonly dataset: TokenizedDataset
  readonly prompts: readonly TokenizedPrompt[]
  readonly generation: GenerationSettings
  readonly model: GPTNeo
  readonly optimizer: AdamW
  readonly environment: EnvironmentInfo
  /** Where to go on; step 0 for a new run. */
  readonly cursor: TrainingCursor
  /** What was changed knowingly before. */
  readonly changes?: readonly RunChange[]
  /** Where it went on from a checkpoint, this time included. */
  readonly resumes?: readonly RunResume[]
  /** True when the run goes on from a stored checkpoint. */
  readonly resumed: boolean
  /** True when the evaluation due at the cursor is already in the history. */
  readonly evaluated: boolean
  readonly keeper: RunKeeper
  readonly mutex: Mutex
  readonly emit: (event: RunEvent) => void
  readonly decode: Decode
}

export class Run {
  readonly control: RunControl
  readonly #parts: RunParts
  readonly #saver: Saver
  #cursor: TrainingCursor
  #badSteps = 0
  #resting: RunPhase = 'warming up'
  /** The untouched weights of a new run, until the step-0 rows are made. */
  #untouched: Float32Array[] | null = null

  constructor(parts: RunParts) {
    this.#parts = parts
    this.#cursor = parts.cursor
    this.control = new RunControl(parts.mutex, {
      save: (cursor, wait) => this.#save(cursor, wait),
      // After a skipped step nothing is new, and one more checkpoint would push out an older one that may be needed.
      saveDue: (cursor) => this.#badSteps === 0 && this.#saver.due(cursor),
      phase: async (phase, { step }) => {
        this.#rest(phase, `step ${step}`)
        await parts.keeper.flush({ step, state: phase === 'paused' ? 'paused' : 'running' })
      },
    })
    this.#saver = new Saver({
      ...parts,
      savedStep: parts.cursor.step === 0 && !parts.resumed ? -1 : parts.cursor.step,
      exclusive: (work) => this.control.exclusive(work),
      stalled: (step) => (step === null ? this.#tell(this.#resting, '') : this.#tell('saving', `step ${step}`)),
      spoilt: () => this.control.pause(),
    })
  }

  get step(): number {
    return this.#cursor.step
  }

  /** Trains until the recipe ends or the user stops. Model and optimizer stay the caller's. */
  async train(): Promise<void> {
    const { runId, recipe, dataset, model, environment, cursor, changes, resumes, keeper, emit } = this.#parts
    const total = totalSteps(recipe, dataset.train.rows)
    const perEpoch = stepsPerEpoch(recipe, dataset.train.rows)
    const { parameterCount: parameters, nonEmbeddingParameterCount: nonEmbeddingParameters } = model
    emit({
      kind: 'started',
      runId,
      totalSteps: total,
      stepsPerEpoch: perEpoch,
      parameters,
      size: { trainRows: dataset.train.rows, evalRows: dataset.eval.rows, nonEmbeddingParameters },
      environment,
      fromStep: cursor.step,
      ...(changes === undefined ? {} : { changes }),
      ...(resumes === undefined ? {} : { resumes }),
    })
    this.#rest(cursor.step === 0 ? 'warming up' : 'training', '')
    // Updates are in place, so these must be copies; outside the heap, where room is scarce.
    if (cursor.step === 0) this.#untouched = copyValues(model.params)
    try {
      const loop = trainLoop({ ...this.#parts, control: this.control })
      let next = await loop.next()
      while (next.done !== true) {
        await this.#handle(next.value)
        next = await loop.next()
      }
      await this.#finish(next.value)
    } finally {
      this.#untouched = null
      await this.#saver.settled()
      await keeper.flush({})
      keeper.close()
    }
  }

  async #handle(event: LoopEvent): Promise<void> {
    const { runId, keeper, emit } = this.#parts
    this.#cursor = event.cursor
    switch (event.kind) {
      case 'step':
        // The steps that are logged together may have been good, and the last of them skipped all the same.
        if (!event.skipped) this.#badSteps = 0
        keeper.addStep(event.metrics)
        emit({ kind: 'step', runId, metrics: event.metrics })
        break
      case 'quiet':
        this.#badSteps = 0
        break
      case 'skipped':
        this.#skipped(event)
        break
      case 'evaluating':
        this.#tell('evaluating', `step ${event.cursor.step}`)
        return
      case 'eval':
        keeper.addEval(event.metrics)
        emit({ kind: 'eval', runId, metrics: event.metrics })
        this.#tell(this.#resting, '')
        await keeper.flush({ bestEvalLoss: event.cursor.bestEvalLoss })
        return
      case 'epoch':
        return
    }
    if (this.#untouched !== null) await this.#lookAtUntouched(this.#untouched)
    await keeper.flushWhenFull({ step: event.cursor.step })
  }

  #skipped({ loss, gradNorm, cursor }: Extract<LoopEvent, { kind: 'skipped' }>): void {
    this.#badSteps++
    const what = Number.isFinite(loss) ? `the gradient norm was ${gradNorm}` : `the loss was ${loss}`
    this.#warn(`Step ${cursor.step} was skipped: ${what}. The weights did not change.`)
    if (this.#badSteps % PATIENCE !== 0) return
    this.control.pause()
    this.#warn(
      `${this.#badSteps} steps in a row gave no usable numbers, so the run is paused and nothing more is saved over the ` +
        'last good checkpoint. A smaller learning rate usually helps.',
      'not-finite',
    )
  }

  /**
   * Evaluation and prompts on the weights of step 0. They come after the first step so that the first step comes soon;
   * the weights are put in place for it and taken out again.
   */
  async #lookAtUntouched(weights: Float32Array[]): Promise<void> {
    const { runId, recipe, dataset, model, keeper, emit } = this.#parts
    const proceed = () => this.control.proceed()
    await this.control.exclusive(async () => {
      swapValues(model.params, weights)
      try {
        if (recipe.eval_strategy !== 'no' && dataset.eval.rows > 0) {
          this.#tell('evaluating', 'the model before training')
          const exclusive = async <T>(work: () => T) => work()
          const { padId, heldOut } = dataset
          const rows = dataset.eval
          const result = await evaluateRows({ model, rows, recipe, padId, heldOut, exclusive, proceed })
          if (result !== null) {
            const metrics = { step: 0, epoch: 0, ...result, at: Date.now() }
            keeper.addEval(metrics)
            emit({ kind: 'eval', runId, metrics })
          }
        }
        await this.#runPrompts(0)
      } finally {
        swapValues(model.params, weights)
        this.#untouched = null
      }
    })
    this.#rest('training', '')
  }

  /** Writes a row for each prompt with the weights as they are. The caller holds the model. */
  async #runPrompts(step: number): Promise<void> {
    const { runId, model, dataset, prompts, generation: settings, decode, keeper, emit } = this.#parts
    for (const [i, prompt] of prompts.entries()) {
      if (!this.control.proceed()) return
      this.#tell('generating', `prompt ${i + 1} of ${prompts.length}`)
      const stopped = () => !this.control.proceed()
      const warn = (message: string) => this.#warn(message)
      const { eosId } = dataset
      const row = await writeText({
        model,
        decode,
        eosId,
        runId,
        step,
        prompt,
        settings,
        onText: () => {},
        stopped,
        warn,
      })
      await keeper.addGeneration(row)
      emit({ kind: 'generation', runId, row })
    }
  }

  async #finish(how: 'finished' | 'stopped'): Promise<void> {
    const { keeper } = this.#parts
    const { step } = this.#cursor
    if (this.control.stopMode !== 'discard') await this.#save(this.#cursor, true)
    if (how === 'finished' && !this.#spoilt) await this.control.exclusive(() => this.#runPrompts(step))
    // Asked only now: Stop also ends the last evaluation and the last texts.
    if (this.control.stopMode === 'discard') {
      await keeper.discard()
      this.#tell('idle', 'discarded')
    } else if (this.control.stopMode === 'save') {
      await keeper.flush({ state: 'stopped', step })
      this.#tell('idle', `stopped at step ${step}`)
    } else {
      // What found no room is not stored: such a run can be taken up again from the checkpoint that stayed.
      await keeper.flush({ state: this.#saver.storedStep === step ? 'finished' : 'interrupted', step })
      this.#tell('finished', '')
    }
  }

  /** True while so many steps in a row gave no usable numbers that what is in memory is not to be trusted. */
  get #spoilt(): boolean {
    return this.#badSteps >= PATIENCE
  }

  /** Saves a checkpoint unless this step has one or its weights are suspect. A failure is a warning, not an end. */
  async #save(cursor: TrainingCursor, wait: boolean): Promise<void> {
    // A step that was skipped once or twice has changed nothing.
    if (!this.#spoilt) return this.#saver.save(cursor, wait)
    if (wait) await this.#saver.settled()
    const { step } = cursor
    this.#warn(`No checkpoint at step ${step}: the last steps gave no usable numbers. The last good checkpoint stays.`)
  }

  /** Changes the phase that the run returns to after saving, evaluating or generating. */
  #rest(phase: RunPhase, detail: string): void {
    this.#resting = phase
    this.#tell(phase, detail)
  }

  #tell(phase: RunPhase, detail: string): void {
    this.#parts.emit({ kind: 'phase', runId: this.#parts.runId, phase, detail })
  }

  #warn(message: string, code?: ErrorCode): void {
    const { emit, runId } = this.#parts
    emit({ kind: 'warning', runId, message, ...(code === undefined ? {} : { code }) })
  }
}
