// Tied head and cross-entropy in one pass over chunks of rows: logits of a few rows, their loss, both gradients, next.
// The full [B*T, V] never exists (206 MB for the course model). It stands at the end of the tape: see model/gptNeo.ts.

import { gatherRows, scatterRows } from './embedding'
import { gemm, matrix, transposed } from './gemm'
import { gradientMemory, workspace, type Param } from './param'
import { addressOf, emptyTensor, floatsOf, pool } from './runtime'
import * as tf from './tf'

/** Numbers in one chunk of logits: 52 MB, 256 rows of the course model. Fewer rows would reread the weights more often. */
const CHUNK_NUMBERS = 13_000_000
/** Rows come in whole blocks of the product's sum where there are that many. */
const BLOCK = 256

/** Rows of a chunk of logits for V words. Part of what decides the bits, so it depends on nothing but V. */
export function rowsPerChunk(V: number): number {
  const rows = Math.max(1, Math.floor(CHUNK_NUMBERS / V))
  return rows < BLOCK ? rows : rows - (rows % BLOCK)
}

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
  chunkRows = rowsPerChunk(wte.shape[0] ?? 1),
): HeadLoss {
  const [N, C] = hidden.shape
  const V = wte.shape[0] ?? 0
  const rows = Int32Array.from(targets.keys()).filter((row) => (targets[row] ?? -1) >= 0)
  if (rows.some((row) => (targets[row] ?? 0) >= V))
    throw new Error(`a target id is beyond the ${V} rows of ${wte.name}`)
  let lossSum = 0
  // A list, since a tidy cannot return null.
  const [dHidden = null] = tf.tidy((): tf.Tensor2D[] => {
    if (rows.length === 0) return gradScale === null ? [] : [tf.zeros<tf.Rank.R2>([N, C])]
    // Rows that do not count cost nothing.
    const whole = rows.length === N
    const counted = whole ? hidden : gatherRows(hidden, rows) // [M, C]
    const dCounted = gradScale === null ? null : (emptyTensor(counted.shape) as tf.Tensor2D) // [M, C]
    const size = Math.min(chunkRows, rows.length)
    const logits = workspace(wte, size * V)
    for (let begin = 0; begin < rows.length; begin += size) {
      const ids = rows.subarray(begin, begin + size).map((row) => targets[row] ?? 0)
      lossSum += chunk(counted, begin, ids, wte, logits, dCounted, gradScale)
    }
    if (dCounted === null) return []
    if (whole) return [dCounted]
    const all = emptyTensor([N, C]) as tf.Tensor2D
    pool().run('zero', { x: addressOf(all) }, N * C, 1 << 20)
    scatterRows(dCounted, rows, addressOf(all))
    return [all]
  })
  return { lossSum, count: rows.length, dHidden }
}

/** Rows [begin, begin + ids.length): returns their loss; with dHidden, adds dlogits' h to wte's gradient and writes dh. */
function chunk(
  hidden: tf.Tensor2D,
  begin: number,
  ids: Int32Array,
  wte: Param,
  logits: tf.Tensor,
  dHidden: tf.Tensor2D | null,
  gradScale: number | null,
): number {
  const [V, C] = [wte.value.shape[0] ?? 0, hidden.shape[1]]
  const n = ids.length
  return tf.tidy(() => {
    const stats = emptyTensor([n, 3]) // max, sum, target's logit
    const targets = tf.tensor1d(ids, 'int32')
    const g = gradScale === null ? null : gradientMemory(wte)
    const h = matrix(addressOf(hidden) + begin * C * 4, n, C)
    const weights = matrix(addressOf(wte.value), V, C)
    const l = matrix(addressOf(logits), n, V)
    gemm(h, transposed(weights), l)
    pool().run(
      'crossEntropy',
      {
        logits: l.at,
        targets: addressOf(targets),
        stats: addressOf(stats),
        n: V,
        scale: gradScale ?? 0,
        backward: gradScale === null ? 0 : 1,
      },
      n,
      Math.max(1, Math.ceil(65_536 / V)),
    )
    if (g !== null && dHidden !== null) {
      gemm(transposed(l), h, matrix(g.at, V, C), g.fresh ? 'overwrite' : 'accumulate')
      gemm(l, weights, matrix(addressOf(dHidden) + begin * C * 4, n, C))
    }
    return lossOf(floatsOf(stats))
  })
}

/** Sum over rows of log(sum of e^(x - max)) + max - x[target], in double precision and in order. */
function lossOf(stats: Float32Array): number {
  let sum = 0
  for (let i = 0; i < stats.length; i += 3) {
    sum += Math.log(stats[i + 1] ?? 0) + (stats[i] ?? 0) - (stats[i + 2] ?? 0)
  }
  return sum
}
