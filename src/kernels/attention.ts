// Causal multi-head attention of GPT-Neo: global or windowed, padding masked, scores NOT divided by sqrt(head size).
// Head by head: tfjs runs a batched matMul as a scalar loop, a plain one on XNNPACK, and so only one [T, T] exists at a time.
// Nothing but q, k and v is kept for the gradient; weights are computed again.

import { attentionMasks, type AttentionMask } from './attentionMask'
import { copyRows } from './copyRows'
import { customOp, savedAt } from './customOp'
import * as tf from './tf'

/**
 * @param q,k,v [B*T, C] with C = heads * d, B = lengths.length
 * @param heads number of heads
 * @param window keys a query sees, itself included; null for a global layer
 * @param lengths [B] keys at and after lengths[b] are padding
 * @returns [B*T, C]
 */
export function causalAttention(
  q: tf.Tensor2D,
  k: tf.Tensor2D,
  v: tf.Tensor2D,
  heads: number,
  window: number | null,
  lengths: Int32Array,
): tf.Tensor2D {
  const shape = new HeadShape(q.shape, heads, lengths.length)
  return customOp<tf.Tensor2D>([q, k, v], (save) => {
    save([q, k, v])
    return {
      value: forward(q, k, v, shape, attentionMasks(shape.T, window, lengths)),
      gradFunc: (dy, saved) =>
        backward(dy, savedAt(saved, 0), savedAt(saved, 1), savedAt(saved, 2), shape, window, lengths),
    }
  })
}

/** Moves between [B*T, H*d] and one matrix per head. */
class HeadShape {
  readonly B: number
  readonly H: number
  readonly T: number
  readonly d: number

  constructor(shape: [number, number], heads: number, B: number) {
    this.B = B
    this.H = heads
    this.T = shape[0] / B
    this.d = shape[1] / heads
    if (!Number.isInteger(this.T) || !Number.isInteger(this.d)) {
      throw new Error(`attention cannot cut [${shape.join()}] into ${B} rows and ${heads} heads`)
    }
  }

  /** [B*T, H*d] -> all heads below each other. */
  split(x: tf.Tensor): tf.Tensor2D {
    const { B, T, H, d } = this
    return tf.tidy(() => tf.reshape(tf.transpose(tf.reshape(x, [B, T, H, d]), [0, 2, 1, 3]), [B * H * T, d]))
  }

  /** [B*T, H*d] -> all heads, each transposed, below each other. */
  splitTransposed(x: tf.Tensor): tf.Tensor2D {
    const { B, T, H, d } = this
    return tf.tidy(() => tf.reshape(tf.transpose(tf.reshape(x, [B, T, H, d]), [0, 2, 3, 1]), [B * H * d, T]))
  }

  /** Head i of split(). */
  head(x: tf.Tensor2D, i: number): tf.Tensor2D {
    return copyRows(x, i * this.T, this.T)
  }

  /** Head i of splitTransposed(). */
  headT(x: tf.Tensor2D, i: number): tf.Tensor2D {
    return copyRows(x, i * this.d, this.d)
  }

  /** Heads [T, d] in order -> [B*T, H*d]. */
  join(heads: tf.Tensor2D[]): tf.Tensor2D {
    const { B, T, H, d } = this
    return tf.tidy(() =>
      tf.reshape(tf.transpose(tf.reshape(tf.concat2d(heads, 0), [B, H, T, d]), [0, 2, 1, 3]), [B * T, H * d]),
    )
  }

  /** Heads [d, T] in order -> [B*T, H*d]. */
  joinTransposed(heads: tf.Tensor2D[]): tf.Tensor2D {
    const { B, T, H, d } = this
    return tf.tidy(() =>
      tf.reshape(tf.transpose(tf.reshape(tf.concat2d(heads, 0), [B, H, d, T]), [0, 3, 1, 2]), [B * T, H * d]),
    )
  }
}

function weights(q: tf.Tensor2D, kT: tf.Tensor2D, mask: AttentionMask): tf.Tensor2D {
  return tf.tidy(() => {
    let scores: tf.Tensor2D = tf.matMul(q, kT) // [T, T]
    if (mask.corner) scores = tf.mul(scores, mask.corner.rows)
    return tf.softmax(tf.add<tf.Tensor2D>(scores, mask.bias))
  })
}

function maskOf(masks: readonly AttentionMask[], b: number): AttentionMask {
  const mask = masks[b]
  if (!mask) throw new Error(`no attention mask for row ${b}`)
  return mask
}

function forward(
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  shape: HeadShape,
  masks: readonly AttentionMask[],
): tf.Tensor2D {
  const qs = shape.split(q)
  const kTs = shape.splitTransposed(k)
  const vs = shape.split(v)
  const heads: tf.Tensor2D[] = []
  for (let i = 0; i < shape.B * shape.H; i++) {
    const mask = maskOf(masks, Math.floor(i / shape.H))
    heads.push(
      tf.tidy(() => tf.matMul(weights(shape.head(qs, i), shape.headT(kTs, i), mask), shape.head(vs, i))), // [T, d]
    )
  }
  return shape.join(heads)
}

function backward(
  dy: tf.Tensor,
  q: tf.Tensor,
  k: tf.Tensor,
  v: tf.Tensor,
  shape: HeadShape,
  window: number | null,
  lengths: Int32Array,
): [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D] {
  return tf.tidy(() => {
    const masks = attentionMasks(shape.T, window, lengths)
    const [qs, ks, dys] = [shape.split(q), shape.split(k), shape.split(dy)]
    const [qTs, kTs, vTs, dyTs] = [q, k, v, dy].map((x) => shape.splitTransposed(x)) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ]
    const dqs: tf.Tensor2D[] = []
    const dkTs: tf.Tensor2D[] = []
    const dvTs: tf.Tensor2D[] = []
    for (let i = 0; i < shape.B * shape.H; i++) {
      const mask = maskOf(masks, Math.floor(i / shape.H))
      const [dq, dkT, dvT] = tf.tidy((): [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D] => {
        const p = weights(shape.head(qs, i), shape.headT(kTs, i), mask) // [T, T]
        const dp = tf.matMul(shape.head(dys, i), shape.headT(vTs, i)) // [T, T]
        const pdp = tf.mul(p, dp)
        // Softmax: ds = p (dp - sum(p dp)), the sum over keys.
        let ds: tf.Tensor2D = tf.sub(pdp, tf.mul(p, tf.sum(pdp, 1, true))) // [T, T]
        if (mask.corner) ds = tf.mul(ds, mask.corner.passes)
        return [
          tf.matMul(ds, shape.head(ks, i)), // [T, d]
          tf.matMul(shape.headT(qTs, i), ds), // [d, T]
          tf.matMul(shape.headT(dyTs, i), p), // [d, T]
        ]
      })
      dqs.push(dq)
      dkTs.push(dkT)
      dvTs.push(dvT)
    }
    return [shape.join(dqs), shape.joinTransposed(dkTs), shape.joinTransposed(dvTs)]
  })
}
