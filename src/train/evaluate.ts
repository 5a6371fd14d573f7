// The evaluation loss over all evaluation rows, in data set order, averaged as the recipe says.
// Reads the model, changes nothing.

import { collate } from '../data/collate'
import { withRemainingThreads } from '../kernels/retry'
import type { GPTNeo } from '../model/gptNeo'
import { nextMacrotask } from '../model/macrotask'
import type { Recipe } from '../recipe/recipe'
import type { EvalMetrics, TokenizedDataset, TokenRows } from '../workers/protocol'
import { unshiftedLabels } from './step'

/** What an evaluation finds, and the wall seconds it took. */
export type Evaluation = Pick<EvalMetrics, 'loss' | 'bits_per_character' | 'runtime'>

export interface EvaluateOptions {
  readonly model: GPTNeo
  readonly rows: TokenRows
  readonly recipe: Recipe
  readonly padId: number
  /** What the rows were packed from; with it the loss is told by character as well. */
  readonly heldOut?: TokenizedDataset['heldOut']
  /** Runs one batch's work while nothing else uses the model. */
  readonly exclusive: <T>(work: () => T) => Promise<T>
  /** Asked between batches; false abandons the evaluation. */
  readonly proceed: () => boolean
}

/**
 * Loss of `rows`. Null when abandoned or when nothing counts.
 *
 * eval_average 'targets': one mean over all of them. 'batches', as Trainer: each batch's mean is repeated for each of
 * its rows, and the repeats are averaged; a batch in which nothing counts is left out, where Trainer would give NaN.
 * The divisor of a mean is the recipe's loss_divisor.
 * bits_per_character = loss / ln 2 * tokens / characters, over all held-out texts: the mean of the blocks stands for the
 * few tokens that no block predicts.
 */
export async function evaluateRows(options: EvaluateOptions): Promise<Evaluation | null> {
  const { model, rows, recipe, padId, heldOut, exclusive, proceed } = options
  const size = recipe.per_device_eval_batch_size
  const start = performance.now()
  let sum = 0
  let weights = 0
  for (let first = 0; first < rows.rows; first += size) {
    await nextMacrotask()
    if (!proceed()) return null
    const indices = Int32Array.from({ length: Math.min(size, rows.rows - first) }, (_, i) => first + i)
    const batch = collate(rows, indices, recipe, padId)
    const result = await exclusive(() => withRemainingThreads(() => model.evaluateLoss(batch)))
    if (result.count === 0) continue
    const divisor = recipe.loss_divisor === 'labels' ? unshiftedLabels(batch) : result.count
    const weight = recipe.eval_average === 'batches' ? batch.B : divisor
    sum += (result.lossSum / divisor) * weight
    weights += weight
  }
  if (weights === 0) return null
  const loss = sum / weights
  const runtime = (performance.now() - start) / 1000
  if (heldOut === undefined || heldOut.characters === 0) return { loss, runtime }
  return { loss, bits_per_character: ((loss / Math.LN2) * heldOut.tokens) / heldOut.characters, runtime }
}
