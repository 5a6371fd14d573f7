// The presets' values against what they claim to be. Not a test of training.

import { expect, test } from 'vitest'
import { courseNotebook, demo, isPresetName, presets } from '../../src/recipe/presets'
import { validate } from '../../src/recipe/validate'

test.each(Object.entries(presets))('%s is a valid recipe', (_name, preset) => {
  expect(validate(preset())).toEqual([])
})

test('the course notebook holds what the notebook and the defaults of transformers 4.30 say', () => {
  expect(courseNotebook()).toMatchObject({
    max_length: 128,
    padding: 'max_length',
    pad_in_loss: true,
    append_eos: false,
    test_size: 0.2,
    per_device_train_batch_size: 8,
    per_device_eval_batch_size: 8,
    gradient_accumulation_steps: 1,
    num_train_epochs: 1,
    max_steps: -1,
    seed: 42,
    order_rule: 'transformers_4_30',
    optim: 'adamw_hf',
    learning_rate: 1e-4,
    lr_scheduler_type: 'linear',
    warmup_steps: 0,
    weight_decay: 0.01,
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    max_grad_norm: 1,
    logging_steps: 1,
    eval_strategy: 'epoch',
  })
})

test('each call gives a fresh record', () => {
  expect(demo()).not.toBe(demo())
  expect(demo()).toEqual(demo())
})

test('names are recognised without the prototype', () => {
  expect(isPresetName('demo')).toBe(true)
  expect(isPresetName('toString')).toBe(false)
})
