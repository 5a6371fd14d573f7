// A typed door to tf.customGrad: an op over activations with a gradient of its own. Weights are closed over.

import * as tf from './tf'

export interface OpResult<T extends tf.Tensor> {
  readonly value: T
  /** Must use `saved`, never the op's inputs: those may be gone by then. Returns one gradient per input. */
  readonly gradFunc: (dy: T, saved: tf.Tensor[]) => tf.Tensor | tf.Tensor[]
}

/**
 * @param inputs activations the tape sees
 * @param forward computes the value and hands what the gradient needs to `save`; a no-op off the tape
 */
export function customOp<T extends tf.Tensor>(
  inputs: readonly tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => OpResult<T>,
): T {
  const op = tf.customGrad<T>((...args) => forward(args[args.length - 1] as tf.GradSaveFunc))
  return op(...inputs)
}
