// AdamW in the two variants that Trainer has used, over a list of named parameters, and the global gradient norm.
// The update is tfjs arithmetic: a new tensor replaces each old one, which is disposed, so no cache can go stale.

import type { Param } from '../kernels/param'
import * as tf from '../kernels/tf'
import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'

export type AdamWSettings = Pick<Recipe, 'optim' | 'adam_beta1' | 'adam_beta2' | 'adam_epsilon' | 'weight_decay'>

/** The two moment streams, under torch's names for them. */
export type Moment = 'exp_avg' | 'exp_avg_sq'

/**
 * L2 norm over all gradients together; a parameter without a gradient adds nothing. Summed in float64, parameter by
 * parameter in table order, so the same gradients always give the same bits.
 */
export function globalNorm(params: readonly Param[]): number {
  let total = 0
  for (const { grad } of params) {
    if (grad === null) continue
    let sum = 0
    for (const value of grad.dataSync()) sum += value * value
    total += sum
  }
  return Math.sqrt(total)
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
    const { adam_beta1: beta1, adam_beta2: beta2 } = this.#settings
    const correction1 = 1 - beta1 ** this.#step
    const correction2 = Math.sqrt(1 - beta2 ** this.#step)
    this.#params.forEach((param, i) => {
      const { grad } = param
      const m0 = this.#moments.exp_avg[i]
      const v0 = this.#moments.exp_avg_sq[i]
      if (grad === null || m0 === undefined || v0 === undefined) return
      const [p, m, v] = tf.tidy((): [tf.Tensor, tf.Tensor, tf.Tensor] => {
        const g = gradFactor === 1 ? grad : tf.mul(grad, gradFactor)
        const m1 = tf.add(tf.mul(m0, beta1), tf.mul(g, 1 - beta1))
        const v1 = tf.add(tf.mul(v0, beta2), tf.mul(tf.square(g), 1 - beta2))
        return [this.#moved(param, m1, v1, learningRate, correction1, correction2), m1, v1]
      })
      tf.dispose([param.value, m0, v0])
      param.value = p
      this.#moments.exp_avg[i] = m
      this.#moments.exp_avg_sq[i] = v
    })
  }

  #moved(param: Param, m: tf.Tensor, v: tf.Tensor, rate: number, correction1: number, correction2: number): tf.Tensor {
    const { optim, adam_epsilon, weight_decay } = this.#settings
    const decay = param.decay ? rate * weight_decay : 0
    if (optim === 'adamw_hf') {
      const ratio = tf.div(m, tf.add(tf.sqrt(v), adam_epsilon))
      const p = tf.sub(param.value, tf.mul(ratio, (rate * correction2) / correction1))
      return decay === 0 ? p : tf.sub(p, tf.mul(p, decay))
    }
    const ratio = tf.div(m, tf.add(tf.div(tf.sqrt(v), correction2), adam_epsilon))
    const p = decay === 0 ? param.value : tf.mul(param.value, 1 - decay)
    return tf.sub(p, tf.mul(ratio, rate / correction1))
  }

  /** A copy of one moment of the parameter at `index` of the table, row-major. */
  read(moment: Moment, index: number): Float32Array {
    const tensor = this.#moments[moment][index]
    if (tensor === undefined) throw new RangeError(`no parameter ${index}`)
    return tensor.dataSync<'float32'>()
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
