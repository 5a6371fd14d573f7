// Reads and writes .safetensors: 8 bytes of header length, a JSON header, raw little-endian tensors. No tfjs, no model.
// The format: https://github.com/huggingface/safetensors#format

import { FinetaleError } from '../recipe/error'

export interface SafetensorsEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  /** Byte range in the file. */
  readonly begin: number
  readonly end: number
}

export interface SafetensorsFile {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>
  readonly metadata: Readonly<Record<string, string>>
  /** One tensor as float32, row-major. @throws FinetaleError for a missing name or a type other than F32/F16/BF16/F64. */
  read(name: string): Promise<Float32Array>
}

export interface SafetensorsTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Or a function that makes it, so that a large model is copied one tensor at a time. */
  readonly data: Float32Array | (() => Float32Array)
}

const BYTES: Readonly<Record<string, number>> = {
  BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, U16: 2, I16: 2, F16: 2, BF16: 2,
  U32: 4, I32: 4, F32: 4, U64: 8, I64: 8, F64: 8,
} // prettier-ignore
/** The limit of the reference reader. */
const MAX_HEADER = 100_000_000

/**
 * Reads and checks the header; tensors are read on demand.
 * @param name file name for errors
 * @throws FinetaleError when the file is cut, has extra bytes, or is something else under this name.
 */
export async function openSafetensors(source: Blob | ArrayBuffer, name: string): Promise<SafetensorsFile> {
  const blob = source instanceof Blob ? source : new Blob([source])
  const start = new Uint8Array(await blob.slice(0, 512).arrayBuffer())
  refuseImpostors(start, blob.size, name)
  if (blob.size < 8) throw broken(name, `expected at least 8 bytes, got ${blob.size}`)
  const headerLength = Number(new DataView(start.buffer).getBigUint64(0, true))
  if (headerLength > MAX_HEADER || 8 + headerLength > blob.size) {
    throw broken(name, `its header should take ${headerLength} bytes, but the file has ${blob.size}`)
  }
  const dataStart = 8 + headerLength
  const { entries, metadata } = parseHeader(await blob.slice(8, dataStart).text(), dataStart, name)
  const expected = Math.max(dataStart, ...[...entries.values()].map(({ end }) => end))
  if (expected !== blob.size) throw broken(name, `expected ${expected} bytes, got ${blob.size}`)
  return {
    entries,
    metadata,
    async read(tensor) {
      const entry = entries.get(tensor)
      if (!entry) throw broken(name, `it has no tensor ${tensor}`)
      // A slice of its own starts at 0, so the file's alignment does not matter.
      return toFloat32(await blob.slice(entry.begin, entry.end).arrayBuffer(), entry.dtype, tensor, name)
    },
  }
}

/** Says what a file is that was saved under a weights name but holds something else. */
function refuseImpostors(start: Uint8Array, size: number, name: string): void {
  const text = new TextDecoder('latin1').decode(start)
  if (text.startsWith('version https://git-lfs')) {
    const real = /^size (\d+)$/m.exec(text)?.[1]
    throw new FinetaleError(
      `${name} is a Git LFS pointer of ${size} bytes, not the weights${real ? ` (those have ${real} bytes)` : ''}.`,
      'Fetch the file itself: run "git lfs pull", or use the download button of the hub page.',
    )
  }
  if (/^[\s\u00ef\u00bb\u00bf]*<(!doctype|html|\?xml|head|!--)/i.test(text)) {
    throw new FinetaleError(`${name} is a web page of ${size} bytes, not the weights.`, 'Download the file again.')
  }
  if (text.startsWith('PK\u0003\u0004')) {
    throw new FinetaleError(
      `${name} is a zip archive, not a safetensors file.`,
      'If it is a PyTorch file, name it pytorch_model.bin; if it is a packed folder, unpack it first.',
    )
  }
}

function parseHeader(
  text: string,
  dataStart: number,
  name: string,
): { entries: Map<string, SafetensorsEntry>; metadata: Record<string, string> } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw broken(name, 'its header is not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw broken(name, 'its header is not an object')
  const entries = new Map<string, SafetensorsEntry>()
  let metadata: Record<string, string> = {}
  for (const [tensor, value] of Object.entries(json)) {
    if (tensor === '__metadata__') metadata = value as Record<string, string>
    else entries.set(tensor, parseEntry(tensor, value, dataStart, name))
  }
  // Tensors must lie one after the other, without gaps and overlaps, as the reference reader demands.
  let at = dataStart
  for (const [tensor, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) throw broken(name, `tensor ${tensor} starts at byte ${begin}, but ${at} was expected`)
    at = end
  }
  return { entries, metadata }
}

function parseEntry(tensor: string, value: unknown, dataStart: number, name: string): SafetensorsEntry {
  const { dtype, shape, data_offsets } = (value ?? {}) as Record<string, unknown>
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0)
  if (typeof dtype !== 'string' || !whole(shape) || !whole(data_offsets) || data_offsets.length !== 2) {
    throw broken(name, `the header entry of ${tensor} is not complete`)
  }
  const [begin = 0, end = 0] = data_offsets
  const size = BYTES[dtype]
  const wanted = shape.reduce((product, n) => product * n, size ?? 0)
  if (end < begin || (size !== undefined && end - begin !== wanted)) {
    throw broken(
      name,
      `tensor ${tensor} should take ${wanted} bytes as ${dtype} [${shape.join(', ')}], not ${end - begin}`,
    )
  }
  return { dtype, shape, begin: dataStart + begin, end: dataStart + end }
}

function toFloat32(buffer: ArrayBuffer, dtype: string, tensor: string, name: string): Float32Array {
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer)
    case 'F64':
      return Float32Array.from(new Float64Array(buffer))
    case 'F16': {
      const table = halfTable()
      const half = new Uint16Array(buffer)
      const out = new Float32Array(half.length)
      for (let i = 0; i < half.length; i++) out[i] = table[half[i] ?? 0] ?? 0
      return out
    }
    case 'BF16': {
      // The upper half of a float32.
      const half = new Uint16Array(buffer)
      const bits = new Uint32Array(half.length)
      for (let i = 0; i < half.length; i++) bits[i] = (half[i] ?? 0) << 16
      return new Float32Array(bits.buffer)
    }
    default:
      throw new FinetaleError(
        `${name}: tensor ${tensor} is of type ${dtype}; Finetale reads F32, F16, BF16 and F64.`,
        'Save the model in one of these types.',
      )
  }
}

let halves: Float32Array | null = null

/** All 65,536 IEEE half-precision values. */
function halfTable(): Float32Array {
  if (halves) return halves
  halves = new Float32Array(65536)
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    if (exponent === 31) halves[bits] = fraction ? NaN : sign * Infinity
    else halves[bits] = sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24)
  }
  return halves
}

/**
 * Writes F32 tensors in the given order. Metadata carries format "pt", which the Python loader asks for; the header is
 * padded with spaces so that the data starts at a multiple of 8.
 */
export function writeSafetensors(
  tensors: readonly SafetensorsTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Blob {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...metadata } }
  let offset = 0
  for (const { name, shape } of tensors) {
    const bytes = shape.reduce((product, n) => product * n, 4)
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes] }
    offset += bytes
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true)
  head.set(json, 8)
  const parts: BlobPart[] = [head]
  for (const { name, shape, data } of tensors) {
    const values = typeof data === 'function' ? data() : data
    if (values.length !== shape.reduce((product, n) => product * n, 1)) {
      throw new Error(`${name} has ${values.length} numbers, not [${shape.join()}]`)
    }
    // Each blob copies at once, so a reused buffer is safe and only one tensor lies in memory twice.
    parts.push(new Blob([values as Float32Array<ArrayBuffer>]))
  }
  return new Blob(parts, { type: 'application/octet-stream' })
}

function broken(name: string, what: string): FinetaleError {
  return new FinetaleError(
    `${name} is damaged or not a safetensors file: ${what}.`,
    'Download the file again; the download was probably cut short.',
  )
}
