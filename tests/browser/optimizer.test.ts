// One optimizer step: the two AdamW variants against plain arithmetic, the norm, clipping, accumulation, skipping.

import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { initBackend } from '../../src/kernels/backend'
import { accumulate, disposeParams, type Param, zeroGrad } from '../../src/kernels/param'
import * as tf from '../../src/kernels/tf'
import type { GPTNeo } from '../../src/model/gptNeo'
import { AdamW, type AdamWSettings, clipFactor, globalNorm } from '../../src/train/optimizer'
import { trainStep } from '../../src/train/step'
import { A, B, batchOf, C, EOS, S } from '../support/m0'
import { buildM0, testRecipe } from '../support/training'

beforeAll(async () => {
  await initBackend({ threads: 1 })
})

const settings: AdamWSettings = { ...testRecipe, weight_decay: 0.1, adam_epsilon: 1e-6 }
const gradients = [
  [1e-4, -2e-4, 0.5],
  [-3e-4, 0, 0.25],
  [2e-5, 1e-4, -1],
]

function makeParam(decay: boolean): Param {
  const value = tf.tensor([0.5, -1, 2], [3])
  return { name: decay ? 'matrix' : 'bias', shape: [3], decay, value, grad: null }
}

/** AdamW on numbers, written from the two definitions. */
function expected(optim: AdamWSettings['optim'], decay: boolean, rate: number): number[] {
  const p = [0.5, -1, 2]
  const m = [0, 0, 0]
  const v = [0, 0, 0]
  gradients.forEach((gradient, i) => {
    const [c1, c2] = [1 - 0.9 ** (i + 1), 1 - 0.999 ** (i + 1)]
    gradient.forEach((g, k) => {
      m[k] = 0.9 * m[k]! + 0.1 * g
      v[k] = 0.999 * v[k]! + 0.001 * g * g
      if (optim === 'adamw_torch') {
        if (decay) p[k]! *= 1 - rate * 0.1
        p[k]! -= (rate / c1) * (m[k] / (Math.sqrt(v[k] / c2) + 1e-6))
      } else {
        p[k]! -= ((rate * Math.sqrt(c2)) / c1) * (m[k] / (Math.sqrt(v[k]) + 1e-6))
        if (decay) p[k]! -= rate * 0.1 * p[k]!
      }
    })
  })
  return p
}

describe('AdamW', () => {
  for (const optim of ['adamw_hf', 'adamw_torch'] as const) {
    test(`${optim} follows its definition, with and without decay`, () => {
      const params = [makeParam(true), makeParam(false)]
      const optimizer = new AdamW(params, { ...settings, optim })
      for (const gradient of gradients) {
        for (const param of params) accumulate(param, tf.tensor(gradient, [3]))
        optimizer.update(0.01, 1)
        zeroGrad(params)
      }
      for (const param of params) {
        const found = param.value.dataSync()
        expected(optim, param.decay, 0.01).forEach((value, k) => expect(found[k]).toBeCloseTo(value, 6))
      }
      optimizer.dispose()
      disposeParams(params)
    })
  }

  test('the two variants differ where gradients are small', () => {
    const [hf, torch] = [expected('adamw_hf', false, 0.01), expected('adamw_torch', false, 0.01)]
    expect(Math.abs(hf[0]! - torch[0]!)).toBeGreaterThan(1e-4)
  })

  test('its state goes out and comes back by name, bit for bit', () => {
    const params = [makeParam(true), makeParam(false)]
    const first = new AdamW(params, settings)
    for (const param of params) accumulate(param, tf.tensor(gradients[0]!, [3]))
    first.update(0.01, 0.5)
    const second = new AdamW(params, settings)
    params.forEach(({ name }, i) => {
      second.restore('exp_avg', name, first.read('exp_avg', i))
      second.restore('exp_avg_sq', name, first.read('exp_avg_sq', i))
    })
    second.restoreStep(first.step)
    expect(second.step).toBe(1)
    for (const moment of ['exp_avg', 'exp_avg_sq'] as const) {
      expect([...second.read(moment, 1)]).toEqual([...first.read(moment, 1)])
    }
    expect(() => second.restore('exp_avg', 'nobody', new Float32Array(3))).toThrow(/does not fit/)
    expect(() => second.restore('exp_avg', 'bias', new Float32Array(4))).toThrow(/does not fit/)
    first.dispose()
    second.dispose()
    disposeParams(params)
  })

  test('clip factor', () => {
    expect(clipFactor(2, 1)).toBe(1 / (2 + 1e-6))
    expect(clipFactor(0.5, 1)).toBe(1)
    expect(clipFactor(100, 0)).toBe(1)
  })
})

describe('a step of M0', () => {
  let model: GPTNeo
  let optimizer: AdamW
  const step = (rate: number, ...window: ReturnType<typeof batchOf>[]) =>
    trainStep(model, optimizer, window, { learningRate: rate, maxGradNorm: 1 })

  beforeEach(() => {
    model = buildM0()
    optimizer = new AdamW(model.params, testRecipe)
  })
  afterEach(() => {
    optimizer.dispose()
    model.dispose()
  })

  test('gradient norm on S', () => {
    expect(step(0, batchOf([S])).gradNorm).toBeCloseTo(2.2585, 3)
  })

  test('a window weighs every counted token alike, however it is cut into batches', () => {
    expect(step(0, batchOf([A, B])).gradNorm).toBeCloseTo(1.85285, 4)
    expect(step(0, batchOf([A]), batchOf([B])).gradNorm).toBeCloseTo(1.85285, 4)
    expect(step(0, batchOf([C])).gradNorm).toBeCloseTo(3.48307, 4)
  })

  test('six steps give the losses of the reference', () => {
    const losses = [A, B, A, B, A, B].map((row, i) => step(5e-3 * (1 - i / 6), batchOf([row])).loss)
    const reference = [11.05393, 11.23636, 10.7422, 10.96694, 10.5967, 10.82729]
    losses.forEach((loss, i) => expect(Math.abs(loss - reference[i]!), `step ${i + 1}`).toBeLessThan(1e-4))
    const { lossSum, count } = model.evaluateLoss(batchOf([A]))
    expect(Math.abs(lossSum / count - 10.5412)).toBeLessThan(1e-4)
  })

  test('a step without targets or without finite numbers changes nothing and says so', () => {
    const before = model.params.map(({ value }) => value)
    expect(step(1, batchOf([[EOS]])).skipped).toBe(true)
    const wte = model.wte
    const good = wte.value
    wte.value = tf.tidy(() => tf.mul(good, Infinity))
    const result = step(1, batchOf([A]))
    expect(result.skipped).toBe(true)
    wte.value.dispose()
    wte.value = good
    expect(model.params.map(({ value }) => value)).toEqual(before)
    expect(optimizer.step).toBe(0)
    expect(globalNorm(model.params)).toBe(0)
    expect(step(1e-3, batchOf([A])).skipped).toBe(false)
  })
})
