// Layer normalisation over the last axis, as torch.nn.LayerNorm: biased variance, epsilon inside the root.

import { customOp, savedAt } from './customOp'
import { accumulate, type Param } from './param'
import * as tf from './tf'

/**
 * @param x [N, C]
 * @param weight [C]
 * @param bias [C]
 * @param epsilon layer_norm_epsilon of the config
 * @returns (x - mean) / sqrt(var + epsilon) * weight + bias, [N, C]
 */
export function layerNorm(x: tf.Tensor2D, weight: Param, bias: Param, epsilon: number): tf.Tensor2D {
  return customOp<tf.Tensor2D>([x], (save) => {
    const centred = tf.sub(x, tf.mean(x, 1, true)) // [N, C]
    const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon)) // [N, 1]
    const xhat = tf.mul(centred, rstd) // [N, C]
    save([xhat, rstd])
    return {
      value: tf.add(tf.mul(xhat, weight.value), bias.value),
      gradFunc: (dy, saved) => backward(dy, savedAt(saved, 0), savedAt(saved, 1), weight, bias),
    }
  })
}

/** dx = rstd (g - mean(g) - xhat mean(g xhat)) with g = dy weight, means over the normalised axis. */
function backward(dy: tf.Tensor, xhat: tf.Tensor, rstd: tf.Tensor, weight: Param, bias: Param): tf.Tensor {
  return tf.tidy(() => {
    accumulate(weight, tf.sum(tf.mul(dy, xhat), 0))
    accumulate(bias, tf.sum(dy, 0))
    const g = tf.mul(dy, weight.value) // [N, C]
    const projection = tf.mul(xhat, tf.mean(tf.mul(g, xhat), 1, true))
    return tf.mul(tf.sub(tf.sub(g, tf.mean(g, 1, true)), projection), rstd)
  })
}
