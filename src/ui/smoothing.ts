// Smoothing of curves, value by value. No drawing, and no memory of the values that went in.

/**
 * Debiased exponential moving average: s_n = sum_i w^(n-i) (1-w) v_i / (1 - w^n), the smoothing of TensorBoard and W&B.
 * Written as a step towards each value by (1-w)/(1-w^n), so constants stay exact and a later value never changes an
 * earlier result.
 */
export class Smoother {
  readonly weight: number
  #average = 0
  #remaining = 1 // w^n

  /** @param weight 0 (none) to below 1 */
  constructor(weight: number) {
    this.weight = weight
  }

  /** The average with `value` in it. A value that is not finite gives NaN and leaves the average as it was. */
  next(value: number): number {
    if (!Number.isFinite(value)) return Number.NaN
    this.#remaining *= this.weight
    this.#average += ((1 - this.weight) / (1 - this.#remaining)) * (value - this.#average)
    return this.#average
  }
}
