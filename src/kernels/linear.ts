// y = x W^T + b, as torch.nn.Linear: weights lie [out, in]. The gradient of the weight goes to the Param, not the tape.
// Every product is written as a plain batch-1 matMul of explicit transposes: tfjs's wasm backend reaches XNNPACK only so,
// and its transpose flags run a scalar loop 10 to 40 times slower.

import { customOp, savedAt } from './customOp'
import { accumulate, type Param } from './param'
import * as tf from './tf'

/** Rows up to which transposing x is cheaper than transposing the weight (generation runs one row at a time). */
const FEW_ROWS = 8

/**
 * x W^T without gradients.
 * XNNPACK packs a right-hand matrix once and keeps it until that tensor is disposed, so temporaries die here.
 */
export function timesTransposed(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    if (x.shape[0] <= FEW_ROWS) {
      const yT: tf.Tensor2D = tf.matMul(weight, tf.transpose(x)) // [O, N]
      return tf.transpose(yT)
    }
    return tf.matMul(x, tf.transpose(weight)) // [N, O]
  })
}

/**
 * @param x [N, C]
 * @param weight [O, C]
 * @param bias [O] or null
 * @returns [N, O]
 */
export function linear(x: tf.Tensor2D, weight: Param, bias: Param | null): tf.Tensor2D {
  return customOp<tf.Tensor2D>([x], (save) => {
    save([x])
    const xw = timesTransposed(x, weight.value as tf.Tensor2D)
    return {
      value: bias === null ? xw : tf.add(xw, bias.value),
      gradFunc: (dy, saved) => backward(dy, savedAt(saved, 0), weight, bias),
    }
  })
}

function backward(dy: tf.Tensor2D, x: tf.Tensor2D, weight: Param, bias: Param | null): tf.Tensor2D {
  return tf.tidy(() => {
    const [N, O] = dy.shape
    const C = x.shape[1]
    // dW = dy^T x. Of its two spellings, take the one that transposes fewer numbers.
    if (C * N + C * O < O * N) {
      const dwT: tf.Tensor2D = tf.matMul(tf.transpose(x), dy) // [C, O]
      accumulate(weight, tf.transpose(dwT))
      // One row of ones sums over rows through the packed dy that the product above has left.
      if (bias !== null) accumulate(bias, tf.reshape(tf.matMul(tf.ones([1, N]), dy), [O]))
    } else {
      const dyT = tf.transpose(dy) // [O, N]
      accumulate(weight, tf.matMul(dyT, x))
      if (bias !== null) accumulate(bias, tf.sum(dyT, 1))
    }
    return tf.matMul(dy, weight.value) // [N, C]
  })
}
