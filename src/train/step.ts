// One optimizer step over an accumulation window: gradients of all its micro-batches, clip, update.
// Knows nothing of epochs, schedules or data order.

import { zeroGrad } from '../kernels/param'
import { withRemainingThreads } from '../kernels/retry'
import { type Batch, shiftedTargets } from '../model/batch'
import type { GPTNeo } from '../model/gptNeo'
import type { LossDivisor } from '../recipe/recipe'
import { type AdamW, clipFactor, globalNorm } from './optimizer'

export interface StepResult {
  /** Sum of the cross-entropies of all counted targets of the window over its divisor; NaN when none counts. */
  readonly loss: number
  /** Global norm before clipping. */
  readonly gradNorm: number
  /** Positions of the window, padding included. */
  readonly tokens: number
  /** True when the loss or the norm was not finite, or nothing counted: weights and moments are unchanged. */
  readonly skipped: boolean
}

export interface StepOptions {
  readonly learningRate: number
  readonly maxGradNorm: number
  /** Absent: the counted targets. */
  readonly lossDivisor?: LossDivisor | undefined
}

/** Labels of a batch before they are shifted: every counted target and each row's first token. */
export function unshiftedLabels({ lengths, B, T, padInLoss }: Batch): number {
  return padInLoss ? B * T : lengths.reduce((sum, length) => sum + Math.min(T, length), 0)
}

/**
 * The gradient is the sum over all counted targets of the window divided by their number (or by that of the labels), so
 * neither the split into micro-batches nor a short last window changes what a target weighs. Gradients are cleared in
 * every case.
 */
export function trainStep(model: GPTNeo, optimizer: AdamW, window: readonly Batch[], options: StepOptions): StepResult {
  const { params } = model
  zeroGrad(params)
  const counts = window.map((batch) => shiftedTargets(batch).count)
  const counted = counts.reduce((sum, count) => sum + count, 0)
  const tokens = window.reduce((sum, { B, T }) => sum + B * T, 0)
  if (counted === 0) return { loss: NaN, gradNorm: NaN, tokens, skipped: true }
  const labels = window.reduce((sum, batch) => sum + unshiftedLabels(batch), 0)
  const divisor = options.lossDivisor === 'labels' ? labels : counted
  try {
    let lossSum = 0
    for (const [i, batch] of window.entries()) {
      if (counts[i] !== 0) lossSum += model.lossAndGradients(batch, 1 / divisor).lossSum
    }
    const loss = lossSum / divisor
    const gradNorm = globalNorm(params)
    const skipped = !Number.isFinite(loss) || !Number.isFinite(gradNorm)
    if (!skipped) optimizer.update(options.learningRate, clipFactor(gradNorm, options.maxGradNorm))
    return { loss, gradNorm, tokens, skipped }
  } finally {
    zeroGrad(params)
  }
}

/**
 * trainStep, begun again on the threads that are left when one is lost before the optimizer writes; later than that the
 * weights are neither old nor new, and the error goes on.
 */
export function trainStepSurely(...args: Parameters<typeof trainStep>): Promise<StepResult> {
  const optimizer = args[1]
  const updates = optimizer.step
  return withRemainingThreads(
    () => trainStep(...args),
    () => optimizer.step === updates,
  )
}
