// A block of whole rows as a tensor of its own. Inside ops only: the tape does not see it.
// tf.slice on wasm first copies its whole input out of the heap; this copies the rows and nothing else.

import { wasmBackend } from './backend'
import * as tf from './tf'

/**
 * @param x [R, C] float32
 * @param begin first row
 * @param rows number of rows, begin + rows <= R
 * @returns [rows, C]
 */
export function copyRows(x: tf.Tensor2D, begin: number, rows: number): tf.Tensor2D {
  const [R, C] = x.shape
  if (begin < 0 || begin + rows > R) throw new Error(`rows ${begin} to ${begin + rows} of a tensor with ${R}`)
  const backend = wasmBackend()
  const info = backend.makeOutput([rows, C], 'float32')
  // Views last: making the output may have grown the heap.
  backend.typedArrayFromHeap(info).set(backend.typedArrayFromHeap(x).subarray(begin * C, (begin + rows) * C))
  return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor2D
}
