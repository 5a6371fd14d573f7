// The evaluation loss: one token-weighted mean over all evaluation rows, in data set order.
// Reads the model, changes nothing.

import { collate } from '../data/collate'
import type { GPTNeo } from '../model/gptNeo'
import { nextMacrotask } from '../model/macrotask'
import type { Recipe } from '../recipe/recipe'
import type { TokenRows } from '../workers/protocol'

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
 * Mean loss over every counted target of `rows`, and the wall seconds it took. With padding counted, each row has the
 * same number of targets, so this equals Trainer's row-weighted mean. Null when abandoned or when nothing counts.
 */
export async function evaluateRows(options: EvaluateOptions): Promise<{ loss: number; runtime: number } | null> {
  const { model, rows, recipe, padId, exclusive, proceed } = options
  const size = recipe.per_device_eval_batch_size
  const start = performance.now()
  let lossSum = 0
  let count = 0
  for (let first = 0; first < rows.rows; first += size) {
    await nextMacrotask()
    if (!proceed()) return null
    const indices = Int32Array.from({ length: Math.min(size, rows.rows - first) }, (_, i) => first + i)
    const result = await exclusive(() => model.evaluateLoss(collate(rows, indices, recipe, padId)))
    lossSum += result.lossSum
    count += result.count
  }
  return count === 0 ? null : { loss: lossSum / count, runtime: (performance.now() - start) / 1000 }
}
