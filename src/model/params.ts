// The one ordered table of a GPT-Neo's parameters: names, shapes, decay. Checkpoints, exports and loaders all follow it.

import type { Param } from '../kernels/param'
import * as tf from '../kernels/tf'
import { FinetaleError } from '../recipe/error'
import type { GPTNeoConfig } from './config'

export interface ParamSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly decay: boolean
}

export interface NamedArray {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/**
 * Every parameter in the order of the Hugging Face state dict; the tied head is not listed, it is wte.
 * Decay follows Trainer's get_decay_parameter_names: all but LayerNorm parameters and biases, so both embeddings decay.
 */
export function paramTable(config: GPTNeoConfig): ParamSpec[] {
  const { hidden_size: C, intermediate_size: M } = config
  const table: ParamSpec[] = []
  const add = (name: string, decay: boolean, ...shape: number[]): void => {
    table.push({ name: `transformer.${name}`, shape, decay })
  }
  add('wte.weight', true, config.vocab_size, C)
  add('wpe.weight', true, config.max_position_embeddings, C)
  for (let layer = 0; layer < config.num_layers; layer++) {
    const h = `h.${layer}`
    add(`${h}.ln_1.weight`, false, C)
    add(`${h}.ln_1.bias`, false, C)
    add(`${h}.attn.attention.k_proj.weight`, true, C, C)
    add(`${h}.attn.attention.v_proj.weight`, true, C, C)
    add(`${h}.attn.attention.q_proj.weight`, true, C, C)
    add(`${h}.attn.attention.out_proj.weight`, true, C, C)
    add(`${h}.attn.attention.out_proj.bias`, false, C)
    add(`${h}.ln_2.weight`, false, C)
    add(`${h}.ln_2.bias`, false, C)
    add(`${h}.mlp.c_fc.weight`, true, M, C)
    add(`${h}.mlp.c_fc.bias`, false, M)
    add(`${h}.mlp.c_proj.weight`, true, C, M)
    add(`${h}.mlp.c_proj.bias`, false, C)
  }
  add('ln_f.weight', false, C)
  add('ln_f.bias', false, C)
  return table
}

/** Moves one array onto the backend as a parameter without a gradient. */
export function createParam(spec: ParamSpec, data: Float32Array): Param {
  return { ...spec, value: tf.keep(tf.tensor(data, [...spec.shape], 'float32')), grad: null }
}

/**
 * Builds every parameter of the table from arrays by name.
 * @throws FinetaleError listing what is missing or has another shape; nothing is allocated then.
 */
export function createParams(config: GPTNeoConfig, tensors: ReadonlyMap<string, NamedArray>): Param[] {
  const table = paramTable(config)
  checkShapes(table, new Map([...tensors].map(([name, { shape }]) => [name, shape])), 'The weights')
  return table.map((spec) => createParam(spec, tensors.get(spec.name)?.data ?? new Float32Array(0)))
}

/**
 * Compares names and shapes with the table.
 * @param what subject of the sentence, usually a file name
 * @throws FinetaleError naming the first few that are missing or differ.
 */
export function checkShapes(
  table: readonly ParamSpec[],
  shapes: ReadonlyMap<string, readonly number[]>,
  what: string,
): void {
  const missing = table.filter(({ name }) => !shapes.has(name)).map(({ name }) => name)
  if (missing.length > 0) {
    throw new FinetaleError(
      `${what}: ${missing.length} of ${table.length} tensors are missing: ${list(missing)}.`,
      'Choose the weights that belong to this config.json.',
    )
  }
  const wrong = table.flatMap(({ name, shape }) => {
    const found = shapes.get(name) ?? []
    const same = found.length === shape.length && found.every((size, i) => size === shape[i])
    return same ? [] : [`${name} should be [${shape.join(', ')}] but is [${found.join(', ')}]`]
  })
  if (wrong.length > 0) {
    throw new FinetaleError(
      `${what}: ${list(wrong)}.`,
      'Choose the weights that belong to this config.json, or correct the sizes in config.json.',
    )
  }
}

/** The first five, and how many more. */
function list(items: readonly string[]): string {
  const shown = items.slice(0, 5).join('; ')
  return items.length > 5 ? `${shown}; and ${items.length - 5} more` : shown
}
