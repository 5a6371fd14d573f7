// Small sums for the readout: speeds, time left, and how many steps a recipe will take. Estimates only; the trainer counts.

import type { Recipe } from '../recipe/recipe'

const WINDOW = 20
const SHOWN_AFTER = 3

/** The middle value, or the mean of the two middle ones; NaN when empty. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export interface Speed {
  readonly stepsPerSecond: number
  readonly tokensPerSecond: number
  /** Null until three steps were timed. */
  readonly secondsLeft: number | null
}

/** Speed from the median of the last 20 steps, so that one slow step does not throw the time left about. */
export function speed(seconds: Float64Array, tokens: Float64Array, stepsLeft: number): Speed | null {
  if (seconds.length === 0) return null
  const stepSeconds = median(seconds.subarray(-WINDOW))
  return {
    stepsPerSecond: 1 / stepSeconds,
    tokensPerSecond: median(tokens.subarray(-WINDOW)) / stepSeconds,
    secondsLeft: seconds.length < SHOWN_AFTER ? null : stepSeconds * Math.max(0, stepsLeft),
  }
}

/**
 * Optimizer steps of a run over `rows` usable rows, counted as train/schedule.ts does; null where epochs decide and the rows
 * are packed, whose blocks are counted only once they are tokenized.
 */
export function plannedSteps(recipe: Recipe, rows: number): number | null {
  if (recipe.max_steps > 0) return recipe.max_steps
  if (recipe.packing) return null
  const trainRows = rows - Math.ceil(rows * recipe.test_size)
  const batches = Math.ceil(trainRows / recipe.per_device_train_batch_size)
  const perEpoch = Math.ceil(batches / recipe.gradient_accumulation_steps)
  return Math.ceil(perEpoch * recipe.num_train_epochs)
}
