// One optimizer step over an accumulation window: gradients of all its micro-batches, clip, update.
// Knows nothing of epochs, schedules or data order.

import { zeroGrad } from '../kernels/param'
import { type Batch, shiftedTargets } from '../model/batch'
import type { GPTNeo } from '../model/gptNeo'
import { type AdamW, clipFactor, globalNorm } from './optimizer'

export interface StepResult {
  /** Mean cross-entropy over all counted targets of the window; NaN when there are none. */
  readonly loss: number
  /** Global norm before clipping. */
  readonly gradNorm: number
  /** Positions computed, padding included. */
  readonly tokens: number
  /** True when the loss or the norm was not finite, or nothing counted: weights and moments are unchanged. */
  readonly skipped: boolean
}

/**
 * The gradient is the sum over all counted targets of the window divided by their number, so neither the split into
 * micro-batches nor a short last window changes what a target weighs. Gradients are cleared in every case.
 */
export function trainStep(
  model: GPTNeo,
  optimizer: AdamW,
  window: readonly Batch[],
  options: { readonly learningRate: number; readonly maxGradNorm: number },
): StepResult {
  const { params } = model
  zeroGrad(params)
  const counts = window.map((batch) => shiftedTargets(batch).count)
  const counted = counts.reduce((sum, count) => sum + count, 0)
  const tokens = window.reduce((sum, { B, T }) => sum + B * T, 0)
  if (counted === 0) return { loss: NaN, gradNorm: NaN, tokens, skipped: true }
  try {
    let lossSum = 0
    for (const [i, batch] of window.entries()) {
      if (counts[i] !== 0) lossSum += model.lossAndGradients(batch, 1 / counted).lossSum
    }
    const loss = lossSum / counted
    const gradNorm = globalNorm(params)
    const skipped = !Number.isFinite(loss) || !Number.isFinite(gradNorm)
    if (!skipped) optimizer.update(options.learningRate, clipFactor(gradNorm, options.maxGradNorm))
    return { loss, gradNorm, tokens, skipped }
  } finally {
    zeroGrad(params)
  }
}
