// Reads a golden case: what transformers and PyTorch computed with a small model, as tests/golden/make_golden.py wrote
// it. For the page's self-check and for the tests; it computes nothing but differences.

import { FinetaleError } from '../recipe/error'
import type { Batch } from '../model/batch'

export type LossKind = 'pads' | 'masked'
export type OptimizerKind = 'adamw_hf' | 'adamw_torch'

/** A short training run of the reference: one entry a step. */
export interface GoldenTraining {
  readonly losses: readonly number[]
  readonly grad_norms: readonly number[]
  readonly learning_rates: readonly number[]
  readonly pads: boolean
  readonly weight_decay: number
  readonly max_grad_norm: number
}

export interface GoldenJson {
  readonly magic: string
  readonly version: number
  readonly T: number
  readonly lengths: readonly number[]
  readonly batches: readonly (readonly number[])[]
  readonly loss: Readonly<Record<LossKind, number>>
  readonly training: Readonly<Record<OptimizerKind, GoldenTraining>>
  readonly greedy: readonly { readonly prompt: readonly number[]; readonly tokens: readonly number[] }[]
  /** Where each float32 array lies in golden.bin, in bytes. */
  readonly arrays: Readonly<Record<string, { readonly shape: readonly number[]; readonly offset: number }>>
}

export class Golden {
  readonly json: GoldenJson
  readonly #bytes: ArrayBuffer

  /** @throws FinetaleError when the two files are not of one known version. */
  constructor(json: GoldenJson, bytes: ArrayBuffer) {
    const magic = new TextDecoder().decode(bytes.slice(0, 4))
    const version = bytes.byteLength < 8 ? 0 : new DataView(bytes).getUint32(4, true)
    if (json.magic !== 'FTGD' || magic !== 'FTGD' || json.version !== 1 || version !== 1) {
      throw new FinetaleError(
        `golden.json and golden.bin: expected version 1 of both, found ${json.magic} ${json.version} and ${version}.`,
        'Write them again with tests/golden/make_golden.py.',
      )
    }
    this.json = json
    this.#bytes = bytes
  }

  /** An array of the reference, row-major. Throws when there is none of that name. */
  array(name: string): Float32Array {
    const entry = this.json.arrays[name]
    if (!entry) throw new Error(`no golden array ${name}`)
    const length = entry.shape.reduce((product, n) => product * n, 1)
    return new Float32Array(this.#bytes.slice(entry.offset, entry.offset + 4 * length))
  }

  /** Batch `i` of the reference, padded on the right. */
  batch(i: number, padInLoss: boolean): Batch {
    const { T, lengths, batches } = this.json
    return {
      ids: Int32Array.from(batches[i] ?? []),
      lengths: Int32Array.from(lengths),
      B: lengths.length,
      T,
      padInLoss,
    }
  }
}

/** Largest absolute difference; NaN when there is one that is no number, infinite when the lengths differ. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN))
    if (Number.isNaN(difference)) return NaN
    largest = Math.max(largest, difference)
  }
  return largest
}

/** Largest absolute difference over the largest absolute value of the reference: one scale for the whole tensor. */
export function relativeDifference(ours: ArrayLike<number>, reference: ArrayLike<number>): number {
  let scale = 0
  for (let i = 0; i < reference.length; i++) scale = Math.max(scale, Math.abs(reference[i] ?? NaN))
  return maxDifference(ours, reference) / scale
}
