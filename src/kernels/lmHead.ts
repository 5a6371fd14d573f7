// Tied head and cross-entropy in one pass over chunks of rows: logits of a few rows, their loss, both gradients, next.
// The full [B*T, V] never exists (206 MB for the course model). It stands at the end of the tape: see model/gptNeo.ts.

import { copyRows } from './copyRows'
import { timesTransposed } from './linear'
import { accumulate, type Param } from './param'
import * as tf from './tf'

/** Numbers in one chunk of logits: 32 MB. */
const CHUNK_NUMBERS = 8 * 1024 * 1024

export interface HeadLoss {
  /** Sum of -log softmax(logits)[target] over counted rows. */
  readonly lossSum: number
  /** Rows with a target. */
  readonly count: number
  /** d(lossSum * gradScale) / d(hidden), [N, C]; null when no gradient was asked for. */
  readonly dHidden: tf.Tensor2D | null
}

/**
 * @param hidden [N, C]
 * @param wte [V, C]; its gradient is accumulated when gradScale is given
 * @param targets [N] with -1 where a row does not count
 * @param gradScale factor on both gradients, or null to compute the loss only
 * @param chunkRows rows per chunk, for tests
 * @throws Error for a target without a row in wte.
 */
export function lmHeadCrossEntropy(
  hidden: tf.Tensor2D,
  wte: Param,
  targets: Int32Array,
  gradScale: number | null,
  chunkRows = Math.max(1, Math.floor(CHUNK_NUMBERS / (wte.shape[0] ?? 1))),
): HeadLoss {
  const [N, C] = hidden.shape
  const V = wte.shape[0] ?? 0
  const rows = Int32Array.from(targets.keys()).filter((row) => (targets[row] ?? -1) >= 0)
  if (rows.some((row) => (targets[row] ?? 0) >= V)) {
    throw new Error(`a target id is beyond the ${V} rows of ${wte.name}`)
  }
  let lossSum = 0
  if (rows.length === 0) return { lossSum, count: 0, dHidden: gradScale === null ? null : tf.zeros([N, C]) }
  // Without gradients the list stays empty.
  const [dHidden = null] = tf.tidy((): tf.Tensor2D[] => {
    // Rows that do not count cost nothing.
    const counted = rows.length === N ? hidden : tf.gather(hidden, tf.tensor1d(rows, 'int32')) // [M, C]
    const parts: tf.Tensor2D[] = []
    // Transposed, and by that packed, once for all chunks.
    const wteT = rows.length > 8 ? tf.transpose(wte.value as tf.Tensor2D) : null // [C, V]
    for (let begin = 0; begin < rows.length; begin += chunkRows) {
      const end = Math.min(rows.length, begin + chunkRows)
      const ids = rows.slice(begin, end).map((row) => targets[row] ?? 0)
      const chunk = tf.tidy((): tf.Tensor2D[] => {
        const h = copyRows(counted, begin, end - begin)
        const logits: tf.Tensor2D = wteT === null ? timesTransposed(h, wte.value as tf.Tensor2D) : tf.matMul(h, wteT) // [n, V]
        const p = tf.softmax(logits)
        lossSum += chunkLoss(logits, p, ids)
        return gradScale === null ? [] : [chunkGradients(h, p, ids, wte, gradScale)]
      })
      parts.push(...chunk)
    }
    if (parts.length === 0) return []
    const dCounted = tf.concat2d(parts, 0) // [M, C]
    if (rows.length === N) return [dCounted]
    return [tf.scatterND(tf.tensor2d(rows, [rows.length, 1], 'int32'), dCounted, [N, C])]
  })
  return { lossSum, count: rows.length, dHidden }
}

/** Sum of log-sum-exp minus target logit. The largest weight is 1/sum(exp(x - max)), so its log gives the log of the sum. */
function chunkLoss(logits: tf.Tensor2D, p: tf.Tensor2D, ids: Int32Array): number {
  const losses = tf.tidy(() => {
    const picked = tf.gatherND(logits, pairs(ids)) // [n]
    return tf.sub(tf.sub(tf.max(logits, 1), tf.log(tf.max(p, 1))), picked)
  })
  let sum = 0
  for (const loss of losses.dataSync()) sum += loss
  return sum
}

/** dlogits = p - onehot; the scale goes to the small factors. Returns dh [n, C], adds dlogits^T h into wte. */
function chunkGradients(h: tf.Tensor2D, p: tf.Tensor2D, ids: Int32Array, wte: Param, scale: number): tf.Tensor2D {
  const oneHot = tf.scatterND(pairs(ids), tf.ones([ids.length]), p.shape)
  const dlogits: tf.Tensor2D = tf.sub(p, oneHot) // [n, V]
  oneHot.dispose()
  const dlogitsT = tf.transpose(dlogits) // [V, n]
  accumulate(wte, tf.matMul(dlogitsT, tf.mul(h, scale)))
  dlogitsT.dispose()
  return tf.mul(tf.matMul(dlogits, wte.value as tf.Tensor2D), scale)
}

/** [n, 2]: (row, id). */
function pairs(ids: Int32Array): tf.Tensor2D {
  const flat = new Int32Array(ids.length * 2)
  ids.forEach((id, row) => flat.set([row, id], 2 * row))
  return tf.tensor2d(flat, [ids.length, 2], 'int32')
}
