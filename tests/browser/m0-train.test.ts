// M0 trained on the wasm backend: the reference's losses, one shift exactly, a whole sentence learnt, and a broken rate.

import { beforeAll, beforeEach, afterEach, expect, test } from 'vitest'
import { initBackend } from '../../src/kernels/backend'
import * as tf from '../../src/kernels/tf'
import { generateTokens } from '../../src/model/generate'
import type { GPTNeo } from '../../src/model/gptNeo'
import { loadModel } from '../../src/model/load'
import { AdamW } from '../../src/train/optimizer'
import { trainStep } from '../../src/train/step'
import { A, B, batchOf, EOS, m0Files } from '../support/m0'

let model: GPTNeo
let optimizer: AdamW
let before = 0

beforeAll(async () => {
  await initBackend({ threads: 1 })
})

beforeEach(async () => {
  before = tf.memory().numTensors
  model = await loadModel(m0Files())
  optimizer = new AdamW(model.params, {
    optim: 'adamw_torch',
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    weight_decay: 0,
  })
})

afterEach(() => {
  optimizer.dispose()
  model.dispose()
  expect(tf.memory().numTensors).toBe(before)
})

test('six steps of A and B in turn', () => {
  const losses = [A, B, A, B, A, B].map((row, k) => {
    const options = { learningRate: 5e-3 * (1 - k / 6), maxGradNorm: 1 }
    return trainStep(model, optimizer, [batchOf([row])], options).loss
  })
  const { lossSum, count } = model.evaluateLoss(batchOf([A]))
  for (const [k, value] of [11.05393, 11.23636, 10.7422, 10.96694, 10.5967, 10.82729, 10.5412].entries()) {
    expect(losses[k] ?? lossSum / count, `loss ${k + 1}`).toBeCloseTo(value, 3)
  }
})

test('A is learnt, and greedy text repeats it to its end-of-text', async () => {
  const batch = batchOf([A])
  let loss = Infinity
  for (let step = 0; step < 80 && loss > 0.3; step++) {
    loss = trainStep(model, optimizer, [batch], { learningRate: 0.01, maxGradNorm: 1 }).loss
  }
  expect(loss).toBeLessThan(0.3)
  const settings = { do_sample: false, temperature: 1, top_k: 0, top_p: 1, max_new_tokens: 40, seed: 1 }
  const made: number[] = []
  for await (const token of generateTokens(model, Int32Array.from(A.slice(0, 2)), settings, EOS)) made.push(token)
  expect(made).toEqual(A.slice(2))
})

test('a rate of a million breaks the gradient within three steps; updates are skipped from then on', () => {
  const step = () => trainStep(model, optimizer, [batchOf([A])], { learningRate: 1e6, maxGradNorm: 0 })
  const skipped = [step(), step(), step(), step()].map((result) => result.skipped)
  expect([skipped[0], ...skipped.slice(2)]).toEqual([false, true, true])
  expect(optimizer.step).toBe(skipped.indexOf(true))
  expect(model.params.every(({ value }) => value.dataSync().every(Number.isFinite))).toBe(true)
})
