// Reads pytorch_model.bin as torch.save has written it since PyTorch 1.6: a zip of one pickle and a record per storage.
// Tensors are read one at a time as slices of the file. What the pickle may refer to is in torchGlobals.ts.

import { FinetaleError } from '../recipe/error'
import { firstFew, plainName, readBytes } from './blobBytes'
import { crc32 } from './crc32'
import { DTYPE_BYTES, refuseType, toFloat32 } from './floats'
import { refuseImpostors } from './impostors'
import { readPickle } from './pickle'
import { findStateDict, torchHost, type TorchTensor } from './torchGlobals'
import type { WeightsFile } from './weightsFile'
import { openZip, type ZipArchive, type ZipEntry } from './zip'

/** About 100 bytes a tensor are usual. */
const MAX_PICKLE = 64 * 2 ** 20

/**
 * Reads the pickle; tensors are read on demand.
 * @param label how errors call the file
 * @throws FinetaleError when the file is cut, of an older form, refers to code, or holds no weights
 */
export async function openTorchPickle(blob: Blob, label: string): Promise<WeightsFile> {
  await refuseImpostors(blob, label, 'torch')
  const zip = await openZip(blob, label)
  const fail = (what: string): never => {
    throw new FinetaleError(
      `${label} is damaged or no file of weights: ${what}.`,
      'Download the file again, or save the weights again with torch.save(model.state_dict(), "pytorch_model.bin").',
    )
  }
  const folder = findFolder(zip, label)
  const record = (path: string): ZipEntry | undefined => zip.entries.get(folder + path)
  if (record('constants.pkl')) {
    throw new FinetaleError(
      `${label} is a TorchScript program, not a file of weights.`,
      'Save the weights with torch.save(model.state_dict(), "pytorch_model.bin").',
    )
  }
  const order = record('byteorder')
  if (order !== undefined) {
    const text = new TextDecoder().decode(await readRecord(zip, order, 64, label, fail))
    if (text.trim() !== 'little') {
      throw new FinetaleError(
        `${label} was written on a ${text.trim() === 'big' ? 'big-endian' : plainName(text)} machine; expected little-endian.`,
        'Load it with torch on an ordinary computer and save it again.',
      )
    }
  }
  const pickle = new Uint8Array(await readRecord(zip, record('data.pkl')!, MAX_PICKLE, label, fail))
  const host = torchHost(label, (key) => record(`data/${key}`)?.size, fail)
  const { tensors, wrapper, others } = findStateDict(readPickle(pickle, host, fail), fail)

  const notes: string[] = []
  if (wrapper.length > 0) notes.push(`${label}: the weights are taken from ${wrapper.join(' / ')} in the file.`)
  if (others.length > 0) notes.push(`${label} holds more than tensors; left out: ${firstFew(others)}.`)
  const contents = new Map<string, Promise<Blob>>()
  const open = (entry: ZipEntry): Promise<Blob> => {
    const content = contents.get(entry.name) ?? zip.open(entry)
    contents.set(entry.name, content)
    return content
  }
  const sound = new Set<string>()
  /** Compares a record's sum once: with its bytes where all of them are at hand, else by reading it through. */
  const check = async (entry: ZipEntry, content: Blob, bytes: ArrayBuffer): Promise<void> => {
    if (sound.has(entry.name)) return
    if (bytes.byteLength === content.size) zip.verify(entry, crc32(new Uint8Array(bytes)))
    else await zip.check(entry, content)
    sound.add(entry.name)
  }
  return {
    label,
    entries: tensors,
    notes,
    async read(name, begin = 0, end) {
      const tensor = tensors.get(name)
      if (tensor === undefined) return fail(`it has no tensor ${plainName(name)}`)
      refuseType(tensor.dtype, plainName(name), label)
      const entry = record(`data/${tensor.storage.key}`)
      if (entry === undefined) return fail(`the record of ${plainName(name)} is missing`)
      const last = end ?? tensor.shape.reduce((product, n) => product * n, 1)
      const content = await open(entry)
      return readTensor(content, tensor, begin, last, label, (bytes) => check(entry, content, bytes))
    },
  }
}

/** The folder within the archive, named after the file it was first saved as; where there are several, the highest. */
function findFolder(zip: ZipArchive, label: string): string {
  let found: { path: string; depth: number } | null = null
  for (const path of zip.entries.keys()) {
    if (!/(^|\/)data\.pkl$/.test(path)) continue
    const depth = path.split('/').length
    if (found === null || depth < found.depth) found = { path, depth }
  }
  if (found !== null) return found.path.slice(0, -'data.pkl'.length)
  throw new FinetaleError(
    `${label} is a zip archive, but not one of torch.save: it has no data.pkl, only ${firstFew([...zip.entries.keys()]) || 'no files'}.`,
    'If it is a packed folder, unpack it first.',
  )
}

async function readRecord(
  zip: ZipArchive,
  entry: ZipEntry,
  limit: number,
  label: string,
  fail: (what: string) => never,
): Promise<ArrayBuffer> {
  if (entry.size > limit) fail(`${plainName(entry.name)} has ${entry.size} bytes; expected at most ${limit}`)
  const content = await zip.open(entry)
  const buffer = await readBytes(content, 0, content.size, label)
  zip.verify(entry, crc32(new Uint8Array(buffer)))
  return buffer
}

/** Elements [begin, end) of a tensor in row-major order. */
async function readTensor(
  content: Blob,
  { dtype, offset, shape, stride, negative }: TorchTensor,
  begin: number,
  end: number,
  label: string,
  check: (bytes: ArrayBuffer) => Promise<void>,
): Promise<Float32Array> {
  const width = DTYPE_BYTES[dtype]!
  const read = async (from: number, to: number): Promise<Float32Array> => {
    const buffer = await readBytes(content, from * width, to * width, label)
    await check(buffer)
    const values = toFloat32(buffer, dtype)
    if (negative) for (let i = 0; i < values.length; i++) values[i] = -values[i]!
    return values
  }
  if (end <= begin) return new Float32Array(0)
  if (isContiguous(shape, stride)) return read(offset + begin, offset + end)
  // The stretch of the storage that the view spans, then its elements one by one.
  const span = shape.reduce((sum, n, i) => sum + (n - 1) * stride[i]!, 1)
  return gather(await read(offset, offset + span), shape, stride, label).subarray(begin, end)
}

function isContiguous(shape: readonly number[], stride: readonly number[]): boolean {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && stride[i] !== expected) return false
    expected *= shape[i]!
  }
  return true
}

function gather(
  source: Float32Array,
  shape: readonly number[],
  stride: readonly number[],
  label: string,
): Float32Array {
  const elements = shape.reduce((product, n) => product * n, 1)
  let out: Float32Array
  try {
    out = new Float32Array(elements)
  } catch {
    throw new FinetaleError(
      `${label}: there is no memory for a tensor of ${elements} elements.`,
      'Close other pages and try again, or choose a smaller model.',
      { code: 'out-of-memory' },
    )
  }
  const inner = shape.at(-1) ?? 1
  const step = stride.at(-1) ?? 0
  const index = shape.map(() => 0)
  for (let at = 0, from = 0; at < elements;) {
    for (let k = 0; k < inner; k++) out[at + k] = source[from + k * step]!
    at += inner
    // To the next row: the index works like an odometer whose last digit is the inner loop.
    for (let d = shape.length - 2; d >= 0; d--) {
      from += stride[d]!
      if (++index[d]! < shape[d]!) break
      from -= shape[d]! * stride[d]!
      index[d] = 0
    }
  }
  return out
}
