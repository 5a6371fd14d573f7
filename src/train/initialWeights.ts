// The weights of a model that begins from its config.json alone, drawn as transformers does in _init_weights of GPT-Neo:
// matrices and embeddings from a normal distribution, layer norms at one and zero, biases at zero. Same seed, same bits.

import { MT19937 } from '../data/random'
import type { GPTNeoConfig } from '../model/config'
import { paramTable, type NamedArray } from '../model/params'
import { FinetaleError } from '../recipe/error'

/** GPTNeoConfig's default. */
const INITIALIZER_RANGE = 0.02

/**
 * The standard deviation that config.json asks for.
 * @throws FinetaleError when it is no positive number
 */
export function initializerRange({ source }: Pick<GPTNeoConfig, 'source'>): number {
  const range = source.initializer_range ?? INITIALIZER_RANGE
  if (typeof range === 'number' && Number.isFinite(range) && range > 0) return range
  throw new FinetaleError(
    `config.json needs "initializer_range" as a number above 0, but it is ${JSON.stringify(range)}.`,
    `Correct it, or leave it out to take ${INITIALIZER_RANGE}.`,
  )
}

/**
 * Fills an array with numbers of the normal distribution (0, deviation): Box and Muller's transform of two 32-bit draws
 * u, v in (0, 1] and [0, 1) gives the pair sqrt(-2 ln u) (cos, sin)(2 pi v); the sine of an odd last pair is dropped.
 */
function fillNormal(values: Float32Array, deviation: number, generator: MT19937): void {
  for (let i = 0; i < values.length; i += 2) {
    const u = (generator.next32() + 1) / 2 ** 32
    const angle = (2 * Math.PI * generator.next32()) / 2 ** 32
    const radius = deviation * Math.sqrt(-2 * Math.log(u))
    values[i] = radius * Math.cos(angle)
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle)
  }
}

/**
 * Weights by name, for createParams; the head is tied, so it has none of its own. One MT19937 stream, seeded with `seed`,
 * runs through the parameters in table order. torch draws in another order and by another rule, so the same seed gives
 * other numbers there, of the same distribution; tools/builtin-model/torch_run.py draws these.
 */
export function initialWeights(config: GPTNeoConfig, seed: number): Map<string, NamedArray> {
  const deviation = initializerRange(config)
  const generator = new MT19937(seed)
  return new Map(
    paramTable(config).map(({ name, shape }): [string, NamedArray] => {
      const data = new Float32Array(shape.reduce((size, n) => size * n, 1))
      if (shape.length > 1) fillNormal(data, deviation, generator)
      else if (/\bln_\w+\.weight$/.test(name)) data.fill(1)
      return [name, { shape, data }]
    }),
  )
}
