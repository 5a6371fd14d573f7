// tfjs's tape, made safe against a kernel that throws. Nothing of ours is recorded here.

import * as tf from './tf'

/**
 * tf.valueAndGrad(f)(x). When f or its gradient throws, what the tape had saved is freed as well: tfjs leaves it on the
 * heap, where a second try would find too little room.
 */
export function valueAndGrad(f: (x: tf.Tensor) => tf.Scalar, x: tf.Tensor): { value: tf.Scalar; grad: tf.Tensor } {
  try {
    return tf.valueAndGrad(f)(x)
  } catch (error) {
    const { state } = tf.engine()
    // There is no tape before the first record and after the last, though its type does not say so.
    const tape: typeof state.activeTape | null = state.activeTape
    for (const { saved } of tape ?? []) tf.dispose(saved ?? [])
    state.activeTape = []
    throw error
  }
}
