// What the training tests share: M0 as a model on the backend, token rows from lists of ids, and a recipe to change.

import type { Recipe } from '../../src/recipe/recipe'
import { parseConfig } from '../../src/model/config'
import { GPTNeo } from '../../src/model/gptNeo'
import { createParams } from '../../src/model/params'
import type { LoopControl } from '../../src/train/loop'
import type { TokenizedDataset, TokenRows } from '../../src/workers/protocol'
import { EOS, M0_CONFIG, m0Tensors } from './m0'

/** A fresh M0. The caller disposes it. */
export function buildM0(): GPTNeo {
  const config = parseConfig(JSON.stringify(M0_CONFIG))
  return new GPTNeo(config, createParams(config, new Map(m0Tensors().map((tensor) => [tensor.name, tensor]))))
}

export function rowsOf(rows: readonly (readonly number[])[]): TokenRows {
  const length = Math.max(1, ...rows.map((row) => row.length))
  const ids = new Int32Array(rows.length * length).fill(EOS)
  rows.forEach((row, i) => ids.set(row, i * length))
  return { ids, lengths: Int32Array.from(rows, (row) => row.length), rows: rows.length, length }
}

export function datasetOf(
  train: readonly (readonly number[])[],
  held: readonly (readonly number[])[] = [],
): TokenizedDataset {
  return {
    train: rowsOf(train),
    eval: rowsOf(held),
    padId: EOS,
    eosId: EOS,
    dropped: {},
    paddingShare: 0,
    fingerprint: '00000000',
  }
}

/** One row a batch, real tokens only, AdamW without decay at a rate that falls to 0, clipped to 1. */
export const testRecipe: Recipe = {
  schema: 1,
  name: 'test',
  model_init: 'from_pretrained',
  max_length: 64,
  padding: 'longest',
  packing: false,
  pad_in_loss: false,
  append_eos: true,
  test_size: 0,
  per_device_train_batch_size: 1,
  per_device_eval_batch_size: 2,
  gradient_accumulation_steps: 1,
  num_train_epochs: 1,
  max_steps: -1,
  seed: 42,
  order_rule: 'seedable',
  loss_divisor: 'targets',
  eval_average: 'targets',
  optim: 'adamw_torch',
  learning_rate: 5e-3,
  lr_scheduler_type: 'linear',
  min_lr_rate: 0.1,
  warmup_steps: 0,
  weight_decay: 0,
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  max_grad_norm: 1,
  logging_steps: 1,
  log_learning_rate: 'used',
  eval_strategy: 'no',
  eval_steps: 1,
  save_steps: 0,
  save_minutes: 0,
  threads: 0,
}

/** A control that lets the loop run until `stopAt` steps are done. */
export function runUntil(stopAt = Infinity): LoopControl {
  return {
    ready: ({ step }) => Promise.resolve(step < stopAt),
    proceed: () => true,
    exclusive: async (work) => work(),
  }
}
