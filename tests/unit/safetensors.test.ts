// Safetensors: what is written can be read back, odd files of others too, and broken files are refused in plain words.

import { expect, test } from 'vitest'
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors'
import { FinetaleError } from '../../src/recipe/error'

const two = () =>
  writeSafetensors([
    { name: 'a', shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 0) },
    { name: 'b', shape: [3], data: () => Float32Array.of(7, 8, 9) },
  ])

/** A file from a header as it stands and raw bytes. */
function raw(header: string, data: Uint8Array): Blob {
  const json = new TextEncoder().encode(header)
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true)
  return new Blob([length, json, data as Uint8Array<ArrayBuffer>])
}

const bytes = (...halves: number[]) => new Uint8Array(Uint16Array.from(halves).buffer)
const entry = (dtype: string, shape: number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

test('round trip; header aligned, padded with spaces, metadata format pt', async () => {
  const blob = two()
  const buffer = await blob.arrayBuffer()
  const length = Number(new DataView(buffer).getBigUint64(0, true))
  const header = new TextDecoder().decode(buffer.slice(8, 8 + length))
  expect([length % 8, header[0], /[{}] *$/.test(header)]).toEqual([0, '{', true])
  for (const source of [blob, buffer]) {
    const file = await openSafetensors(source, 'model.safetensors')
    expect(file.metadata).toEqual({ format: 'pt' })
    expect([...file.entries.keys()]).toEqual(['a', 'b'])
    expect(file.entries.get('a')?.shape).toEqual([2, 2])
    expect([...(await file.read('a'))]).toEqual([1, -2, 3.5, 0])
    expect([...(await file.read('b'))]).toEqual([7, 8, 9])
  }
})

test('an odd header and an F16 tensor of one element leave the next F32 unaligned', async () => {
  const f32 = new Uint8Array(Float32Array.of(0.5, -4).buffer)
  const header = JSON.stringify({ h: entry('F16', [1], 0, 2), f: entry('F32', [2], 2, 10) })
  const padded = header.length % 2 === 0 ? `${header} ` : header
  const file = await openSafetensors(raw(padded, Uint8Array.of(...bytes(0x3c00), ...f32)), 'odd')
  expect([...(await file.read('h')), ...(await file.read('f'))]).toEqual([1, 0.5, -4])
})

test('F16, BF16 and F64 become float32, special values included', async () => {
  const header = JSON.stringify({
    h: entry('F16', [6], 0, 12),
    b: entry('BF16', [3], 12, 18),
    d: entry('F64', [2], 18, 34),
    empty: entry('F32', [0, 4], 34, 34),
  })
  const doubles = new Uint8Array(Float64Array.of(0.1, -1e300).buffer)
  const data = [...bytes(0x0001, 0x8000, 0x7bff, 0xfc00, 0x7e00, 0x3555), ...bytes(0x3f80, 0xc228, 0x7f80), ...doubles]
  const file = await openSafetensors(raw(header, Uint8Array.from(data)), 'types')
  expect([...(await file.read('h'))]).toEqual([2 ** -24, -0, 65504, -Infinity, NaN, 0.333251953125])
  expect([...(await file.read('b'))]).toEqual([1, -42, Infinity])
  expect([...(await file.read('d'))]).toEqual([Math.fround(0.1), -Infinity])
  expect(await file.read('empty')).toHaveLength(0)
})

test('other types may lie in the file, but reading one is refused by name', async () => {
  const header = JSON.stringify({ m: entry('U8', [2], 0, 2), x: entry('F4', [4], 2, 4) })
  const file = await openSafetensors(raw(header, new Uint8Array(4)), 'mask.safetensors')
  await expect(file.read('m')).rejects.toThrow(/mask\.safetensors: tensor m is of type U8.*F32, F16, BF16 and F64/)
  await expect(file.read('x')).rejects.toThrow(/type F4/)
  await expect(file.read('y')).rejects.toThrow(/no tensor y/)
})

const whole = JSON.stringify({ a: entry('F32', [1], 0, 4) })
const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 269000000\n'

test.each([
  ['cut by 4 bytes', () => two().slice(0, two().size - 4), /expected \d+ bytes, got \d+/],
  ['2 bytes added', () => new Blob([two(), new Uint8Array(2)]), /expected \d+ bytes, got \d+/],
  ['5 bytes', () => new Blob(['12345']), /at least 8 bytes, got 5/],
  ['empty', () => new Blob([]), /at least 8 bytes, got 0/],
  ['a length of 2^40', () => new Blob([new Uint8Array([0, 0, 0, 0, 0, 1, 0, 0]), 'abc']), /1099511627776 bytes/],
  ['an LFS stub', () => new Blob([lfs]), /Git LFS pointer.*269000000/],
  ['a page', () => new Blob(['\n<!DOCTYPE html><html></html>']), /web page/],
  ['a zip', () => new Blob(['PK\u0003\u0004 and so on']), /zip/],
  ['no JSON', () => raw('{"a":', new Uint8Array(4)), /not JSON/],
  ['a gap', () => raw(whole.replace('[0,4]', '[4,8]'), new Uint8Array(8)), /tensor a starts at byte/],
  ['a wrong size', () => raw(whole.replace('[1]', '[2]'), new Uint8Array(4)), /tensor a should take 8 bytes/],
  ['no shape', () => raw(whole.replace('"shape"', '"form"'), new Uint8Array(4)), /entry of a is not complete/],
  ['a negative offset', () => raw(whole.replace('[0,4]', '[-4,0]'), new Uint8Array(4)), /not complete/],
])('refuses %s', async (_, make, message) => {
  const error: unknown = await openSafetensors(make(), 'weights.safetensors').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(FinetaleError)
  expect((error as FinetaleError).message).toMatch(message)
  expect((error as FinetaleError).message).toContain('weights.safetensors')
  expect((error as FinetaleError).action).not.toBe('')
})

test('a tensor whose numbers do not fill its shape is never written', () => {
  expect(() => writeSafetensors([{ name: 'a', shape: [3], data: new Float32Array(2) }])).toThrow(/2 numbers/)
})

test('a header beyond any model is refused before it is read', async () => {
  const file = new Uint8Array(8 + 2 ** 24 + 1).fill(0x20)
  new DataView(file.buffer).setBigUint64(0, BigInt(2 ** 24 + 1), true)
  await expect(openSafetensors(new Blob([file]), 'm.safetensors')).rejects.toThrow(
    'm.safetensors is damaged or not a safetensors file: its header takes 16777217 bytes; expected at most 16777216.',
  )
})
