// tfjs's tape, made safe against a kernel that throws. Nothing of ours is recorded here.

import * as tf from './tf'

/**
 * tf.valueAndGrad(f)(x). When f or its gradient throws, what was saved for the gradient is freed as well: tfjs leaves it on
 * the heap, where a second try would find too little room.
 */
export function valueAndGrad(f: (x: tf.Tensor) => tf.Scalar, x: tf.Tensor): { value: tf.Scalar; grad: tf.Tensor } {
  const clones: tf.Tensor[] = []
  // Private by its type only; tfjs saves a tensor by cloning it with this method and keeping the clone.
  const engine = tf.engine() as unknown as { clone: (tensor: tf.Tensor) => tf.Tensor }
  const { clone } = engine
  // The tape does not list all that was saved: an operation that finds no room for its second clone is not recorded yet.
  engine.clone = (tensor) => {
    const copy = clone.call(engine, tensor)
    clones.push(copy)
    return copy
  }
  try {
    return tf.valueAndGrad(f)(x)
  } catch (error) {
    for (const copy of clones) if (copy.kept && !copy.isDisposed) copy.dispose()
    tf.engine().state.activeTape = []
    throw error
  } finally {
    engine.clone = clone
  }
}
