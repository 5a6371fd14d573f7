// The evaluation loss over all evaluation rows, in data set order, averaged as the recipe says.
// Reads the model, changes nothing.

import { collate } from '../data/collate'
import { withRemainingThreads } from '../kernels/retry'
import type { GPTNeo } from '../model/gptNeo'
import { nextMacrotask } from '../model/macrotask'
import type { Recipe } from '../recipe/recipe'
import type { TokenRows } from '../workers/protocol'
import { unshiftedLabels } from './step'

export interface EvaluateOptions {
  readonly model: GPTNeo
  readonly rows: TokenRows
  readonly recipe: Recipe
  readonly padId: number
  /** Runs one batch's work while nothing else uses the model. */
  readonly exclusive: <T>(work: () => T) => Promise<T>
  /** Asked between batches; false abandons the evaluation. */
  readonly proceed: () => boolean
}

/**
 * Loss of `rows`, and the wall seconds it took. Null when abandoned or when nothing counts.
 *
 * eval_average 'targets': one mean over all of them. 'batches', as Trainer: each batch's mean is repeated for each of
 * its rows, and the repeats are averaged; a batch in which nothing counts is left out, where Trainer would give NaN.
 * The divisor of a mean is the recipe's loss_divisor.
 */
export async function evaluateRows(options: EvaluateOptions): Promise<{ loss: number; runtime: number } | null> {
  const { model, rows, recipe, padId, exclusive, proceed } = options
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
  return weights === 0 ? null : { loss: sum / weights, runtime: (performance.now() - start) / 1000 }
}
