// Reads and writes .safetensors: 8 bytes of header length, a JSON header, raw little-endian tensors. No tfjs, no model.
// The format: https://github.com/huggingface/safetensors#format. What the header may say is in safetensorsEntries.ts.

import { FinetaleError } from '../recipe/error'
import { readBytes } from './blobBytes'
import { DTYPE_BYTES, refuseType, toFloat32 } from './floats'
import { refuseImpostors } from './impostors'
import { parseHeader, type SafetensorsEntry } from './safetensorsEntries'
import { MAX_HEADER, safetensorsHeader } from './safetensorsHeader'

export type { SafetensorsEntry } from './safetensorsEntries'

export interface SafetensorsFile {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>
  readonly metadata: Readonly<Record<string, string>>
  /**
   * One tensor as float32, row-major, or its elements [begin, end).
   * @throws FinetaleError for a missing name or a type other than F32/F16/BF16/F64.
   */
  read(name: string, begin?: number, end?: number): Promise<Float32Array>
}

export interface SafetensorsTensor {
  readonly name: string
  readonly shape: readonly number[]
  /** Or a function that makes it, so that a large model is copied one tensor at a time. */
  readonly data: Float32Array | (() => Float32Array)
}

/**
 * Reads and checks the header; tensors are read on demand.
 * @param name file name for errors
 * @throws FinetaleError when the file is cut, has extra bytes, or is something else under this name.
 */
export async function openSafetensors(source: Blob | ArrayBuffer, name: string): Promise<SafetensorsFile> {
  const blob = source instanceof Blob ? source : new Blob([source])
  await refuseImpostors(blob, name, 'safetensors')
  const fail = (what: string): never => {
    throw broken(name, what)
  }
  if (blob.size < 8) fail(`expected at least 8 bytes, got ${blob.size}`)
  const headerLength = Number(new DataView(await readBytes(blob, 0, 8, name)).getBigUint64(0, true))
  if (8 + headerLength > blob.size) fail(`its header should take ${headerLength} bytes, but the file has ${blob.size}`)
  if (headerLength > MAX_HEADER) fail(`its header takes ${headerLength} bytes; expected at most ${MAX_HEADER}`)
  const dataStart = 8 + headerLength
  const { entries, metadata, end } = parseHeader(await readBytes(blob, 8, dataStart, name), dataStart, fail)
  if (end !== blob.size) fail(`expected ${end} bytes, got ${blob.size}`)
  return {
    entries,
    metadata,
    async read(tensor, begin = 0, end) {
      const entry = entries.get(tensor)
      if (!entry) throw broken(name, `it has no tensor ${tensor}`)
      refuseType(entry.dtype, tensor, name)
      const width = DTYPE_BYTES[entry.dtype]!
      const last = end === undefined ? entry.end : entry.begin + end * width
      // A slice of its own starts at 0, so the file's alignment does not matter.
      return toFloat32(await readBytes(blob, entry.begin + begin * width, last, name), entry.dtype)
    },
  }
}

/**
 * Writes F32 tensors in the given order. Metadata carries format "pt", which the Python loader asks for; the header is
 * padded with spaces so that the data starts at a multiple of 8.
 */
export function writeSafetensors(
  tensors: readonly SafetensorsTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Blob {
  const parts: BlobPart[] = [safetensorsHeader(tensors, metadata)]
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
