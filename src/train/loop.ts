// The training loop: an async generator that turns a recipe, rows and a cursor into steps and evaluations.
// It decides what is computed and in which order; saving, pausing, prompts and history are its caller's (run.ts).

import { collate } from '../data/collate'
import { epochOrder } from '../data/order'
import { heapBytes } from '../kernels/backend'
import * as tf from '../kernels/tf'
import type { GPTNeo } from '../model/gptNeo'
import { nextMacrotask } from '../model/macrotask'
import type { Recipe } from '../recipe/recipe'
import type { TrainingCursor } from '../storage/schema'
import type { EvalMetrics, StepMetrics, TokenizedDataset } from '../workers/protocol'
import { evaluateRows } from './evaluate'
import type { AdamW } from './optimizer'
import { batchesPerEpoch, learningRate, loggedLearningRate, stepsPerEpoch, totalSteps } from './schedule'
import { trainStepSurely } from './step'

/** The cursor of a run that has not begun. */
export const startCursor: TrainingCursor = {
  step: 0,
  epoch: 0,
  batchInEpoch: 0,
  updates: 0,
  tokensSeen: 0,
  lossSum: 0,
  lossSteps: 0,
  logSteps: 0,
  logTokens: 0,
  logSeconds: 0,
  bestEvalLoss: null,
}

export interface LoopControl {
  /** Awaited before each step: may pause, save or let others work. False ends the loop. */
  ready(cursor: TrainingCursor): Promise<boolean>
  /** Asked between evaluation batches: false abandons the evaluation. */
  proceed(): boolean
  /** Runs work while nothing else uses the model. */
  exclusive<T>(work: () => T | Promise<T>): Promise<T>
}

export interface LoopOptions {
  readonly model: GPTNeo
  readonly optimizer: AdamW
  readonly recipe: Recipe
  readonly dataset: Pick<TokenizedDataset, 'train' | 'eval' | 'padId' | 'heldOut'>
  /** Where to go on: `startCursor`, or a checkpoint's. */
  readonly cursor: TrainingCursor
  readonly control: LoopControl
  /** On resume: true when the evaluation due at the cursor's step is already known. */
  readonly evaluated?: boolean
}

/** `cursor` is the state after the event: a checkpoint of it continues exactly there. */
export type LoopEvent =
  /** `skipped`: the last of the steps that are logged together was. */
  | {
      readonly kind: 'step'
      readonly metrics: StepMetrics
      readonly skipped: boolean
      readonly cursor: TrainingCursor
    }
  | { readonly kind: 'quiet'; readonly cursor: TrainingCursor }
  | { readonly kind: 'skipped'; readonly loss: number; readonly gradNorm: number; readonly cursor: TrainingCursor }
  | { readonly kind: 'evaluating'; readonly cursor: TrainingCursor }
  | { readonly kind: 'eval'; readonly metrics: EvalMetrics; readonly cursor: TrainingCursor }
  | { readonly kind: 'epoch'; readonly epoch: number; readonly cursor: TrainingCursor }

/** Epochs done, as a fraction: what Trainer logs as `epoch`. */
function epochOf(cursor: TrainingCursor, recipe: Recipe, trainRows: number): number {
  return cursor.epoch + cursor.batchInEpoch / batchesPerEpoch(recipe, trainRows)
}

/** True when the recipe wants an evaluation after the cursor's step: by eval_strategy, and at the end of the run. */
export function evaluationDue(recipe: Recipe, cursor: TrainingCursor, total: number): boolean {
  if (recipe.eval_strategy === 'no' || cursor.step === 0) return false
  if (cursor.step === total) return true
  if (recipe.eval_strategy === 'epoch') return cursor.batchInEpoch === 0
  return recipe.eval_steps > 0 && cursor.step % recipe.eval_steps === 0
}

/**
 * Evaluations that Trainer would have run before an epoch begins. The order rule 'dataloader' depends on it; the
 * evaluation of the untouched model is ours and does not count.
 */
export function evaluationsBefore(recipe: Recipe, epoch: number, trainRows: number): number {
  if (recipe.eval_strategy === 'no') return 0
  if (recipe.eval_strategy === 'epoch') return epoch
  return recipe.eval_steps > 0 ? Math.floor((epoch * stepsPerEpoch(recipe, trainRows)) / recipe.eval_steps) : 0
}

/**
 * Runs to the end of the recipe or until `control` says stop; returns which. Everything a step depends on is in the
 * weights, the optimizer, the recipe, the rows and the cursor, so a loop begun from a saved cursor repeats the
 * uninterrupted one bit for bit. A step event comes every `logging_steps` steps and at the end, with the mean loss,
 * seconds and tokens since the one before; steps in between are `quiet`. A step whose loss or gradient is not finite
 * is `skipped`: its batches are used up, the weights stay. Yields a macrotask each step.
 */
export async function* trainLoop(options: LoopOptions): AsyncGenerator<LoopEvent, 'finished' | 'stopped'> {
  const { model, optimizer, recipe, dataset, control } = options
  const { train, eval: held, padId, heldOut } = dataset
  const total = totalSteps(recipe, train.rows)
  const perEpoch = batchesPerEpoch(recipe, train.rows)
  let cursor = options.cursor
  let order: Int32Array | null = null

  async function* evaluation(): AsyncGenerator<LoopEvent> {
    if (!evaluationDue(recipe, cursor, total) || held.rows === 0) return
    yield { kind: 'evaluating', cursor }
    const { exclusive, proceed } = boundTo(control)
    const result = await evaluateRows({ model, rows: held, recipe, padId, heldOut, exclusive, proceed })
    if (result === null) return
    const best = cursor.bestEvalLoss
    cursor = { ...cursor, bestEvalLoss: lower(best, result.loss) }
    const epoch = epochOf(cursor, recipe, train.rows)
    yield { kind: 'eval', metrics: { step: cursor.step, epoch, ...result, at: Date.now() }, cursor }
  }

  if (options.evaluated !== true) yield* evaluation()
  while (cursor.step < total) {
    await nextMacrotask()
    if (!(await control.ready(cursor))) return 'stopped'
    order ??= epochOrder(
      recipe.order_rule,
      recipe.seed,
      cursor.epoch,
      train.rows,
      evaluationsBefore(recipe, cursor.epoch, train.rows),
    )
    const from = cursor.batchInEpoch
    const to = Math.min(perEpoch, from + Math.max(1, recipe.gradient_accumulation_steps))
    const rate = learningRate(recipe, cursor.step, total)
    const begun = performance.now()
    const rows = order
    const result = await control.exclusive(() => {
      const size = recipe.per_device_train_batch_size
      const window = []
      for (let b = from; b < to; b++) {
        window.push(collate(train, rows.slice(b * size, (b + 1) * size), recipe, padId))
      }
      const { max_grad_norm: maxGradNorm, loss_divisor: lossDivisor } = recipe
      return trainStepSurely(model, optimizer, window, { learningRate: rate, maxGradNorm, lossDivisor })
    })
    const logSteps = (cursor.logSteps ?? 0) + 1
    const logTokens = (cursor.logTokens ?? 0) + result.tokens
    const logSeconds = (cursor.logSeconds ?? 0) + (performance.now() - begun) / 1000
    const epochEnds = to === perEpoch
    cursor = {
      ...cursor,
      step: cursor.step + 1,
      epoch: cursor.epoch + (epochEnds ? 1 : 0),
      batchInEpoch: epochEnds ? 0 : to,
      updates: optimizer.step,
      tokensSeen: cursor.tokensSeen + result.tokens,
      lossSum: cursor.lossSum + (result.skipped ? 0 : result.loss),
      lossSteps: cursor.lossSteps + (result.skipped ? 0 : 1),
      ...{ logSteps, logTokens, logSeconds },
    }
    if (result.skipped) yield { kind: 'skipped', loss: result.loss, gradNorm: result.gradNorm, cursor }
    const logs = cursor.step % Math.max(1, recipe.logging_steps) === 0 || cursor.step === total
    if (!logs || cursor.lossSteps === 0) {
      if (!result.skipped) yield { kind: 'quiet', cursor }
    } else {
      const metrics: StepMetrics = {
        step: cursor.step,
        epoch: epochOf(cursor, recipe, train.rows),
        loss: cursor.lossSum / cursor.lossSteps,
        learning_rate: loggedLearningRate(recipe, cursor.step - 1, total),
        grad_norm: result.gradNorm,
        seconds: logSeconds / logSteps,
        tokens: logTokens / logSteps,
        heapBytes: heapBytes(),
        tensors: tf.memory().numTensors,
        at: Date.now(),
      }
      cursor = { ...cursor, lossSum: 0, lossSteps: 0, logSteps: 0, logTokens: 0, logSeconds: 0 }
      yield { kind: 'step', metrics, skipped: result.skipped, cursor }
    }
    if (epochEnds) {
      order = null
      yield { kind: 'epoch', epoch: cursor.epoch, cursor }
    }
    yield* evaluation()
  }
  return 'finished'
}

/** The lower of two losses; one that is not finite does not count. */
function lower(best: number | null, loss: number): number | null {
  if (!Number.isFinite(loss)) return best
  return best === null ? loss : Math.min(best, loss)
}

function boundTo(control: LoopControl): { exclusive: <T>(work: () => T) => Promise<T>; proceed: () => boolean } {
  return { exclusive: (work) => control.exclusive(work), proceed: () => control.proceed() }
}
