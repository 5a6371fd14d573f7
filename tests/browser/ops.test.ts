// The row-wise ops on the wasm backend against the oracle: values, gradients by central differences, leaks, zero rows and
// bad numbers. Attention and the ends of the model have files of their own.

import { beforeAll, describe, expect, test } from 'vitest'
import { causalAttention } from '../../src/kernels/attention'
import { heapBytes, initBackend } from '../../src/kernels/backend'
import { geluLinear } from '../../src/kernels/geluLinear'
import { layerNorm } from '../../src/kernels/layerNorm'
import { linear } from '../../src/kernels/linear'
import { disposeParams, type Param } from '../../src/kernels/param'
import * as oracle from '../../src/kernels/reference'
import { residual } from '../../src/kernels/residual'
import * as tf from '../../src/kernels/tf'
import { check, matrixOf, paramOf, random } from '../support/opCheck'

beforeAll(async () => {
  const { threads } = await initBackend({ threads: 2 })
  expect(threads).toBe(globalThis.crossOriginIsolated ? 2 : 1)
})

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

  test.each([
    [1, 1, 1],
    [9, 7, 5],
    [14, 3, 9],
  ])('geluLinear, %i rows, %i to %i', (N, C, O) => {
    const weight = paramOf('w', random(O * C), O, C)
    const bias = paramOf('b', random(O), O)
    check(
      [{ data: random(N * C, 3), rows: N, columns: C }],
      [weight, bias],
      ([x]) => geluLinear(x as tf.Tensor2D, weight, bias),
      ([x, w, b]) => {
        const activated = matrixOf(N, C, oracle.geluNew(x as Float64Array))
        return oracle.linear(activated, matrixOf(O, C, w as Float64Array), b as Float64Array).data
      },
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
})

describe('zero rows', () => {
  const C = 5
  const weight = () => paramOf('w', random(C * C), C, C)
  const vector = () => paramOf('b', random(C), C)
  test.each([
    ['linear', (x, w, b) => linear(x, w, b)],
    ['geluLinear', (x, w, b) => geluLinear(x, w, b)],
    ['layerNorm', (x, _, b) => layerNorm(x, b, b, 1e-5)],
    ['residual', (x) => residual(x, x)],
    [
      'causalAttention',
      (x) => causalAttention(x, x, x, 1, null, { starts: Int32Array.of(0), lengths: new Int32Array() }),
    ],
  ] as [string, (x: tf.Tensor2D, w: Param, b: Param) => tf.Tensor2D][])('%s', (_, op) => {
    const before = tf.memory().numTensors
    const [w, b] = [weight(), vector()]
    tf.tidy(() => {
      const [x, dy] = [tf.zeros<tf.Rank.R2>([0, C]), tf.zeros<tf.Rank.R2>([0, C])]
      const { value, grad } = tf.valueAndGrad((input: tf.Tensor) => op(input as tf.Tensor2D, w, b))(x, dy)
      expect([value.shape, grad.shape]).toEqual([
        [0, C],
        [0, C],
      ])
    })
    for (const { grad } of [w, b]) expect([...(grad?.dataSync() ?? [])].every((g) => g === 0)).toBe(true)
    disposeParams([w, b])
    expect(tf.memory().numTensors).toBe(before)
  })
})

test('large and broken numbers pass through as numbers, not as silence', () => {
  const before = tf.memory().numTensors
  const one = paramOf('one', Float64Array.of(1), 1, 1)
  tf.tidy(() => {
    const x = tf.tensor2d([[-100], [100], [-1e18], [1e18], [NaN], [Infinity]])
    const gelu = geluLinear(x, one, null).dataSync()
    expect([gelu[1], gelu[3], gelu[5]]).toEqual([100, Math.fround(1e18), Infinity])
    expect([gelu[0], gelu[2]].map((v) => Math.abs(v ?? NaN))).toEqual([0, 0])
    expect(gelu[4]).toBeNaN()
    const sums = residual(x, x).dataSync()
    expect([...sums]).toEqual([-200, 200, Math.fround(-2e18), Math.fround(2e18), NaN, Infinity])
    expect([...linear(x, one, null).dataSync()]).toEqual([...x.dataSync()])
  })
  tf.tidy(() => {
    const [x, y] = [tf.zeros([2, 3]), tf.zeros([3, 2])]
    expect(() => residual(x, y)).toThrow(/differ/)
  })
  disposeParams([one])
  expect(tf.memory().numTensors).toBe(before)
  expect(heapBytes()).toBeGreaterThan(1e6)
})
