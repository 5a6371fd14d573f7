// The tanh form of GELU that transformers calls gelu_new: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
// Written as x sigmoid(2u), which is the same function (1 + tanh u = 2 sigmoid 2u) and a vectorised kernel.

import { customOp, savedAt } from './customOp'
import * as tf from './tf'

/** 2u = x (LINEAR + CUBIC x^2). */
const LINEAR = 2 * Math.sqrt(2 / Math.PI)
const CUBIC = LINEAR * 0.044715

/** @param x any shape @returns the same shape */
export function geluNew<T extends tf.Tensor>(x: T): T {
  return customOp<T>([x], (save) => {
    const s = tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), CUBIC), LINEAR)))
    save([x, s])
    return {
      value: tf.mul(x, s),
      gradFunc: (dy, saved) => backward(dy, savedAt(saved, 0), savedAt(saved, 1)),
    }
  })
}

/** d/dx = s (1 + x (1 - s) (LINEAR + 3 CUBIC x^2)). */
function backward(dy: tf.Tensor, x: tf.Tensor, s: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const inner = tf.add(tf.mul(tf.square(x), 3 * CUBIC), LINEAR)
    const slope = tf.add(tf.mul(tf.mul(x, tf.sub(1, s)), inner), 1)
    return tf.mul(dy, tf.mul(s, slope))
  })
}
