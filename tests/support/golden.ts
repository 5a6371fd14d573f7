// Reads the golden cases that make_golden.py wrote. For tests in the browser: files come by URL from the test server.

const urls: Record<string, string> = import.meta.glob('../golden/{window5,odd}/*', {
  query: '?url',
  import: 'default',
  eager: true,
})

export const GOLDEN_CASES = ['window5', 'odd'] as const
export type GoldenCase = (typeof GOLDEN_CASES)[number]
export type LossKind = 'pads' | 'masked'
export type OptimizerKind = 'adamw_hf' | 'adamw_torch'

export interface GoldenTraining {
  readonly losses: readonly number[]
  readonly grad_norms: readonly number[]
  readonly learning_rates: readonly number[]
  readonly pads: boolean
  readonly weight_decay: number
  readonly max_grad_norm: number
}

interface GoldenJson {
  readonly magic: string
  readonly version: number
  readonly T: number
  readonly lengths: readonly number[]
  readonly batches: readonly (readonly number[])[]
  readonly loss: Readonly<Record<LossKind, number>>
  readonly training: Readonly<Record<OptimizerKind, GoldenTraining>>
  readonly greedy: readonly { readonly prompt: readonly number[]; readonly tokens: readonly number[] }[]
  readonly arrays: Readonly<Record<string, { readonly shape: readonly number[]; readonly offset: number }>>
}

async function file(name: GoldenCase, part: string): Promise<Blob> {
  const url = urls[`../golden/${name}/${part}`]
  if (url === undefined) throw new Error(`no golden file ${name}/${part}`)
  return (await fetch(url)).blob()
}

export class Golden {
  readonly json: GoldenJson
  readonly #bytes: ArrayBuffer

  constructor(json: GoldenJson, bytes: ArrayBuffer) {
    const magic = new TextDecoder().decode(bytes.slice(0, 4))
    const version = new DataView(bytes).getUint32(4, true)
    if (json.magic !== 'FTGD' || magic !== 'FTGD' || json.version !== 1 || version !== 1) {
      throw new Error('golden files of another version: run tests/golden/make_golden.py')
    }
    this.json = json
    this.#bytes = bytes
  }

  array(name: string): Float32Array {
    const entry = this.json.arrays[name]
    if (!entry) throw new Error(`no golden array ${name}`)
    const length = entry.shape.reduce((product, n) => product * n, 1)
    return new Float32Array(this.#bytes.slice(entry.offset, entry.offset + 4 * length))
  }

  batch(i: number, padInLoss: boolean) {
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

export async function loadGolden(name: GoldenCase): Promise<{ golden: Golden; files: Record<string, Blob> }> {
  const json = JSON.parse(await (await file(name, 'golden.json')).text()) as GoldenJson
  const bytes = await (await file(name, 'golden.bin')).arrayBuffer()
  const files = {
    'config.json': await file(name, 'config.json'),
    'model.safetensors': await file(name, 'model.safetensors'),
  }
  return { golden: new Golden(json, bytes), files }
}

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
