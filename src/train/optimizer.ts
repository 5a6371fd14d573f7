// AdamW in the two variants that Trainer has used, over a list of named parameters, and the global gradient norm.
// The update is one pass over memory, in place, by a kernel; this file holds the rules, the numbers and the state.

import { adamwUpdate, sumOfSquares, type AdamWNumbers } from '../kernels/optim'
import { reserveGradients, type Param } from '../kernels/param'
import { floatsOf } from '../kernels/runtime'
import * as tf from '../kernels/tf'
import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'

export type AdamWSettings = Pick<Recipe, 'optim' | 'adam_beta1' | 'adam_beta2' | 'adam_epsilon' | 'weight_decay'>

/** The two moment streams, under torch's names for them. */
export type Moment = 'exp_avg' | 'exp_avg_sq'

/**
 * L2 norm over all gradients together; a parameter without a gradient adds nothing. Summed in float64 in fixed chunks
 * and in table order, so the same gradients always give the same bits.
 */
export function globalNorm(params: readonly Param[]): number {
  return Math.sqrt(sumOfSquares(params.flatMap(({ grad }) => (grad === null ? [] : [grad]))))
}

/** Factor on all gradients: min(1, max / (norm + 1e-6)), torch's clip_grad_norm_. max <= 0 turns clipping off. */
export function clipFactor(norm: number, maxNorm: number): number {
  return maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1
}

export class AdamW {
  readonly #params: readonly Param[]
  readonly #settings: AdamWSettings
  readonly #moments: Record<Moment, tf.Tensor[]>
  #step = 0

  /** Moments start at zero. The parameters stay the caller's; the moments are freed by `dispose`. */
  constructor(params: readonly Param[], settings: AdamWSettings) {
    this.#params = params
    this.#settings = settings
    const zeros = () => params.map((param) => tf.zeros(param.shape.slice()))
    this.#moments = { exp_avg: zeros(), exp_avg_sq: zeros() }
    reserveGradients(params)
  }

  /** Updates done so far: the t of the bias corrections. */
  get step(): number {
    return this.#step
  }

  /**
   * One update of every parameter that has a gradient, with gradients multiplied by `gradFactor`.
   *
   * adamw_hf (transformers.AdamW): p -= lr sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) + eps), then p -= lr wd p.
   * adamw_torch (torch.optim.AdamW): p *= 1 - lr wd, then p -= lr/(1-b1^t) m / (sqrt(v)/sqrt(1-b2^t) + eps).
   * Only parameters with `decay` see the decay term.
   */
  update(learningRate: number, gradFactor: number): void {
    this.#step++
    this.#params.forEach((param, i) => {
      const { grad } = param
      const mean = this.#moments.exp_avg[i]
      const square = this.#moments.exp_avg_sq[i]
      if (grad === null || mean === undefined || square === undefined) return
      adamwUpdate(param.value, grad, mean, square, this.#numbers(param, learningRate, gradFactor))
    })
  }

  #numbers(param: Param, rate: number, scale: number): AdamWNumbers {
    const { optim, adam_beta1: beta1, adam_beta2: beta2, adam_epsilon: eps, weight_decay } = this.#settings
    const correction1 = 1 - beta1 ** this.#step
    const correction2 = Math.sqrt(1 - beta2 ** this.#step)
    const decay = param.decay ? rate * weight_decay : 0
    const shared = { scale, beta1, beta2, eps }
    return optim === 'adamw_hf'
      ? { ...shared, rate: (rate * correction2) / correction1, root: 1, before: 1, after: decay }
      : { ...shared, rate: rate / correction1, root: 1 / correction2, before: 1 - decay, after: 0 }
  }

  /** A copy of one moment of the parameter at `index` of the table, row-major. */
  read(moment: Moment, index: number): Float32Array {
    const tensor = this.#moments[moment][index]
    if (tensor === undefined) throw new RangeError(`no parameter ${index}`)
    return tensor.dataSync<'float32'>()
  }

  /** The same without a copy, to be used at once: see floatsOf. */
  view(moment: Moment, index: number): Float32Array {
    const tensor = this.#moments[moment][index]
    if (tensor === undefined) throw new RangeError(`no parameter ${index}`)
    return floatsOf(tensor)
  }

  /** Replaces one moment by parameter name. Throws FinetaleError for an unknown name or another length. */
  restore(moment: Moment, name: string, data: Float32Array): void {
    const index = this.#params.findIndex((param) => param.name === name)
    const old = this.#moments[moment][index]
    const shape = this.#params[index]?.shape
    if (old === undefined || shape === undefined || old.size !== data.length) {
      throw new FinetaleError(
        `The checkpoint's ${moment} of "${name}" does not fit the model: ${data.length} numbers, expected ${old?.size ?? 'none'}.`,
        'The checkpoint belongs to another model; start the run again.',
      )
    }
    this.#moments[moment][index] = tf.tensor(data, shape.slice(), 'float32')
    old.dispose()
  }

  /** Sets t, with `restore` of every moment the whole state of the optimizer. */
  restoreStep(step: number): void {
    this.#step = step
  }

  dispose(): void {
    tf.dispose(this.#moments.exp_avg)
    tf.dispose(this.#moments.exp_avg_sq)
    this.#moments.exp_avg = []
    this.#moments.exp_avg_sq = []
  }
}
