// The two ends of the model on the wasm backend against the oracle: embedding, and head with cross-entropy.

import { beforeAll, describe, expect, test } from 'vitest'
import { initBackend } from '../../src/kernels/backend'
import { embedding, embeddingGradient } from '../../src/kernels/embedding'
import { lmHeadCrossEntropy } from '../../src/kernels/lmHead'
import { disposeParams } from '../../src/kernels/param'
import * as oracle from '../../src/kernels/reference'
import * as tf from '../../src/kernels/tf'
import { relativeDifference } from '../support/golden'
import { matrixOf, paramOf, random, tensorOf } from '../support/opCheck'

beforeAll(async () => {
  await initBackend({ threads: 2 })
})

describe('lmHeadCrossEntropy', () => {
  const [N, C, V] = [11, 3, 13]
  const hidden = random(N * C, 2)
  const weights = random(V * C, 2)
  const targets = [3, -1, 12, 0, 3, -1, 5, 5, 7, 1, -1]
  const sum = (h: Float64Array, w: Float64Array) =>
    oracle.crossEntropySum(oracle.linear(matrixOf(N, C, h), matrixOf(V, C, w), null), targets)

  test.each([1, 3, 4, 100])('loss and gradients in chunks of %i rows', (chunkRows) => {
    const before = tf.memory().numTensors
    const wte = paramOf('wte', weights, V, C)
    const h = tensorOf(hidden, N, C)
    const scale = 0.25
    const result = lmHeadCrossEntropy(h, wte, Int32Array.from(targets), scale, chunkRows)
    expect(result.count).toBe(8)
    expect(Math.abs(result.lossSum - sum(hidden, weights))).toBeLessThan(1e-4)
    const dh = oracle.numericGradient((moved) => scale * sum(moved, weights), hidden)
    const dw = oracle.numericGradient((moved) => scale * sum(hidden, moved), weights)
    expect(relativeDifference(result.dHidden?.dataSync() ?? [], dh)).toBeLessThan(1e-4)
    expect(relativeDifference(wte.grad?.dataSync() ?? [], dw)).toBeLessThan(1e-4)
    tf.dispose([h, result.dHidden as tf.Tensor2D])
    disposeParams([wte])
    expect(tf.memory().numTensors).toBe(before)
  })

  test('without a target there is no loss, and its gradient is zero', () => {
    const wte = paramOf('wte', weights, V, C)
    const h = tensorOf(hidden, N, C)
    const { lossSum, count, dHidden } = lmHeadCrossEntropy(h, wte, new Int32Array(N).fill(-1), 1)
    expect([lossSum, count, wte.grad]).toEqual([0, 0, null])
    expect(dHidden?.dataSync().every((g) => g === 0)).toBe(true)
    expect(() => lmHeadCrossEntropy(h, wte, new Int32Array(N).fill(V), 1)).toThrow(/beyond the 13 rows/)
    tf.dispose([h, dHidden as tf.Tensor2D])
    disposeParams([wte])
  })

  test('the loss alone leaves no gradient', () => {
    const wte = paramOf('wte', weights, V, C)
    const h = tensorOf(hidden, N, C)
    const { lossSum, dHidden } = lmHeadCrossEntropy(h, wte, Int32Array.from(targets), null)
    expect(Math.abs(lossSum - sum(hidden, weights))).toBeLessThan(1e-4)
    expect([dHidden, wte.grad]).toEqual([null, null])
    h.dispose()
    disposeParams([wte])
  })

  test('logits of 200 do not overflow; a NaN stays visible', () => {
    const wte = paramOf(
      'wte',
      Float64Array.from({ length: V * C }, (_, i) => (i < C ? 100 : -100)),
      V,
      C,
    )
    const big = tf.fill<tf.Rank.R2>([N, C], 1)
    const { lossSum } = lmHeadCrossEntropy(big, wte, new Int32Array(N).fill(1), null)
    expect(lossSum / N).toBeCloseTo(600, 3)
    const bad = tf.fill<tf.Rank.R2>([N, C], NaN)
    expect(lmHeadCrossEntropy(bad, wte, new Int32Array(N), null).lossSum).toBeNaN()
    tf.dispose([big, bad])
    disposeParams([wte])
  })
})

test('embedding adds rows, sums gradients of repeated ids, and refuses ids without a row', () => {
  const before = tf.memory().numTensors
  const wte = paramOf('wte', random(15), 5, 3)
  const wpe = paramOf('wpe', random(12), 4, 3)
  const [ids, positions] = [Int32Array.of(4, 1, 4), Int32Array.of(0, 1, 2)]
  const x = embedding(ids, positions, wte, wpe)
  const [w, p] = [wte.value.dataSync(), wpe.value.dataSync()]
  expect(x.dataSync()[7]).toBeCloseTo((w[13] ?? 0) + (p[7] ?? 0), 6)
  const dx = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3])
  embeddingGradient(dx, ids, positions, wte, wpe)
  expect([...(wte.grad?.dataSync() ?? [])]).toEqual([0, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0, 8, 10, 12])
  expect([...(wpe.grad?.dataSync() ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0])
  expect(() => embedding(Int32Array.of(5), Int32Array.of(0), wte, wpe)).toThrow(/wte has 5 rows/)
  expect(() => embedding(Int32Array.of(0), Int32Array.of(4), wte, wpe)).toThrow(/wpe has 4 rows/)
  tf.dispose([x, dx])
  disposeParams([wte, wpe])
  expect(tf.memory().numTensors).toBe(before)
})
