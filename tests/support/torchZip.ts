// Writes what torch.save writes: a stored zip of a protocol-2 pickle and one record per tensor, piece by piece, so that a
// file of hundreds of megabytes can be streamed. Only what state dicts need; reading is src/formats/torchPickle.ts.

import { crc32 } from '../../src/formats/crc32'

const STORAGES = {
  F32: ['FloatStorage', 4],
  F64: ['DoubleStorage', 8],
  F16: ['HalfStorage', 2],
  BF16: ['BFloat16Storage', 2],
  I64: ['LongStorage', 8],
  U8: ['ByteStorage', 1],
  BOOL: ['BoolStorage', 1],
} as const

export interface TorchZipTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: keyof typeof STORAGES
  /** In elements; row-major when left out. A permutation of a contiguous tensor: the storage holds shape's product. */
  readonly stride?: readonly number[]
  /** Little-endian content of the storage, whole or in pieces; asked for once, when its place in the file comes. */
  readonly bytes: () => Uint8Array | Iterable<Uint8Array>
}

interface ZipRecord {
  readonly path: string
  readonly size: number
  readonly bytes: () => Uint8Array | Iterable<Uint8Array>
}

const utf8 = new TextEncoder()
const ALIGNMENT = 64

function product(shape: readonly number[]): number {
  return shape.reduce((all, n) => all * n, 1)
}

const u16 = (value: number) => [value & 255, value >>> 8]
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)]
const line = (text: string) => [...utf8.encode(`${text}\n`)]
const text = (value: string) => [0x58, ...u32(utf8.encode(value).length), ...utf8.encode(value)]
const int = (value: number) => [0x4a, ...u32(value)]
const tuple = (items: readonly number[][]) => [0x28, ...items.flat(), 0x74]
const global = (module: string, name: string) => [0x63, ...line(module), ...line(name)]
const ORDERED_DICT = [...global('collections', 'OrderedDict'), 0x29, 0x52]

/** The pickle of an OrderedDict of tensors, tensor k over storage k. */
export function stateDictPickle(tensors: readonly TorchZipTensor[]): Uint8Array<ArrayBuffer> {
  const items = tensors.flatMap(({ name, shape, dtype, stride }, k) => {
    const rowMajor = shape.map((_, i) => product(shape.slice(i + 1)))
    const storage = tuple([
      text('storage'),
      global('torch', STORAGES[dtype][0]),
      text(String(k)),
      text('cpu'),
      int(product(shape)),
    ])
    const args = [
      [...storage, 0x51],
      int(0),
      tuple(shape.map(int)),
      tuple((stride ?? rowMajor).map(int)),
      [0x89],
      ORDERED_DICT,
    ]
    return [...text(name), ...global('torch._utils', '_rebuild_tensor_v2'), ...tuple(args), 0x52]
  })
  return Uint8Array.from([0x80, 2, ...ORDERED_DICT, 0x28, ...items, 0x75, 0x2e])
}

function recordsOf(tensors: readonly TorchZipTensor[], pickle: Uint8Array): ZipRecord[] {
  const plain = (path: string, bytes: Uint8Array) => ({ path, size: bytes.length, bytes: () => bytes })
  return [
    plain('data.pkl', pickle),
    plain('byteorder', utf8.encode('little')),
    ...tensors.map(({ shape, dtype, bytes }, k) => ({
      path: `data/${k}`,
      size: product(shape) * STORAGES[dtype][1],
      bytes,
    })),
    plain('version', utf8.encode('3\n')),
  ]
}

/** Bytes before a record's data: local header, name, and a filler that aligns the data as torch does. */
function localHeader(name: Uint8Array, at: number): number[] {
  const filler = (ALIGNMENT - ((at + 30 + name.length + 4) % ALIGNMENT)) % ALIGNMENT
  return [
    ...[0x50, 0x4b, 3, 4, ...u16(0), ...u16(0x0808), ...u16(0), ...u32(0)],
    // Sum and sizes follow the data.
    ...[...u32(0), ...u32(0), ...u32(0), ...u16(name.length), ...u16(4 + filler)],
    ...name,
    ...[0x46, 0x42, ...u16(filler), ...new Array<number>(filler).fill(0x5a)],
  ]
}

const DESCRIPTOR_BYTES = 16

/** Bytes that writeTorchZip will give, without asking for a tensor. */
export function torchZipSize(tensors: readonly TorchZipTensor[], folder = 'archive'): number {
  let at = 0
  let directory = 22
  for (const { path, size } of recordsOf(tensors, stateDictPickle(tensors))) {
    const name = utf8.encode(`${folder}/${path}`)
    at += localHeader(name, at).length + size + DESCRIPTOR_BYTES
    directory += 46 + name.length
  }
  return at + directory
}

/**
 * The file in pieces, below 4 GiB.
 * @param folder the name of the folder inside; torch uses the file's own
 * @param pickle another pickle than that of a plain state dict
 */
export function* writeTorchZip(
  tensors: readonly TorchZipTensor[],
  folder = 'archive',
  pickle: Uint8Array<ArrayBuffer> = stateDictPickle(tensors),
): Generator<Uint8Array<ArrayBuffer>> {
  const directory: number[] = []
  let at = 0
  let count = 0
  for (const { path, size, bytes } of recordsOf(tensors, pickle)) {
    const name = utf8.encode(`${folder}/${path}`)
    const head = localHeader(name, at)
    yield Uint8Array.from(head)
    const content = bytes()
    let sum = 0
    let length = 0
    for (const piece of content instanceof Uint8Array ? [content] : content) {
      sum = crc32(piece, sum)
      length += piece.length
      yield piece as Uint8Array<ArrayBuffer>
    }
    if (length !== size) throw new Error(`${path} has ${length} bytes, not ${size}`)
    const sizes = [...u32(sum), ...u32(size), ...u32(size)]
    yield Uint8Array.from([0x50, 0x4b, 7, 8, ...sizes])
    directory.push(0x50, 0x4b, 1, 2, ...u16(0), ...u16(0), ...u16(0x0808), ...u16(0), ...u32(0), ...sizes)
    directory.push(...u16(name.length), ...u16(0), ...u16(0), ...u16(0), ...u16(0), ...u32(0), ...u32(at), ...name)
    at += head.length + size + DESCRIPTOR_BYTES
    count++
  }
  const counts = [...u16(count), ...u16(count)]
  const end = [0x50, 0x4b, 5, 6, ...u16(0), ...u16(0), ...counts, ...u32(directory.length), ...u32(at), ...u16(0)]
  yield Uint8Array.from([...directory, ...end])
}
