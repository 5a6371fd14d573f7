// M0 on the wasm backend against the reference's numbers: loss, gradients, padding, accumulation, leaks.

import { beforeAll, expect, test } from 'vitest'
import { initBackend } from '../../src/kernels/backend'
import { zeroGrad, type Param } from '../../src/kernels/param'
import * as tf from '../../src/kernels/tf'
import { loadModel } from '../../src/model/load'
import type { GPTNeo } from '../../src/model/gptNeo'
import { A, B, batchOf, C, M0_CONFIG, M0_LOSS_S, m0Files, m0HalfFile, m0Tensors, S, type M0Tensor } from '../support/m0'

let model: GPTNeo

beforeAll(async () => {
  await initBackend({ threads: 2 })
  model = await loadModel(m0Files())
})

const mean = ({ lossSum, count }: { lossSum: number; count: number }) => lossSum / count

function gradientNorm(params: readonly Param[]): number {
  let sum = 0
  for (const { grad } of params) for (const g of grad?.dataSync() ?? []) sum += g * g
  return Math.sqrt(sum)
}

/** Loss, then gradient norm, of parts that together are one optimizer window. */
function window(parts: number[][][], padInLoss = false): { loss: number; norm: number } {
  const batches = parts.map((rows) => batchOf(rows, padInLoss))
  const count = batches.reduce((sum, batch) => sum + model.evaluateLoss(batch).count, 0)
  zeroGrad(model.params)
  let lossSum = 0
  for (const batch of batches) lossSum += model.lossAndGradients(batch, 1 / count).lossSum
  const norm = gradientNorm(model.params)
  zeroGrad(model.params)
  return { loss: lossSum / count, norm }
}

async function lossOn(tensors: M0Tensor[], config: Record<string, unknown> = {}): Promise<number> {
  const other = await loadModel(m0Files(tensors, config))
  const loss = mean(other.evaluateLoss(batchOf([S])))
  other.dispose()
  return loss
}

test('the fixture is built right', () => {
  const tensors = m0Tensors()
  const wte = tensors[0]?.data ?? new Float32Array()
  expect(tensors).toHaveLength(30)
  expect(tensors.reduce((sum, { data }) => sum + data.length, 0)).toBe(404_280)
  for (const [i, value] of [-0.378923, 0.265574, 0.272599].entries()) expect(wte[i]).toBeCloseTo(value, 6)
  for (const [i, value] of [0.059891, -0.4835, -0.287387].entries()) expect(wte[50256 * 8 + i]).toBeCloseTo(value, 6)
  expect(wte.reduce((sum, value) => sum + value, 0)).toBeCloseTo(-152.9972, 2)
  expect(model.parameterCount).toBe(404_280)
})

test('loss, gradient norm and last logits on S', () => {
  const { loss, norm } = window([[S]])
  expect(loss).toBeCloseTo(M0_LOSS_S, 4)
  expect(norm).toBeCloseTo(2.2585, 3)
  const last = model.logits(Int32Array.from(S), S.length).slice(-50257)
  for (const [id, value] of [0.10208, 0.03913, 2.12297, 0.5528].entries()) expect(last[id]).toBeCloseTo(value, 4)
  const best = last.reduce((top, value, id) => (value > (last[top] ?? 0) ? id : top), 0)
  expect(best).toBe(21775)
  expect(last[best]).toBeCloseTo(2.78676, 4)
})

test('attention is not nearly right: wrong variants give other losses', async () => {
  expect(await lossOn(m0Tensors(), { window_size: 256 })).toBeCloseTo(10.91147, 4)
  expect(await lossOn(m0Tensors(), { window_size: 5 })).toBeCloseTo(10.99871, 4)
  expect(await lossOn(m0Tensors(), { window_size: 3 })).toBeCloseTo(11.03997, 4)
  const swapped = { attention_types: [[['local', 'global'], 1]] }
  expect(await lossOn(m0Tensors(), swapped)).toBeCloseTo(10.81375, 4)
  expect(mean(model.evaluateLoss(batchOf([S])))).toBeCloseTo(M0_LOSS_S, 4)
})

test('padding is masked by length; counted only when asked', () => {
  expect(mean(model.evaluateLoss(batchOf([A, B])))).toBeCloseTo(11.10418, 4)
  // Pads counted and, as the recipe does, not attended to; then attended to as well.
  const counted = batchOf([A, B], true)
  expect(mean(model.evaluateLoss(counted))).toBeCloseTo(11.1258, 4)
  expect(mean(model.evaluateLoss({ ...counted, lengths: Int32Array.of(17, 17) }))).toBeCloseTo(11.12309, 4)
})

test('micro-batches weigh by their tokens', () => {
  expect(window([[A, B]]).norm).toBeCloseTo(1.85285, 4)
  expect(window([[A], [B]]).norm).toBeCloseTo(1.85285, 4)
  expect(window([[C]]).norm).toBeCloseTo(3.48307, 4)
})

test("an id that occurs twice gets both rows' gradients", () => {
  // Id 257 stands at three places of S; a row that differs by one id isolates the look-up from the head.
  zeroGrad(model.params)
  model.lossAndGradients(batchOf([S]), 1)
  const grad = model.wte.grad?.dataSync().slice(257 * 8, 258 * 8) ?? new Float32Array()
  zeroGrad(model.params)
  const wte = m0Tensors()[0]?.data ?? new Float32Array()
  const step = 1e-2
  for (const c of [0, 5]) {
    const sums = [step, -step].map((delta) => {
      const moved = wte.slice()
      moved[257 * 8 + c] = (moved[257 * 8 + c] ?? 0) + delta
      const value = tf.tensor(moved, [50257, 8])
      const kept = model.wte.value
      model.wte.value = value
      const { lossSum } = model.evaluateLoss(batchOf([S]))
      model.wte.value = kept
      value.dispose()
      return lossSum
    })
    const numeric = ((sums[0] ?? 0) - (sums[1] ?? 0)) / (2 * step)
    expect(Math.abs(numeric - (grad[c] ?? 0))).toBeLessThan(0.02 * Math.max(1, Math.abs(numeric)))
  }
})

test('a batch with nothing counted gives zero and no gradient', () => {
  expect(model.lossAndGradients(batchOf([[257], [262]], false, 4), 1)).toEqual({ lossSum: 0, count: 0 })
  expect(model.params.every(({ grad }) => grad === null)).toBe(true)
})

test('an id without a row is refused', () => {
  expect(() => model.evaluateLoss(batchOf([[257, 50257, 13]]))).toThrow(/50257 rows/)
})

test('no tensor is left behind by steps, evaluation, or a model that is unloaded', async () => {
  // Gradient memory is taken once and kept for the model's life.
  model.lossAndGradients(batchOf([A]), 1)
  zeroGrad(model.params)
  const before = tf.memory().numTensors
  const counts: number[] = []
  for (let i = 0; i < 4; i++) {
    model.lossAndGradients(batchOf([A, B], i % 2 === 0), 0.1)
    model.evaluateLoss(batchOf([A]))
    counts.push(tf.memory().numTensors - before)
  }
  expect(new Set(counts)).toEqual(new Set([0]))
  zeroGrad(model.params)
  expect(tf.memory().numTensors).toBe(before)
  for (let i = 0; i < 3; i++) {
    const other = await loadModel(m0Files())
    other.lossAndGradients(batchOf([S]), 1)
    other.dispose()
    expect(tf.memory().numTensors).toBe(before)
  }
})

test('names with and without prefixes, mask buffers and a tied head load alike', async () => {
  const rename = (change: (name: string) => string) =>
    m0Tensors().map((tensor) => ({ ...tensor, name: change(tensor.name) }))
  expect(await lossOn(rename((name) => name.replace('transformer.', '')))).toBeCloseTo(M0_LOSS_S, 4)
  expect(await lossOn(rename((name) => `module._orig_mod.${name}`))).toBeCloseTo(M0_LOSS_S, 4)
  expect(await lossOn(rename((name) => name.replace(/h\.(\d)/, 'h.$1._orig_mod')))).toBeCloseTo(M0_LOSS_S, 4)
  const wte = m0Tensors()[0]?.data ?? new Float32Array()
  const head = (scale: number): M0Tensor => ({
    name: 'lm_head.weight',
    shape: [50257, 8],
    data: wte.map((value) => value * scale),
  })
  expect(await lossOn([...m0Tensors(), head(1)])).toBeCloseTo(M0_LOSS_S, 4)
  const masks = [0, 1].map((layer) => ({
    name: `transformer.h.${layer}.attn.attention.masked_bias`,
    shape: [],
    data: Float32Array.of(-1e9),
  }))
  const masked = await loadModel(m0Files([...m0Tensors(), ...masks, head(0.5)]))
  expect(masked.parameterCount).toBe(404_280)
  expect(masked.notes.join()).toContain('lm_head.weight')
  expect(mean(masked.evaluateLoss(batchOf([S])))).toBeCloseTo(M0_LOSS_S, 4)
  masked.dispose()
})

test('half-width weights behind an odd header', async () => {
  for (const [dtype, expected] of [
    ['F16', 11.02827],
    ['BF16', 11.02765],
  ] as const) {
    const half = await loadModel({ ...m0Files(), 'model.safetensors': m0HalfFile(dtype) })
    expect(mean(half.evaluateLoss(batchOf([S])))).toBeCloseTo(expected, 4)
    half.dispose()
  }
})

test('weights that do not fit are refused by name, and nothing is allocated', async () => {
  const before = tf.memory().numTensors
  const without = m0Tensors().filter(({ name }) => name !== 'transformer.h.1.mlp.c_fc.bias')
  await expect(loadModel(m0Files(without))).rejects.toThrow(/transformer\.h\.1\.mlp\.c_fc\.bias/)
  const nine = m0Tensors().map((tensor) =>
    tensor.name === 'transformer.ln_f.bias' ? { ...tensor, shape: [9], data: new Float32Array(9) } : tensor,
  )
  await expect(loadModel(m0Files(nine))).rejects.toThrow(/ln_f\.bias should be \[8\] but is \[9\]/)
  await expect(loadModel(m0Files(m0Tensors(), { tie_word_embeddings: false }))).rejects.toThrow(/no lm_head/)
  await expect(loadModel({ 'config.json': new Blob([JSON.stringify(M0_CONFIG)]) })).rejects.toThrow(
    /model\.safetensors/,
  )
  expect(tf.memory().numTensors).toBe(before)
})
