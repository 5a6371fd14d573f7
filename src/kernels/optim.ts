// What the optimizer does to memory: the sum of squares of all gradients, and one AdamW update in place. The rules of the
// two variants and the state belong to train/optimizer.ts.

import { SQUARES_CHUNK } from './jobs'
import { addressOf, allocateBytes, doublesAt, freeBytes, pool } from './runtime'
import type * as tf from './tf'

/** Elements of one task: 7 x 128 kB pass through the cache. */
const GRAIN = 32_768

/**
 * Sum of squares over all tensors, in double precision: fixed chunks of each tensor, added in order, so neither the
 * number of threads nor anything else but the numbers decides the bits.
 */
export function sumOfSquares(tensors: readonly tf.Tensor[]): number {
  const most = tensors.reduce((n, tensor) => Math.max(n, chunksOf(tensor)), 1)
  const out = allocateBytes(most * 8)
  try {
    let total = 0
    for (const tensor of tensors) {
      const chunks = chunksOf(tensor)
      pool().run('sumSquares', { x: addressOf(tensor), out, n: tensor.size }, chunks, 1)
      let sum = 0
      for (const part of doublesAt(out, chunks)) sum += part
      total += sum
    }
    return total
  } finally {
    freeBytes(out)
  }
}

function chunksOf(tensor: tf.Tensor): number {
  return Math.ceil(tensor.size / SQUARES_CHUNK)
}

/** The numbers of one AdamW update; see assembly/adamw.ts for the formula. */
export interface AdamWNumbers {
  /** On every gradient: the clip factor. */
  readonly scale: number
  readonly beta1: number
  readonly beta2: number
  readonly eps: number
  /** On m / (sqrt(v) * root + eps). */
  readonly rate: number
  readonly root: number
  /** On the parameter before the update. */
  readonly before: number
  /** Share of the updated parameter that is taken off. */
  readonly after: number
}

/** One update of `value` and its moments in place. */
export function adamwUpdate(
  value: tf.Tensor,
  grad: tf.Tensor,
  mean: tf.Tensor,
  square: tf.Tensor,
  numbers: AdamWNumbers,
): void {
  const addresses = { p: addressOf(value), g: addressOf(grad), m: addressOf(mean), v: addressOf(square) }
  const rest = { rest1: 1 - numbers.beta1, rest2: 1 - numbers.beta2 }
  pool().run('adamw', { ...addresses, ...numbers, ...rest }, value.size, GRAIN)
}
