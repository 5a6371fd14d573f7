// A run's history as Hugging Face Trainer logs it: the rows of log_history and their names in Weights & Biases.
// Pure functions over stored metrics; the rows here are rounded as Trainer rounds them, charts keep every digit.

import type { Recipe } from '../recipe/recipe'
import type { EvalMetrics, StepMetrics } from '../workers/protocol'

/** What a history needs to know of the run beside its metrics. */
export interface RunSize {
  readonly trainRows: number
  readonly evalRows: number
  /** Optimizer steps of the whole run. */
  readonly totalSteps: number
  readonly stepsPerEpoch: number
  /** Parameters outside the embeddings, the tied head with them; null when unknown, which makes total_flos 0. */
  readonly nonEmbeddingParameters: number | null
  /** Wall seconds of training; absent: those of the steps and evaluations, pauses left out. */
  readonly trainRuntime?: number
}

type LoggedStep = Pick<StepMetrics, 'step' | 'epoch' | 'loss' | 'learning_rate' | 'grad_norm' | 'seconds' | 'tokens'>
type LoggedEval = Pick<EvalMetrics, 'step' | 'epoch' | 'loss' | 'runtime' | 'bits_per_character'>

/** One row of log_history; its keys are in the order that sort_keys gives the file. */
export type LogRow = Readonly<Record<string, number>>

/**
 * Python's round(value, digits): the exact binary value decides, and a tie goes to the even neighbour.
 * @param value below 1e9 in size
 */
export function roundLikePython(value: number, digits: number): number {
  const scaled = value * 10 ** digits
  // Only a value with so few binary places can lie in the middle of two decimals, and its product is exact.
  const tie = Number.isInteger(value * 2 ** (digits + 1)) && Math.abs(scaled % 1) === 0.5
  return tie ? (2 * Math.round(scaled / 2)) / 10 ** digits : Number(value.toFixed(digits))
}

/** Trainer's floating_point_ops, summed: 6 x parameters outside the embeddings x tokens, padding included. */
export function totalFlos(nonEmbeddingParameters: number, tokens: number): number {
  return 6 * nonEmbeddingParameters * tokens
}

/** Tokens of all steps, padding included. A row speaks for the steps since the row before it. */
export function totalTokens(steps: readonly Pick<StepMetrics, 'step' | 'tokens'>[]): number {
  return Math.round(steps.reduce((sum, { tokens }, i) => sum + tokens * stepsOfRow(steps, i), 0))
}

/** Mean loss over all steps: Trainer's train_loss. NaN without steps. */
export function meanTrainLoss(steps: readonly Pick<StepMetrics, 'step' | 'loss'>[]): number {
  return steps.reduce((sum, { loss }, i) => sum + loss * stepsOfRow(steps, i), 0) / (steps.at(-1)?.step ?? 0)
}

function stepsOfRow(steps: readonly Pick<StepMetrics, 'step'>[], i: number): number {
  return (steps[i]?.step ?? 0) - (steps[i - 1]?.step ?? 0)
}

/**
 * The log_history of a Trainer with this recipe: a row every logging_steps, one an evaluation, and a last one when the
 * run is finished. Rows that the page adds for its charts are left out: the untouched model's evaluation, and the last
 * steps' log (and, in 4.30, evaluation) where the last step is none of the recipe's.
 *
 * log_learning_rate 'next' stands for 4.30, which rounds `epoch` to two digits and does not log grad_norm; 'used' for
 * the layout of 4.57.
 * @param steps in order, from step 1 on
 */
export function logHistory(
  recipe: Recipe,
  steps: readonly LoggedStep[],
  evals: readonly LoggedEval[],
  size: RunSize,
): LogRow[] {
  const old = recipe.log_learning_rate !== 'used'
  const epochs = (epoch: number) => (old ? roundLikePython(epoch, 2) : epoch)
  const rows: LogRow[] = steps
    .filter(({ step }) => step % recipe.logging_steps === 0)
    .map(({ step, epoch, loss, learning_rate, grad_norm }) => ({
      epoch: epochs(epoch),
      ...(old ? {} : { grad_norm }),
      learning_rate,
      loss: roundLikePython(loss, 4),
      step,
    }))
  const evalBatches = Math.ceil(size.evalRows / recipe.per_device_eval_batch_size)
  for (const { step, epoch, loss, runtime, bits_per_character } of evals) {
    const onBeat = recipe.eval_strategy !== 'steps' || step % recipe.eval_steps === 0
    if (step === 0 || (old && !onBeat)) continue
    rows.push({
      epoch: epochs(epoch),
      // Ours, not Trainer's; there only for packed texts.
      ...(bits_per_character === undefined ? {} : { eval_bits_per_character: bits_per_character }),
      eval_loss: loss,
      eval_runtime: roundLikePython(runtime, 4),
      eval_samples_per_second: roundLikePython(size.evalRows / runtime, 3),
      eval_steps_per_second: roundLikePython(evalBatches / runtime, 3),
      step,
    })
  }
  rows.sort((a, b) => (a.step ?? 0) - (b.step ?? 0))
  const last = steps.at(-1)
  if (last !== undefined && last.step === size.totalSteps) rows.push(summaryRow(recipe, steps, evals, size, epochs))
  return rows
}

function summaryRow(
  recipe: Recipe,
  steps: readonly LoggedStep[],
  evals: readonly LoggedEval[],
  size: RunSize,
  epochs: (epoch: number) => number,
): LogRow {
  const last = steps.at(-1)
  const runtime = size.trainRuntime ?? secondsOf(steps, evals)
  const perStep = recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps
  const samples = recipe.max_steps > 0 ? recipe.max_steps * perStep : size.trainRows * recipe.num_train_epochs
  return {
    epoch: epochs(last?.epoch ?? 0),
    step: last?.step ?? 0,
    total_flos: flosOf(steps, size),
    train_loss: meanTrainLoss(steps),
    train_runtime: roundLikePython(runtime, 4),
    train_samples_per_second: roundLikePython(samples / runtime, 3),
    train_steps_per_second: roundLikePython(size.totalSteps / runtime, 3),
  }
}

function secondsOf(steps: readonly LoggedStep[], evals: readonly LoggedEval[]): number {
  const training = steps.reduce((sum, { seconds }, i) => sum + seconds * stepsOfRow(steps, i), 0)
  return evals.reduce((sum, { step, runtime }) => sum + (step === 0 ? 0 : runtime), training)
}

/** total_flos of the steps done; 0 while the model's size is unknown. */
export function flosOf(steps: readonly Pick<StepMetrics, 'step' | 'tokens'>[], size: RunSize): number {
  return size.nonEmbeddingParameters === null ? 0 : totalFlos(size.nonEmbeddingParameters, totalTokens(steps))
}

/**
 * A row of log_history under the names that Trainer's rewrite_logs gives it in Weights & Biases: eval_x becomes eval/x,
 * all else train/x, and the step is train/global_step.
 */
export function wandbRow(row: LogRow): LogRow {
  const { step = 0, ...values } = row
  const renamed = Object.entries(values).map(([key, value]) => [
    key.startsWith('eval_') ? `eval/${key.slice(5)}` : `train/${key}`,
    value,
  ])
  return { ...(Object.fromEntries(renamed) as Record<string, number>), 'train/global_step': step }
}
