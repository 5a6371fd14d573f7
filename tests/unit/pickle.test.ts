// The reader of pickles against hostile bytes, and tensors whose shapes do not fit their storage. Real files are in
// weights-torch.test.ts.

import { expect, test } from 'vitest'
import { readPickle, type PickleHost } from '../../src/formats/pickle'
import { PickleDict, PickleSet, PickleTuple } from '../../src/formats/pickleValues'
import { findStateDict } from '../../src/formats/torchGlobals'
import { openTorchPickle } from '../../src/formats/torchPickle'
import { stateDictPickle, writeTorchZip, type TorchZipTensor } from '../support/torchZip'
import { refusal } from '../support/weightFiles'

class Refused extends Error {}

const refuse = (what: string): never => {
  throw new Refused(what)
}
const host: PickleHost = {
  find: (module, name) => refuse(`global ${module}.${name}`),
  call: () => refuse('call'),
  persistent: () => refuse('persistent'),
}
const ascii = (text: string) => [...new TextEncoder().encode(text)]
const read = (...bytes: number[]): unknown => readPickle(Uint8Array.from([0x80, 4, ...bytes]), host, refuse)
const repeat = (times: number, ...bytes: number[]) => Array.from({ length: times }, () => bytes).flat()

test('numbers, texts and containers', () => {
  expect(read(0x4a, 0xfe, 0xff, 0xff, 0xff, 0x2e)).toBe(-2)
  expect(read(0x8a, 0, 0x2e)).toBe(0)
  expect(read(0x8a, 2, 0, 0x80, 0x2e)).toBe(-32768)
  expect(read(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x2e)).toBe(2n ** 64n)
  expect(read(0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x2e)).toBe(1.5)
  expect(read(0x8c, 2, 0xc3, 0xa9, 0x2e)).toBe('é')
  expect(read(0x5d, 0x28, 0x4b, 1, 0x88, 0x4e, 0x65, 0x2e)).toEqual([1, true, null])
  expect(read(0x4b, 1, 0x89, 0x86, 0x2e)).toEqual(new PickleTuple([1, false]))
  expect(read(0x8f, 0x28, 0x4b, 1, 0x90, 0x2e)).toBeInstanceOf(PickleSet)
  const dict = read(0x7d, 0x94, 0x28, 0x8c, 1, 0x61, 0x68, 0, 0x75, 0x2e) as PickleDict
  // A dict that holds itself.
  expect(dict.entries.get('a')).toBe(dict)
})

test.each<[string, number[], RegExp]>([
  ['nothing', [], /cut/],
  ['a stop without a value', [0x2e], /no(ne| value)/],
  ['a text longer than the file', [0x58, 0xff, 0xff, 0xff, 0x7f, 0x61], /cut: expected 2147483647/],
  ['a text of 2^63 bytes', [0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80], /cut/],
  ['a frame beyond the end', [0x95, 9, 0, 0, 0, 0, 0, 0, 0, 0x4e, 0x2e], /cut/],
  ['a huge integer', [0x8b, 0, 0, 0, 0x40, 1], /integer of 1073741824 bytes/],
  ['an integer of 2000 digits', [0x8b, 0, 4, 0, 0, ...repeat(1024, 1), 0x2e], /integer of 1024 bytes/],
  ['a memo never kept', [0x6a, 0xff, 0xff, 0xff, 0xff, 0x2e], /recalls value 4294967295/],
  ['a tuple without a mark', [0x4e, 0x74, 0x2e], /mark/],
  ['items of a number', [0x4b, 1, 0x28, 0x4e, 0x4e, 0x75, 0x2e], /no dict/],
  ['a key without a value', [0x7d, 0x28, 0x4e, 0x75, 0x2e], /key without a value/],
  ['a list as a key', [0x7d, 0x5d, 0x4e, 0x73, 0x2e], /key of a dict/],
  ['append to a dict', [0x7d, 0x4e, 0x61, 0x2e], /no list/],
  ['a name without an end', [0x63, ...repeat(3000, 0x61)], /no end/],
  ['a global', [0x63, ...ascii('os\nsystem\n'), 0x2e], /global os\.system/],
  ['a global from the stack', [0x8c, 2, ...ascii('os'), 0x8c, 1, 0x78, 0x93, 0x2e], /global os\.x/],
  ['numbers as a global', [0x4b, 1, 0x4b, 1, 0x93, 0x2e], /no text/],
  ['a call with a list', [0x4e, 0x5d, 0x52, 0x2e], /no tuple/],
  ['an instance by the old opcode', [0x28, 0x69, ...ascii('os\nsystem\n'), 0x2e], /INST/],
  ['an extension', [0x82, 1, 0x2e], /EXT1/],
  ['a buffer outside', [0x97, 0x2e], /NEXT_BUFFER/],
  ['bytes that may change', [0x96, 0, 0, 0, 0, 0, 0, 0, 0, 0x2e], /BYTEARRAY8/],
  ['no opcode', [0xff, 0x2e], /0xff/],
])('refuses %s', (_, bytes, message) => {
  expect(() => read(...bytes)).toThrow(message)
  expect(() => read(...bytes)).toThrow(Refused)
})

test('other protocols are refused', () => {
  expect(() => readPickle(Uint8Array.of(0x7d, 0x2e), host, refuse)).toThrow(/protocol/)
  expect(() => readPickle(Uint8Array.of(0x80, 6, 0x4e, 0x2e), host, refuse)).toThrow(/protocol 6/)
})

test('a million nested lists, marks or kept values take neither stack nor time', () => {
  expect(read(...repeat(1, 0x4e), 0x2e)).toBe(null)
  const many = (bytes: number[]) => readPickle(Uint8Array.from([0x80, 4, ...bytes]), host, refuse)
  const million = new Array<number>(1e6)
  expect(many([0x4e, ...million.fill(0x85), 0x2e])).toBeInstanceOf(PickleTuple)
  expect(() => many([...million.fill(0x28), 0x2e])).toThrow(Refused)
  expect(many([0x4e, ...million.fill(0x94), 0x2e])).toBe(null)
  // A list appended to itself.
  expect(many([0x5d, 0x94, ...repeat(1e5, 0x68, 0, 0x61), 0x2e])).toHaveLength(1e5)
})

const one: TorchZipTensor = {
  name: 'w',
  shape: [2, 3],
  dtype: 'F32',
  bytes: () => new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer),
}
const open = (pickle: Uint8Array<ArrayBuffer>) =>
  openTorchPickle(new Blob([...writeTorchZip([one], 'x', pickle)]), 'a.bin')

/** The pickle of `one` with other numbers in place of its shape, strides and offset. */
function bent(change: Partial<TorchZipTensor>, offset = 0): Uint8Array<ArrayBuffer> {
  const pickle = stateDictPickle([{ ...one, ...change }])
  // The storage still has six elements.
  const count = pickle.indexOf(0x4a)
  pickle.set([6, 0, 0, 0], count + 1)
  const at = pickle.indexOf(0x4a, count + 5)
  pickle.set(new Uint8Array(Int32Array.of(offset).buffer), at + 1)
  return pickle
}

test('views within the storage are read', async () => {
  expect([...(await (await open(bent({}))).read('w'))]).toEqual([1, 2, 3, 4, 5, 6])
  expect([...(await (await open(bent({ shape: [3, 2], stride: [1, 3] }))).read('w'))]).toEqual([1, 4, 2, 5, 3, 6])
  expect([...(await (await open(bent({ shape: [2], stride: [2] }, 1))).read('w'))]).toEqual([2, 4])
  expect([...(await (await open(bent({ shape: [0, 9], stride: [9, 1] }))).read('w'))]).toEqual([])
})

test.each<[string, Partial<TorchZipTensor>, number, RegExp]>([
  ['a shape beyond the storage', { shape: [2, 4] }, 0, /reaches element 7 of storage 0, which has 6/],
  ['an offset beyond the storage', {}, 1, /reaches element 6/],
  ['a negative offset', {}, -1, /make no sense/],
  ['a stride beyond the storage', { stride: [4, 1] }, 0, /reaches element 6/],
  ['a negative stride', { stride: [-3, 1] }, 0, /make no sense/],
  ['a negative size', { shape: [-2, 3], stride: [3, 1] }, 0, /make no sense/],
  ['strides of another length', { stride: [1] }, 0, /make no sense/],
  ['too many dimensions', { shape: new Array<number>(65).fill(1) }, 0, /make no sense/],
  [
    'a tensor of 2^60 elements over one',
    { shape: [2 ** 30, 2 ** 30], stride: [0, 0] },
    0,
    /would have 1152921504606847000 elements/,
  ],
])('refuses %s', async (_, change, offset, message) => {
  const error = await refusal(open(bent(change, offset)))
  expect(error.message).toMatch(message)
  expect(error.message).toContain('a.bin')
})

test('a storage that is missing or of another length', async () => {
  const pickle = stateDictPickle([{ ...one, shape: [7] }])
  expect((await refusal(open(pickle))).message).toContain('data/0 should have 28 bytes, but has 24')
  const second = stateDictPickle([one, { ...one, name: 'v' }])
  expect((await refusal(open(second))).message).toContain('data/1 is missing')
})

test('more steps than any file of weights has end in a sentence', () => {
  // Of dicts, each of these bytes would take a hundred times as much.
  const bytes = new Uint8Array(2 ** 22 + 3).fill(0x4e)
  bytes.set([0x80, 4])
  expect(() => readPickle(bytes, host, refuse)).toThrow(/more than 4194304 steps/)
})

test('one dict under a hundred thousand names is looked into once', () => {
  const inner = new PickleDict()
  for (let i = 0; i < 1e5; i++) inner.entries.set(i, null)
  const outer = new PickleDict()
  for (let i = 0; i < 1e5; i++) outer.entries.set(`k${i}`, inner)
  const start = performance.now()
  expect(() => findStateDict(outer, refuse)).toThrow(/it holds no tensor/)
  expect(performance.now() - start).toBeLessThan(5000)
})

test('a changed byte is found where only a part of its storage is read', async () => {
  const part = stateDictPickle([{ ...one, shape: [2], stride: [1] }])
  // The storage still has six elements.
  part.set([6, 0, 0, 0], part.indexOf(0x4a) + 1)
  const bytes = new Uint8Array(await new Blob([...writeTorchZip([one], 'x', part)]).arrayBuffer())
  const read = async () => [...(await (await openTorchPickle(new Blob([bytes]), 'a.bin')).read('w', 1, 2))]
  expect(await read()).toEqual([2])
  const at = bytes.findIndex((_, i) =>
    [...new Uint8Array(Float32Array.of(5, 6).buffer)].every((b, k) => bytes[i + k] === b),
  )
  bytes[at] = 1
  await expect(read()).rejects.toThrow(/x\/data\/0 do not match their checksum/)
})

/** The pickle of `one` with a seventh argument, as torch writes it for a view with a mark. */
function marked(...marks: number[]): Uint8Array<ArrayBuffer> {
  const pickle = stateDictPickle([one])
  // The tuple of arguments, the call, the items of the dict and the end come last.
  return Uint8Array.from([...pickle.subarray(0, -4), ...marks, ...pickle.subarray(-4)])
}
const mark = (name: string, value: number) => marked(0x7d, 0x58, name.length, 0, 0, 0, ...ascii(name), value, 0x73)

test('a negative view is read with the other sign; marks that are not known are refused by name', async () => {
  const read = async (pickle: Uint8Array<ArrayBuffer>) => [...(await (await open(pickle)).read('w'))]
  expect(await read(mark('neg', 0x88))).toEqual([-1, -2, -3, -4, -5, -6])
  expect(await read(mark('neg', 0x89))).toEqual([1, 2, 3, 4, 5, 6])
  expect(await read(marked(0x7d))).toEqual([1, 2, 3, 4, 5, 6])
  expect(await read(marked(0x4e))).toEqual([1, 2, 3, 4, 5, 6])
  // Only complex numbers have a conjugate.
  expect((await refusal(open(mark('conj', 0x88)))).message).toContain('the mark conj')
  expect((await refusal(open(mark('zero', 0x88)))).message).toContain('the mark zero')
  expect((await refusal(open(marked(0x5d)))).message).toContain('no dict')
})
