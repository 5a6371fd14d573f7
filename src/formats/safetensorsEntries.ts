// The JSON header of a .safetensors file: which tensors, of which type and shape, at which bytes. It holds files to what
// the reference reader demands: no gaps, no overlaps, no key twice. No tensor data.

import { plainName } from './blobBytes'
import { DTYPE_BYTES } from './floats'

export interface SafetensorsEntry {
  readonly dtype: string
  readonly shape: readonly number[]
  /** Byte range in the file. */
  readonly begin: number
  readonly end: number
}

/** Ends the reading with a sentence on what is wrong. */
export type Fail = (what: string) => never

export interface SafetensorsContents {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>
  readonly metadata: Readonly<Record<string, string>>
  /** Where the file must end. */
  readonly end: number
}

/** @param dataStart where the tensors begin in the file */
export function parseHeader(bytes: ArrayBuffer, dataStart: number, fail: Fail): SafetensorsContents {
  let json: unknown
  let text = ''
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    json = JSON.parse(text)
  } catch {
    fail('its header is not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail('its header is not an object')
  const twice = repeatedKey(text)
  if (twice !== null) fail(`its header has ${plainName(twice)} twice`)
  const entries = new Map<string, SafetensorsEntry>()
  let metadata: Record<string, string> = {}
  for (const [tensor, value] of Object.entries(json) as [string, unknown][]) {
    if (tensor === '__metadata__') metadata = parseMetadata(value, fail)
    else entries.set(tensor, parseEntry(tensor, value, dataStart, fail))
  }
  let at = dataStart
  for (const [tensor, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) fail(`tensor ${plainName(tensor)} starts at byte ${begin}, but ${at} was expected`)
    at = end
  }
  return { entries, metadata, end: at }
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail('its __metadata__ is not an object')
  const wrong = Object.entries(value).find(([, text]) => typeof text !== 'string')
  if (wrong) fail(`its __metadata__ must hold texts, but ${plainName(wrong[0])} is not one`)
  return value as Record<string, string>
}

function parseEntry(tensor: string, value: unknown, dataStart: number, fail: Fail): SafetensorsEntry {
  const { dtype, shape, data_offsets } = (value ?? {}) as Record<string, unknown>
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0)
  if (typeof dtype !== 'string' || !whole(shape) || !whole(data_offsets) || data_offsets.length !== 2) {
    return fail(`the header entry of ${plainName(tensor)} is not complete`)
  }
  const [begin = 0, end = 0] = data_offsets
  const size = Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype] : undefined
  const wanted = shape.reduce((product, n) => product * n, size ?? 0)
  if (end < begin || (size !== undefined && end - begin !== wanted)) {
    const as = `${plainName(dtype)} [${plainName(shape.join(', '))}]`
    fail(`tensor ${plainName(tensor)} should take ${wanted} bytes as ${as}, not ${end - begin}`)
  }
  return { dtype: plainName(dtype), shape, begin: dataStart + begin, end: dataStart + end }
}

/** A key that stands twice in one object of valid JSON, which JSON.parse lets pass; null when there is none. */
function repeatedKey(text: string): string | null {
  // Strings and brackets are all that matters; in an object a string before a colon is a key.
  const open: (Set<string> | null)[] = []
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '[') open.push(char === '{' ? new Set() : null)
    else if (char === '}' || char === ']') open.pop()
    if (char !== '"') continue
    const start = i
    for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
    const keys = open.at(-1)
    let next = i + 1
    while (/\s/.test(text.charAt(next))) next++
    if (!keys || text[next] !== ':') continue
    const key = JSON.parse(text.slice(start, i + 1)) as string
    if (keys.has(key)) return key
    keys.add(key)
  }
  return null
}
