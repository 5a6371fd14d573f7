// Models and batches made of repeatable noise, of any shape: for tests of whole steps and for the benches.

import type { Batch } from '../../src/model/batch'
import { parseConfig } from '../../src/model/config'
import { GPTNeo } from '../../src/model/gptNeo'
import { createParam, paramTable } from '../../src/model/params'

/** Repeatable numbers in [-scale, scale). */
export class Noise {
  #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  next(scale = 1): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0
    return Math.fround(scale * (this.#seed / 2 ** 31 - 1))
  }

  floats(length: number, scale = 1): Float32Array {
    return Float32Array.from({ length }, () => this.next(scale))
  }
}

export interface StepShape {
  readonly vocab: number
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly window: number
  readonly positions: number
  readonly B: number
  readonly T: number
}

/** The built-in model's shape, on few tokens. */
export const BUILT_IN: StepShape = {
  vocab: 4096,
  hidden: 256,
  layers: 4,
  heads: 16,
  window: 64,
  positions: 256,
  B: 2,
  T: 96,
}
/** As wide as the course model, two layers and a short vocabulary. */
export const WIDE: StepShape = {
  vocab: 3001,
  hidden: 768,
  layers: 2,
  heads: 16,
  window: 16,
  positions: 64,
  B: 2,
  T: 50,
}

/** A GPT-Neo of this shape with small random weights. */
export function randomModel(shape: StepShape, seed = 1): GPTNeo {
  const config = parseConfig(
    JSON.stringify({
      model_type: 'gpt_neo',
      architectures: ['GPTNeoForCausalLM'],
      vocab_size: shape.vocab,
      hidden_size: shape.hidden,
      num_layers: shape.layers,
      num_heads: shape.heads,
      attention_types: [[['global', 'local'], shape.layers / 2]],
      max_position_embeddings: shape.positions,
      window_size: shape.window,
      activation_function: 'gelu_new',
      layer_norm_epsilon: 1e-5,
      tie_word_embeddings: true,
      bos_token_id: 0,
      eos_token_id: 0,
    }),
  )
  const noise = new Noise(seed)
  const params = paramTable(config).map((spec) => {
    const size = spec.shape.reduce((a, b) => a * b, 1)
    const data = noise.floats(size, 0.04)
    if (/ln_.*weight/.test(spec.name)) data.forEach((value, i) => (data[i] = value + 1))
    return createParam(spec, data)
  })
  return new GPTNeo(config, params)
}

/** Random ids; the first row is full, the second half as long, and so on. */
export function randomBatch(shape: StepShape, seed: number): Batch {
  const noise = new Noise(seed)
  const { B, T } = shape
  const ids = Int32Array.from({ length: B * T }, () => Math.floor(((noise.next() + 1) / 2) * shape.vocab))
  const lengths = Int32Array.from({ length: B }, (_, i) => T - i * Math.floor(T / 2))
  return { ids, lengths, B, T, padInLoss: true }
}
