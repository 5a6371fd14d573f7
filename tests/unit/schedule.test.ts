// Length of a run and learning rates, against the notebook's numbers and transformers' formulas.

import { describe, expect, test } from 'vitest'
import type { Recipe } from '../../src/recipe/recipe'
import { batchesPerEpoch, learningRate, loggedLearningRate, stepsPerEpoch, totalSteps } from '../../src/train/schedule'

const recipe = {
  per_device_train_batch_size: 8,
  gradient_accumulation_steps: 1,
  num_train_epochs: 1,
  max_steps: -1,
  learning_rate: 1e-4,
  lr_scheduler_type: 'linear',
  warmup_steps: 0,
} as Recipe

describe('length', () => {
  test('the notebook has 233 steps, the last batch one row', () => {
    expect(batchesPerEpoch(recipe, 1857)).toBe(233)
    expect(totalSteps(recipe, 1857)).toBe(233)
  })

  test('a window does not cross the end of an epoch', () => {
    const two = { ...recipe, gradient_accumulation_steps: 2, num_train_epochs: 3 }
    expect(stepsPerEpoch(two, 1857)).toBe(117)
    expect(totalSteps(two, 1857)).toBe(351)
  })

  test('fractions of epochs round up, and max_steps decides when given', () => {
    expect(totalSteps({ ...recipe, num_train_epochs: 0.5 }, 1857)).toBe(117)
    expect(totalSteps({ ...recipe, max_steps: 1000 }, 1857)).toBe(1000)
  })
})

describe('learning rate', () => {
  test('linear falls from the full rate to 1/total of it at the last step', () => {
    expect(learningRate(recipe, 0, 233)).toBe(1e-4)
    expect(learningRate(recipe, 1, 233)).toBeCloseTo((1e-4 * 232) / 233, 15)
    expect(learningRate(recipe, 232, 233)).toBeCloseTo(1e-4 / 233, 15)
    expect(learningRate(recipe, 233, 233)).toBe(0)
  })

  test('warm-up rises from 0, then the fall takes the steps that are left', () => {
    const warm = { ...recipe, warmup_steps: 10 }
    expect(learningRate(warm, 0, 110)).toBe(0)
    expect(learningRate(warm, 5, 110)).toBeCloseTo(5e-5, 15)
    expect(learningRate(warm, 10, 110)).toBe(1e-4)
    expect(learningRate(warm, 60, 110)).toBeCloseTo(5e-5, 15)
  })

  test('cosine is at half in the middle and 0 at the end', () => {
    const cosine: Recipe = { ...recipe, lr_scheduler_type: 'cosine' }
    expect(learningRate(cosine, 0, 100)).toBe(1e-4)
    expect(learningRate(cosine, 25, 100)).toBeCloseTo(0.5e-4 * (1 + Math.SQRT1_2), 15)
    expect(learningRate(cosine, 50, 100)).toBeCloseTo(5e-5, 15)
    expect(learningRate(cosine, 100, 100)).toBeCloseTo(0, 15)
  })

  test('cosine_with_min_lr follows the same wave down to its share', () => {
    const floor: Recipe = { ...recipe, lr_scheduler_type: 'cosine_with_min_lr', min_lr_rate: 0.1, warmup_steps: 10 }
    expect(learningRate(floor, 5, 110)).toBeCloseTo(5e-5, 15)
    expect(learningRate(floor, 10, 110)).toBeCloseTo(1e-4, 15)
    expect(learningRate(floor, 60, 110)).toBeCloseTo(5.5e-5, 15)
    expect(learningRate(floor, 110, 110)).toBeCloseTo(1e-5, 15)
  })

  test('constant stays after its warm-up', () => {
    const constant: Recipe = { ...recipe, lr_scheduler_type: 'constant', warmup_steps: 2 }
    expect([0, 1, 2, 99].map((step) => learningRate(constant, step, 100))).toEqual([0, 5e-5, 1e-4, 1e-4])
  })

  test('the logged rate is the next one in 4.30 and the used one in 4.57', () => {
    const logged = (log_learning_rate: Recipe['log_learning_rate']) =>
      [0, 232].map((step) => loggedLearningRate({ ...recipe, log_learning_rate }, step, 233))
    expect(logged('next')).toEqual([1e-4 * (232 / 233), 0])
    expect(logged('used')).toEqual([1e-4, 1e-4 * (1 / 233)])
    // A recipe stored before the field was there.
    expect(loggedLearningRate(recipe, 232, 233)).toBe(0)
  })
})
