// M0, the tiny GPT-Neo that many tests share: 404,280 numbers made by integer arithmetic, so no file is needed.
// The reference numbers beside it come from transformers on the same weights.

import { parseConfig } from '../../src/model/config'
import { paramTable } from '../../src/model/params'
import { writeSafetensors } from '../../src/formats/safetensors'

export const M0_CONFIG = {
  model_type: 'gpt_neo',
  architectures: ['GPTNeoForCausalLM'],
  vocab_size: 50257,
  hidden_size: 8,
  num_layers: 2,
  num_heads: 2,
  intermediate_size: null,
  max_position_embeddings: 64,
  window_size: 4,
  attention_types: [[['global', 'local'], 1]],
  attention_layers: ['global', 'local'],
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  attention_dropout: 0,
  embed_dropout: 0,
  resid_dropout: 0,
  bos_token_id: 50256,
  eos_token_id: 50256,
} as const

/** "Once upon a time there was a small dragon who lived in a dark cave." */
export const S = [7454, 2402, 257, 640, 612, 373, 257, 1402, 10441, 508, 5615, 287, 257, 3223, 11527, 13]
export const EOS = 50256
/** S with its end-of-text. */
export const A = [...S, EOS]
/** "The bard sang." with its end-of-text. */
export const B = [464, 275, 446, 25889, 13, EOS]
/** "An elf." with its end-of-text. */
export const C = [2025, 23878, 13, EOS]

export const M0_LOSS_S = 11.02827

export interface M0Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** The u in [-1, 1) of element i of tensor k. */
function uniform(i: number, k: number): number {
  let h = (Math.imul(i, 0x9e3779b1) + Math.imul(k + 1, 0x85ebca6b)) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  h = (h ^ (h >>> 16)) >>> 0
  return h / 2 ** 31 - 1
}

function valueOf(name: string, u: number): number {
  if (/ln_\w+\.weight$/.test(name)) return 1 + 0.1 * u
  if (name.endsWith('.bias')) return 0.1 * u
  if (name.includes('wte')) return 0.5 * u
  if (name.includes('wpe')) return 0.2 * u
  return /[qk]_proj/.test(name) ? u : 0.6 * u
}

/** The thirty tensors in state-dict order; a config may change the sizes. */
export function m0Tensors(config: Readonly<Record<string, unknown>> = M0_CONFIG): M0Tensor[] {
  return paramTable(parseConfig(JSON.stringify(config))).map(({ name, shape }, k) => {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1))
    for (let i = 0; i < data.length; i++) data[i] = valueOf(name, uniform(i, k))
    return { name, shape, data }
  })
}

/** The model folder as files; `tensors` may be changed ones, `config` adds or replaces fields. */
export function m0Files(
  tensors: readonly M0Tensor[] = m0Tensors(),
  config: Readonly<Record<string, unknown>> = {},
): Record<string, Blob> {
  return {
    'config.json': new Blob([JSON.stringify({ ...M0_CONFIG, ...config })]),
    'model.safetensors': writeSafetensors(tensors),
  }
}

/** M0's weights in a half type, rounded to nearest even, behind a header of odd length. */
export function m0HalfFile(dtype: 'F16' | 'BF16'): Blob {
  const header: Record<string, unknown> = {}
  const parts: Uint16Array<ArrayBuffer>[] = []
  let offset = 0
  for (const { name, shape, data } of m0Tensors()) {
    const bits = new Uint32Array(data.buffer)
    parts.push(Uint16Array.from(bits, dtype === 'F16' ? toHalf : toBrain))
    header[name] = { dtype, shape, data_offsets: [offset, offset + 2 * data.length] }
    offset += 2 * data.length
  }
  const json = JSON.stringify(header)
  const text = json.length % 2 === 0 ? `${json} ` : json
  return new Blob([BigUint64Array.of(BigInt(text.length)), text, ...parts])
}

function toBrain(bits: number): number {
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
}

/** For numbers below 65504 in size. */
function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 255) - 112
  const fraction = (bits & 0x7fffff) | 0x800000
  if (exponent < -10) return sign
  const shift = exponent > 0 ? 13 : 14 - exponent
  const kept = fraction >>> shift
  const rest = fraction - kept * 2 ** shift
  const half = 2 ** (shift - 1)
  const rounded = kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0)
  // The hidden bit of a normal number carries into the exponent.
  return sign | (exponent > 0 ? rounded + ((exponent - 1) << 10) : rounded)
}

/** Rows right-padded with end-of-text to the longest. */
export function batchOf(rows: readonly (readonly number[])[], padInLoss = false, width = 0) {
  const T = Math.max(width, ...rows.map((row) => row.length))
  const ids = new Int32Array(rows.length * T).fill(EOS)
  rows.forEach((row, b) => ids.set(row, b * T))
  return { ids, lengths: Int32Array.from(rows, (row) => row.length), B: rows.length, T, padInLoss }
}
