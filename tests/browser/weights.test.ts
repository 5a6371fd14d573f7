// M0 through every form of weights, against the reference's numbers, and what must leave the loaded model alone.

import { beforeAll, expect, test } from 'vitest'
import { writeSafetensors } from '../../src/formats/safetensors'
import { initBackend } from '../../src/kernels/backend'
import * as tf from '../../src/kernels/tf'
import { loadModel } from '../../src/model/load'
import { FinetaleError } from '../../src/recipe/error'
import { batchOf, M0_CONFIG, M0_LOSS_S, m0Files, m0Tensors, S, type M0Tensor } from '../support/m0'
import { writeTorchZip, type TorchZipTensor } from '../support/torchZip'

beforeAll(async () => {
  await initBackend({ threads: 2 })
})

const config = (more: object = {}) => new Blob([JSON.stringify({ ...M0_CONFIG, ...more })])
const bytesOf = (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
const torch = ({ name, shape, data }: M0Tensor): TorchZipTensor => ({
  name,
  shape,
  dtype: 'F32',
  bytes: () => bytesOf(data),
})
const bin = (tensors: readonly TorchZipTensor[], folder?: string) => ({
  'config.json': config(),
  'pytorch_model.bin': new Blob([...writeTorchZip(tensors, folder)]),
})
const rename = (change: (name: string) => string) =>
  m0Tensors().map((tensor) => ({ ...tensor, name: change(tensor.name) }))

async function loaded(files: Record<string, Blob>) {
  const model = await loadModel(files)
  const { lossSum, count } = model.evaluateLoss(batchOf([S]))
  const found = { loss: lossSum / count, parameters: model.parameterCount, notes: model.notes.join(' ') }
  const names = model.params.map(({ name }) => name)
  model.dispose()
  return { ...found, names }
}

/** Stored as the transpose, with the strides that undo it, or without them. */
function transposed({ name, shape, data }: M0Tensor, honest: boolean): TorchZipTensor {
  const [rows = 0, columns = 0] = shape
  const turned = new Float32Array(data.length)
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c] ?? 0
  return { name, shape, dtype: 'F32', bytes: () => bytesOf(turned), ...(honest ? { stride: [1, rows] } : {}) }
}

test('a file of torch, under two folder names, with strides honoured', async () => {
  expect((await loaded(bin(m0Tensors().map(torch)))).loss).toBeCloseTo(M0_LOSS_S, 4)
  const turn = (honest: boolean) =>
    m0Tensors().map((tensor) =>
      tensor.name === 'transformer.h.1.mlp.c_fc.weight' ? transposed(tensor, honest) : torch(tensor),
    )
  expect((await loaded(bin(turn(true), 'pytorch_model'))).loss).toBeCloseTo(M0_LOSS_S, 4)
  // The same storage read as if it were row-major: what a reader without strides gets.
  expect((await loaded(bin(turn(false)))).loss).toBeCloseTo(11.02131, 4)
})

test('mask buffers are neither counted nor kept, in torch files as in safetensors', async () => {
  const masks = [0, 1].flatMap((layer): TorchZipTensor[] => {
    const name = `transformer.h.${layer}.attn.attention`
    const triangle = Uint8Array.from({ length: 64 * 64 }, (_, i) => Number(i % 64 <= Math.floor(i / 64)))
    const lowest = Float32Array.of(-1e9)
    return [
      { name: `${name}.bias`, shape: [1, 1, 64, 64], dtype: layer === 0 ? 'U8' : 'BOOL', bytes: () => triangle },
      { name: `${name}.masked_bias`, shape: [], dtype: 'F32', bytes: () => bytesOf(lowest) },
    ]
  })
  const { loss, parameters, notes, names } = await loaded(bin([...m0Tensors().map(torch), ...masks]))
  expect(loss).toBeCloseTo(M0_LOSS_S, 4)
  expect([parameters, notes, names.length]).toEqual([404_280, '', 30])
  expect(names.filter((name) => name.includes('masked') || name.endsWith('attention.bias'))).toEqual([])
})

test('the head: none, equal, or another one', async () => {
  const [wte] = m0Tensors()
  const head = (scale: number): M0Tensor => ({
    name: 'lm_head.weight',
    shape: [50257, 8],
    data: (wte?.data ?? new Float32Array()).map((value) => value * scale),
  })
  const equal = await loaded(bin([...m0Tensors(), head(1)].map(torch)))
  expect([equal.loss.toFixed(4), equal.notes]).toEqual([M0_LOSS_S.toFixed(4), ''])
  const half = await loaded(bin([...m0Tensors(), head(0.5)].map(torch)))
  expect(half.loss).toBeCloseTo(M0_LOSS_S, 4)
  expect(half.notes).toContain('the embedding is used')
  const short = await loaded(bin([...m0Tensors(), { ...head(1), shape: [8, 50257] }].map(torch)))
  expect(short.notes).toContain('differs')
  const untied = { 'config.json': config({ tie_word_embeddings: false }) }
  await expect(loadModel({ ...bin(m0Tensors().map(torch)), ...untied })).rejects.toThrow(/no lm_head/)
  await expect(loadModel({ ...bin([...m0Tensors(), head(0.5)].map(torch)), ...untied })).rejects.toThrow(/of its own/)
})

test.each<[string, (name: string) => string]>([
  ['without transformer.', (name) => name.replace('transformer.', '')],
  ['all under module.', (name) => `module.${name}`],
  ['compiled', (name) => `_orig_mod.${name}`],
  ['both, without transformer.', (name) => `_orig_mod.module.${name.replace('transformer.', '')}`],
  ['compiled within', (name) => name.replace(/h\.(\d)/, 'h.$1._orig_mod')],
  ['all under model.', (name) => `model.${name}`],
  ['all under one of no known kind', (name) => `student.${name}`],
  ['model. in module. in model.', (name) => `model.module.model.${name}`],
])('names %s', async (_, change) => {
  expect((await loaded(bin(rename(change).map(torch)))).loss).toBeCloseTo(M0_LOSS_S, 4)
})

test('shards with an index, in a folder', async () => {
  const tensors = m0Tensors()
  const map = Object.fromEntries(tensors.map(({ name }, i) => [name, `part-${i % 3}.safetensors`]))
  const parts = [0, 1, 2].map((k) => [
    `mine/part-${k}.safetensors`,
    writeSafetensors(tensors.filter((_, i) => i % 3 === k)),
  ])
  const files = {
    'mine/config.json': config(),
    'mine/model.safetensors.index.json': new Blob([JSON.stringify({ weight_map: map })]),
    ...(Object.fromEntries(parts) as Record<string, Blob>),
  }
  expect((await loaded(files)).loss).toBeCloseTo(M0_LOSS_S, 4)
})

test('odd header and extras', async () => {
  const { 'model.safetensors': file } = m0Files()
  const length = Number(new DataView(await file!.slice(0, 8).arrayBuffer()).getBigUint64(0, true))
  const odd = new Blob([
    BigUint64Array.of(BigInt(length + 1)),
    file!.slice(8, 8 + length),
    ' ',
    file!.slice(8 + length),
  ])
  expect((await loaded({ 'config.json': config(), 'model.safetensors': odd })).loss).toBeCloseTo(M0_LOSS_S, 4)
  const extra = { name: 'value_head.weight', shape: [1], data: Float32Array.of(1) }
  const { loss, notes } = await loaded(m0Files([...m0Tensors(), extra]))
  expect(loss).toBeCloseTo(M0_LOSS_S, 4)
  expect(notes).toContain('value_head.weight')
})

const changed = (name: string, change: (tensor: M0Tensor) => M0Tensor) =>
  m0Tensors().map((tensor) => (tensor.name === name ? change(tensor) : tensor))
const whole = () => new Blob([...writeTorchZip(m0Tensors().map(torch))])

test.each<[string, () => Record<string, Blob>, RegExp]>([
  [
    'cut by 4 bytes',
    () => ({ 'model.safetensors': cut(m0Files()['model.safetensors']!, 4) }),
    /expected \d+ bytes, got/,
  ],
  ['half a torch file', () => ({ 'pytorch_model.bin': cut(whole(), whole().size / 2) }), /are not all of it/],
  ['no weights', () => ({}), /no weights: expected model\.safetensors or pytorch_model\.bin, found config\.json/],
  [
    'a tensor missing, another in its place',
    () =>
      bin(rename((name) => name.replace('h.1.mlp.c_fc.bias', 'h.1.mlp.fc.bias').replace('ln_f.bias', 'x')).map(torch)),
    /missing: transformer\.h\.1\.mlp\.c_fc\.bias, transformer\.ln_f\.bias/,
  ],
  [
    'names of another kind of model',
    () => m0Files(rename((name) => name.replace('.h.', '.layers.'))),
    /26 of 30 tensors are missing: transformer\.h\.0\..*others: transformer\.layers\.0\./,
  ],
  [
    'another shape',
    () => bin(changed('transformer.ln_f.bias', (t) => ({ ...t, shape: [9], data: new Float32Array(9) })).map(torch)),
    /ln_f\.bias should be \[8\] but is \[9\]/,
  ],
  [
    'whole numbers for weights',
    () =>
      bin(
        m0Tensors().map((tensor) =>
          tensor.name === 'transformer.ln_f.bias'
            ? { ...torch(tensor), dtype: 'I64', bytes: () => new Uint8Array(64) }
            : torch(tensor),
        ),
      ),
    /ln_f\.bias is of type I64/,
  ],
  [
    'numbers that are not finite',
    () => m0Files(changed('transformer.h.0.mlp.c_fc.weight', (t) => ({ ...t, data: t.data.fill(NaN, 3, 5) }))),
    /found 2 of 256 in transformer\.h\.0\.mlp\.c_fc\.weight/,
  ],
  [
    'one tensor under two names',
    () => m0Files([...m0Tensors(), ...rename((n) => `module.${n}`).slice(0, 1)]),
    /two tensors/,
  ],
])('refuses %s; the loaded model stays, nothing else does', async (_, files, message) => {
  const model = await loadModel(m0Files())
  const before = tf.memory().numTensors
  const error: unknown = await loadModel({ 'config.json': config(), ...files() }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(FinetaleError)
  expect((error as FinetaleError).message).toMatch(message)
  expect(tf.memory().numTensors).toBe(before)
  const { lossSum, count } = model.evaluateLoss(batchOf([S]))
  expect(lossSum / count).toBeCloseTo(M0_LOSS_S, 4)
  model.dispose()
})

function cut(blob: Blob, bytes: number): Blob {
  return blob.slice(0, blob.size - Math.floor(bytes))
}
