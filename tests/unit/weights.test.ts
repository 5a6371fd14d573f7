// Which file of a folder holds the weights, shards and their index, and what lies there in place of weights.

import { gzipSync, zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors'
import { openWeights } from '../../src/formats/weights'
import { torchZipSize, writeTorchZip } from '../support/torchZip'
import { refusal, weightFile, weightFolder } from '../support/weightFiles'

const safetensors = (...names: string[]) =>
  writeSafetensors(names.map((name) => ({ name, shape: [1], data: Float32Array.of(names.length) })))
const bin = () => weightFile('protocol2.bin')
const labelOf = async (files: Record<string, Blob>) => (await openWeights(files)).label

test('what lies highest is taken, and safetensors before torch', async () => {
  expect(await labelOf({ 'pytorch_model.bin': bin(), 'model.safetensors': safetensors('a') })).toBe('model.safetensors')
  expect(await labelOf({ 'checkpoint-5/model.safetensors': safetensors('a'), 'pytorch_model.bin': bin() })).toBe(
    'pytorch_model.bin',
  )
  expect(await labelOf({ 'x/y/model.safetensors': safetensors('a'), 'x/model.safetensors': safetensors('b') })).toBe(
    'x/model.safetensors',
  )
  const both = { ...weightFolder('sharded_safetensors'), ...weightFolder('sharded_bin') }
  expect(await labelOf(both)).toBe('model.safetensors.index.json')
  expect(await labelOf({ ...both, 'pytorch_model.bin': bin() })).toBe('model.safetensors.index.json')
  const inFolder = Object.entries(weightFolder('sharded_bin')).map(([name, file]) => [`mine/${name}`, file])
  expect((await openWeights(Object.fromEntries(inFolder) as Record<string, Blob>)).entries.size).toBe(4)
})

test('a folder without weights: the sentence lists what it holds', async () => {
  expect((await refusal(openWeights({}))).message).toContain('found no files')
  const shard = { 'config.json': new Blob(['{}']), 'model-00001-of-00002.safetensors': safetensors('a') }
  const { message, action } = await refusal(openWeights(shard))
  expect(action).toContain('Add model.safetensors.index.json')
  expect((await refusal(openWeights({ 'a/model.pt': bin() }))).action).toContain('rename it to pytorch_model.bin')
  expect(message).toContain('expected model.safetensors or pytorch_model.bin')
  expect(message).toContain('config.json, model-00001-of-00002.safetensors')
})

const index = (map: unknown) => new Blob([JSON.stringify({ metadata: {}, weight_map: map })])
const shards = (indexFile: Blob, more: Record<string, Blob> = {}) => ({
  'model.safetensors.index.json': indexFile,
  '1.safetensors': safetensors('a', 'b'),
  '2.safetensors': safetensors('c'),
  ...more,
})

test.each<[string, Record<string, Blob>, RegExp]>([
  ['a missing shard', shards(index({ a: '1.safetensors', d: '3.safetensors' })), /2 files, but 1.*3\.safetensors/],
  ['a tensor that is elsewhere', shards(index({ a: '2.safetensors' })), /that a lies in 2\.safetensors, but it is not/],
  ['a number for a file', shards(index({ a: 1 })), /file of a is not a name/],
  ['no map', shards(new Blob(['{"metadata":{}}'])), /expected "weight_map"/],
  ['an empty map', shards(index({})), /names no tensor/],
  ['a list for a map', shards(index(['1.safetensors'])), /expected "weight_map"/],
  ['null', shards(new Blob(['null'])), /expected "weight_map"/],
  ['no JSON', shards(new Blob(['{"weight_map": '])), /not JSON/],
  ['a page', shards(new Blob(['<!doctype html><html></html>'])), /web page/],
  ['an empty file', shards(new Blob([])), /empty/],
  ['a file of the other kind', shards(index({ a: 'x.bin' }), { 'x.bin': bin() }), /x\.bin, which is.*another kind/],
  [
    'a cut shard',
    shards(index({ a: '1.safetensors' }), { '1.safetensors': safetensors('a').slice(0, 98) }),
    /1\.safe.*expected/,
  ],
  ['a path out of the folder', shards(index({ a: '../1.safetensors' })), /missing: \.\.\/1\.safetensors/],
  ['a name every object has', shards(index({ a: 'toString' })), /missing: toString/],
])('an index with %s is refused', async (_, files, message) => {
  expect((await refusal(openWeights(files))).message).toMatch(message)
})

test('tensors that the index does not name are told', async () => {
  const weights = await openWeights(shards(index({ a: '1.safetensors', c: '2.safetensors' })))
  expect([...weights.entries.keys()]).toEqual(['a', 'c'])
  expect(weights.notes.join()).toContain('left out: b')
  expect([...(await weights.read('a')), ...(await weights.read('c'))]).toEqual([2, 1])
  await refusal(weights.read('b'))
})

const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 269000000\n'

test.each<[string, Blob, RegExp]>([
  ['an LFS stub', new Blob([lfs]), /Git LFS pointer.*269000000/],
  ['a page', new Blob(['\n<!DOCTYPE html><html></html>']), /web page/],
  ['an empty file', new Blob([]), /empty/],
  ['5 bytes', new Blob(['12345']), /5 bytes are not all/],
  ["a server's message", new Blob(['{"error":"Repository not found"}']), /is a text .*Repository not found/],
  ['GGUF', new Blob(['GGUF\u0003', new Uint8Array(99)]), /GGUF file/],
  ['a packed file', new Blob([gzipSync(new Uint8Array(99))]), /packed with gzip/],
  ['zero bytes', new Blob([new Uint8Array(999)]), /filled with zero bytes/],
  ['half a zip', bin().slice(0, 1200), /1200 bytes are not all/],
  ['safetensors', safetensors('a'), /safetensors file under the name/],
  ['another zip', new Blob([zipSync({ 'model/config.json': new Uint8Array(2) })]), /no data\.pkl, only model\/config/],
])('%s in place of pytorch_model.bin', async (_, file, message) => {
  const { message: text, action } = await refusal(openWeights({ 'pytorch_model.bin': file }))
  expect(text).toMatch(message)
  expect(text).toContain('pytorch_model.bin')
  expect(action).not.toBe('')
})

/** A safetensors file from a header as it stands and zeros. */
function raw(header: string | Uint8Array<ArrayBuffer>, bytes: number): Blob {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header
  return new Blob([BigUint64Array.of(BigInt(json.length)), json, new Uint8Array(bytes)])
}

test.each<[string, Blob, RegExp]>([
  [
    'a tensor twice',
    raw(
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      4,
    ),
    /has a twice/,
  ],
  ['a field twice', raw('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4), /has dtype twice/],
  ['numbers in the metadata', raw('{"__metadata__":{"format":3}}', 0), /__metadata__ must hold texts, but format/],
  ['a list of metadata', raw('{"__metadata__":[]}', 0), /__metadata__ is not an object/],
  [
    'an overlap',
    raw(
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      8,
    ),
    /tensor b starts at/,
  ],
  [
    'half an offset',
    raw('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0.5,4.5]}}', 5),
    /entry of a is not complete/,
  ],
  ['offsets the wrong way', raw('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4), /should take 4 bytes/],
  [
    'a shape beyond all numbers',
    raw('{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,4]}}', 4),
    /should take/,
  ],
  ['null for a tensor', raw('{"a":null}', 0), /entry of a/],
  ['text that is not UTF-8', raw(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), 0), /not JSON/],
  ['a byte order mark', raw('\uFEFF{}', 0), /not JSON/],
])('a safetensors header with %s is refused', async (_, file, message) => {
  expect((await refusal(openSafetensors(file, 'x.safetensors'))).message).toMatch(message)
})

test('a hundred thousand tensors, and one called __proto__', async () => {
  const entries = Array.from(
    { length: 100_000 },
    (_, i) => `"t${i}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`,
  )
  const file = await openSafetensors(raw(`{${entries.join()}}`, 100_000), 'many')
  expect(file.entries.size).toBe(100_000)
  const odd = await openSafetensors(raw('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), 'odd')
  expect([...(await odd.read('__proto__'))]).toEqual([0])
})

test('a torch file is written in pieces of the announced size', async () => {
  const tensors = [
    { name: 'w', shape: [3], dtype: 'F32', bytes: () => new Uint8Array(Float32Array.of(1, 2, 3).buffer) },
    { name: 'm', shape: [1, 2], dtype: 'BOOL', bytes: () => [Uint8Array.of(1), Uint8Array.of(0)] },
  ] as const
  const file = new Blob([...writeTorchZip(tensors, 'pytorch_model')])
  expect(file.size).toBe(torchZipSize(tensors, 'pytorch_model'))
  const weights = await openWeights({ 'pytorch_model.bin': file })
  expect(weights.entries.get('m')).toMatchObject({ dtype: 'BOOL', shape: [1, 2] })
  expect([...(await weights.read('w'))]).toEqual([1, 2, 3])
  expect((await refusal(weights.read('m'))).message).toContain('type BOOL')
})
