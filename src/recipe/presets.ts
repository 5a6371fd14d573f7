// Ready-made recipes: the built-in demo and the course notebook's run. A leaf of values; choosing one downloads nothing.

import type { Recipe } from './recipe'

/** The offline demo: about two minutes on two cores with the built-in model and data set. */
export function demo(): Recipe {
  return {
    schema: 1,
    name: 'Built-in demo',
    model_init: 'from_pretrained',
    max_length: 192,
    padding: 'longest',
    packing: false,
    pad_in_loss: false,
    append_eos: true,
    test_size: 0.1,
    per_device_train_batch_size: 8,
    per_device_eval_batch_size: 8,
    gradient_accumulation_steps: 1,
    num_train_epochs: 1,
    max_steps: 120,
    seed: 42,
    order_rule: 'transformers_4_30',
    loss_divisor: 'targets',
    eval_average: 'targets',
    optim: 'adamw_torch',
    // Gentle: at 1e-3 the loss falls further, and the texts of so small a model fall apart (its card has figures).
    learning_rate: 5e-6,
    lr_scheduler_type: 'linear',
    min_lr_rate: 0.1,
    warmup_steps: 5,
    weight_decay: 0.01,
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    max_grad_norm: 1,
    logging_steps: 1,
    log_learning_rate: 'next',
    eval_strategy: 'steps',
    eval_steps: 20,
    save_steps: 20,
    save_minutes: 5,
    threads: 0,
  }
}

/**
 * The course notebook's run, as transformers 4.30 computes it: 128 tokens, padding in the loss, batch 8, one epoch,
 * learning rate 1e-4 falling linearly to 0, the adamw_hf update. These are the values only; the model and the data are
 * chosen apart.
 */
export function courseNotebook(): Recipe {
  return {
    ...demo(),
    name: 'Course notebook',
    max_length: 128,
    padding: 'max_length',
    pad_in_loss: true,
    append_eos: false,
    test_size: 0.2,
    max_steps: -1,
    eval_average: 'batches',
    optim: 'adamw_hf',
    learning_rate: 1e-4,
    warmup_steps: 0,
    eval_strategy: 'epoch',
    save_steps: 50,
  }
}

/** The course notebook's values for a first try with a far smaller model: minutes instead of an hour. */
export function tiny(): Recipe {
  return { ...courseNotebook(), name: 'Tiny model' }
}

/** Presets by the name that links and the command line use. */
export const presets = { demo, courseNotebook, tiny } as const

export type PresetName = keyof typeof presets

/** True when `name` is one of the presets. */
export function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(presets, name)
}
