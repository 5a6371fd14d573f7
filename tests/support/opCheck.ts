// Checks an op on the wasm backend against the plain-loop oracle: its value, and its gradients by central differences.

import { expect } from 'vitest'
import { disposeParams, type Param } from '../../src/kernels/param'
import * as oracle from '../../src/kernels/reference'
import * as tf from '../../src/kernels/tf'
import { createParam } from '../../src/model/params'
import { maxDifference } from './golden'

let seed = 1
/** Repeatable numbers in [-scale, scale). */
export function random(length: number, scale = 1): Float64Array {
  return Float64Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.fround(scale * (seed / 2 ** 31 - 1))
  })
}

export const matrixOf = (rows: number, columns: number, data: Float64Array) => ({ rows, columns, data })
export const tensorOf = (data: Float64Array, rows: number, columns: number) =>
  tf.tensor2d(Float32Array.from(data), [rows, columns])
export const paramOf = (name: string, data: Float64Array, ...shape: number[]): Param =>
  createParam({ name, shape, decay: true }, Float32Array.from(data))

/**
 * Runs `op` on the tape and compares value and gradients with the oracle's, for the objective sum(dy * op).
 * `oracleOf` gets inputs, then params, as double arrays. Checks that nothing but the params' gradients stays.
 */
export function check(
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
