// Every op on the wasm backend against the plain-loop oracle: values, gradients by central differences, leaks, bad numbers.

import { beforeAll, describe, expect, test } from 'vitest'
import { causalAttention } from '../../src/kernels/attention'
import { heapBytes, initBackend } from '../../src/kernels/backend'
import { embedding, embeddingGradient } from '../../src/kernels/embedding'
import { geluNew } from '../../src/kernels/geluNew'
import { layerNorm } from '../../src/kernels/layerNorm'
import { linear } from '../../src/kernels/linear'
import { lmHeadCrossEntropy } from '../../src/kernels/lmHead'
import { disposeParams, type Param } from '../../src/kernels/param'
import * as oracle from '../../src/kernels/reference'
import { residual } from '../../src/kernels/residual'
import * as tf from '../../src/kernels/tf'
import { createParam } from '../../src/model/params'
import { maxDifference, relativeDifference } from '../support/golden'

beforeAll(async () => {
  const { threads } = await initBackend({ threads: 2 })
  expect(threads).toBe(globalThis.crossOriginIsolated ? 2 : 1)
})

let seed = 1
/** Repeatable numbers in [-scale, scale). */
function random(length: number, scale = 1): Float64Array {
  return Float64Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.fround(scale * (seed / 2 ** 31 - 1))
  })
}

const matrixOf = (rows: number, columns: number, data: Float64Array) => ({ rows, columns, data })
const tensorOf = (data: Float64Array, rows: number, columns: number) =>
  tf.tensor2d(Float32Array.from(data), [rows, columns])
const paramOf = (name: string, data: Float64Array, ...shape: number[]): Param =>
  createParam({ name, shape, decay: true }, Float32Array.from(data))

/**
 * Runs `op` on the tape and compares value and gradients with the oracle's, for the objective sum(dy * op).
 * `oracleOf` gets inputs, then params, as double arrays. Checks that nothing but the params' gradients stays.
 */
function check(
  inputs: { data: Float64Array; rows: number; columns: number }[],
  params: Param[],
  op: (tensors: tf.Tensor2D[]) => tf.Tensor,
  oracleOf: (arrays: Float64Array[]) => Float64Array,
): void {
  const before = tf.memory().numTensors
  const arrays = [...inputs.map(({ data }) => data), ...params.map(({ value }) => Float64Array.from(value.dataSync()))]
  const expected = oracleOf(arrays)
  const dy = random(expected.length)
  const tensors = inputs.map(({ data, rows, columns }) => tensorOf(data, rows, columns))
  const { value, grads } = tf.valueAndGrads((...xs) => op(xs as tf.Tensor2D[]))(
    tensors,
    tf.tensor(Float32Array.from(dy), op(tensors).shape),
  )
  expect(maxDifference(value.dataSync(), expected)).toBeLessThan(1e-5)
  const ours = [...grads, ...params.map(({ grad }) => grad)].map((grad) => grad?.dataSync() ?? new Float32Array())
  arrays.forEach((array, i) => {
    const numeric = oracle.numericGradient((moved) => {
      const out = oracleOf(arrays.map((other, j) => (j === i ? moved : other)))
      return out.reduce((sum, v, j) => sum + v * (dy[j] ?? 0), 0)
    }, array)
    const size = numeric.reduce((top, g) => Math.max(top, Math.abs(g)), 0)
    // A gradient that is zero by construction has no size to be relative to.
    const difference = maxDifference(ours[i] ?? [], numeric) / Math.max(size, 1e-6)
    expect(difference, `gradient ${i}`).toBeLessThan(1e-4)
  })
  tf.dispose([value, ...grads, ...tensors])
  disposeParams(params)
  // The dy tensor, and the extra forward pass that told its shape.
  expect(tf.memory().numTensors - before + params.length).toBe(2)
}

describe('values and gradients', () => {
  test.each([
    [1, 3, 5],
    [7, 5, 3],
    [13, 3, 17],
    [40, 2, 31],
  ])('linear, %i rows, %i to %i', (N, C, O) => {
    const weight = paramOf('w', random(O * C), O, C)
    const bias = paramOf('b', random(O), O)
    check(
      [{ data: random(N * C), rows: N, columns: C }],
      [weight, bias],
      ([x]) => linear(x as tf.Tensor2D, weight, bias),
      ([x, w, b]) =>
        oracle.linear(matrixOf(N, C, x as Float64Array), matrixOf(O, C, w as Float64Array), b as Float64Array).data,
    )
  })

  test('layerNorm', () => {
    const [N, C] = [5, 7]
    const weight = paramOf('w', random(C), C)
    const bias = paramOf('b', random(C), C)
    check(
      [{ data: random(N * C, 3), rows: N, columns: C }],
      [weight, bias],
      ([x]) => layerNorm(x as tf.Tensor2D, weight, bias, 1e-5),
      ([x, w, b]) =>
        oracle.layerNorm(matrixOf(N, C, x as Float64Array), w as Float64Array, b as Float64Array, 1e-5).data,
    )
  })

  test('geluNew', () => {
    check(
      [{ data: random(63, 4), rows: 9, columns: 7 }],
      [],
      ([x]) => geluNew(x as tf.Tensor2D),
      ([x]) => oracle.geluNew(x as Float64Array),
    )
  })

  test('residual', () => {
    const input = () => ({ data: random(15), rows: 3, columns: 5 })
    check(
      [input(), input()],
      [],
      ([x, y]) => residual(x as tf.Tensor2D, y as tf.Tensor2D),
      ([x, y]) => (x as Float64Array).map((v, i) => v + (y?.[i] ?? 0)),
    )
  })

  test.each([
    ['global', null, [6, 6]],
    ['global, padded', null, [6, 2]],
    ['window of 3', 3, [6, 6]],
    ['window of 3, padded', 3, [5, 4]],
    ['window of 1', 1, [6, 6]],
  ] as const)('causalAttention, %s', (_, window, lengths) => {
    const [B, T, H, d] = [2, 6, 2, 3]
    const input = () => ({ data: random(B * T * H * d), rows: B * T, columns: H * d })
    check(
      [input(), input(), input()],
      [],
      ([q, k, v]) =>
        causalAttention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, H, window, Int32Array.from(lengths)),
      (arrays) => {
        const [q, k, v] = arrays.map((array) => matrixOf(B * T, H * d, array))
        return oracle.causalAttention(q as oracle.Matrix, k as oracle.Matrix, v as oracle.Matrix, H, window, lengths)
          .data
      },
    )
  })
})

test('attention of pad queries that see no real token equals the reference', () => {
  // Only the value: in float32 the oracle's masked scores do not move, so differences see no gradient; golden cases do.
  const [T, C] = [9, 4]
  const data = [random(T * C), random(T * C), random(T * C)]
  const expected = oracle.causalAttention(
    ...(data.map((array) => matrixOf(T, C, array)) as [oracle.Matrix, oracle.Matrix, oracle.Matrix]),
    2,
    3,
    [2],
  )
  const value = tf.tidy(() =>
    causalAttention(
      ...(data.map((array) => tensorOf(array, T, C)) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D]),
      2,
      3,
      Int32Array.of(2),
    ),
  )
  expect(maxDifference(value.dataSync(), expected.data)).toBeLessThan(1e-5)
  value.dispose()
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

test('large and broken numbers pass through as numbers, not as silence', () => {
  const before = tf.memory().numTensors
  tf.tidy(() => {
    const gelu = geluNew(tf.tensor2d([[-100, 100, -1e18, 1e18, NaN]])).dataSync()
    expect([gelu[1], gelu[3]]).toEqual([100, Math.fround(1e18)])
    expect([gelu[0], gelu[2]].map((v) => Math.abs(v ?? NaN))).toEqual([0, 0])
    expect(gelu[4]).toBeNaN()
  })
  expect(tf.memory().numTensors).toBe(before)
  expect(heapBytes()).toBeGreaterThan(1e6)
})
