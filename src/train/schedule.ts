// The length of a run and the learning rate of each step: pure functions of the recipe.
// The multipliers are those of transformers' optimization.py (linear, cosine, cosine_with_min_lr, constant,
// each with warm-up).

import type { Recipe } from '../recipe/recipe'

/** Micro-batches of one epoch: the last one may be short (drop_last is False). */
export function batchesPerEpoch(recipe: Recipe, trainRows: number): number {
  return Math.ceil(trainRows / recipe.per_device_train_batch_size)
}

/** Optimizer steps of one epoch: the last accumulation window may be short, as it never crosses the epoch's end. */
export function stepsPerEpoch(recipe: Recipe, trainRows: number): number {
  return Math.ceil(batchesPerEpoch(recipe, trainRows) / Math.max(1, recipe.gradient_accumulation_steps))
}

/** Optimizer steps of the whole run: max_steps when it is above 0, else num_train_epochs (which may be a fraction). */
export function totalSteps(recipe: Recipe, trainRows: number): number {
  if (recipe.max_steps > 0) return recipe.max_steps
  return Math.ceil(recipe.num_train_epochs * stepsPerEpoch(recipe, trainRows))
}

/** The learning rate that Trainer logs after step `step` (0-based): see LoggedLearningRate. */
export function loggedLearningRate(recipe: Recipe, step: number, total: number): number {
  return learningRate(recipe, recipe.log_learning_rate === 'used' ? step : step + 1, total)
}

/**
 * The learning rate that step `step` (0-based) uses. Warm-up rises linearly from 0; then linear falls to 0 at
 * `total`, cosine follows half a wave to 0, cosine_with_min_lr the same wave to min_lr_rate of the peak, constant stays.
 */
export function learningRate(recipe: Recipe, step: number, total: number): number {
  const { learning_rate, warmup_steps } = recipe
  if (step < warmup_steps) return learning_rate * (step / Math.max(1, warmup_steps))
  const progress = (step - warmup_steps) / Math.max(1, total - warmup_steps)
  switch (recipe.lr_scheduler_type) {
    case 'linear':
      return learning_rate * Math.max(0, (total - step) / Math.max(1, total - warmup_steps))
    case 'cosine':
      return learning_rate * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)))
    case 'cosine_with_min_lr': {
      const wave = 0.5 * (1 + Math.cos(Math.PI * progress))
      return learning_rate * Math.max(0, wave * (1 - recipe.min_lr_rate) + recipe.min_lr_rate)
    }
    case 'constant':
      return learning_rate
  }
}
