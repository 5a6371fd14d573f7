// Causal attention on the wasm backend against the oracle: windows, padding, rows of different lengths.

import { beforeAll, expect, test } from 'vitest'
import { causalAttention, paddedRows } from '../../src/kernels/attention'
import { initBackend } from '../../src/kernels/backend'
import * as oracle from '../../src/kernels/reference'
import * as tf from '../../src/kernels/tf'
import { maxDifference } from '../support/golden'
import { check, matrixOf, random, tensorOf } from '../support/opCheck'

beforeAll(async () => {
  await initBackend({ threads: 2 })
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
      causalAttention(
        q as tf.Tensor2D,
        k as tf.Tensor2D,
        v as tf.Tensor2D,
        H,
        window,
        paddedRows(Int32Array.from(lengths), T),
      ),
    (arrays) => {
      const [q, k, v] = arrays.map((array) => matrixOf(B * T, H * d, array))
      return oracle.causalAttention(q as oracle.Matrix, k as oracle.Matrix, v as oracle.Matrix, H, window, lengths).data
    },
  )
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
      paddedRows(Int32Array.of(2), T),
    ),
  )
  expect(maxDifference(value.dataSync(), expected.data)).toBeLessThan(1e-5)
  value.dispose()
})

test.each([null, 3])('rows of different lengths behind each other are each as if alone, window %s', (window) => {
  const [C, starts] = [6, [0, 5, 5, 6, 61]]
  const lengths = Int32Array.from(starts.slice(1), (end, b) => end - (starts[b] ?? 0))
  const data = [1, 2, 3, 4].map(() => random(61 * C))
  /** Value and gradients of positions [from, to) as rows of `lengths`. */
  const run = (from: number, to: number, rows: Int32Array, layout: Int32Array) => {
    const [q, k, v, dy] = data.map((x) => tensorOf(x.subarray(from * C, to * C), to - from, C))
    const { value, grads } = tf.valueAndGrads((...x) =>
      causalAttention(x[0] as tf.Tensor2D, x[1] as tf.Tensor2D, x[2] as tf.Tensor2D, 2, window, {
        starts: layout,
        lengths: rows,
      }),
    )([q, k, v] as tf.Tensor[], dy)
    return [value, ...grads].map((tensor) => [...tensor.dataSync()])
  }
  tf.tidy(() => {
    const together = run(0, 61, lengths, Int32Array.from(starts))
    lengths.forEach((length, b) => {
      if (length === 0) return
      const from = starts[b] ?? 0
      const alone = run(from, from + length, Int32Array.of(length), Int32Array.of(0, length))
      alone.forEach((part, i) => expect(together[i]?.slice(from * C, (from + length) * C)).toEqual(part))
    })
  })
  const x = tensorOf(data[0]!, 61, C)
  const bad =
    (layout: number[], heads = 2) =>
    () =>
      causalAttention(x, x, x, heads, null, { starts: Int32Array.from(layout), lengths })
  expect(bad([0, 5, 5, 6, 60])).toThrow(/cannot cut/)
  expect(bad([0, 5, 6, 61])).toThrow(/cannot cut/)
  expect(bad(starts, 4)).toThrow(/cannot cut/)
  expect(bad([0, 7, 5, 6, 61])).toThrow(/in order/)
  x.dispose()
})
