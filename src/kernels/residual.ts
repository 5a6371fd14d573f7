// x + y of equal shapes for residual connections. Unlike tf.add it saves nothing for its gradient.

import { customOp } from './customOp'
import * as tf from './tf'

/** @returns x + y; both gradients are dy @throws Error when the shapes differ */
export function residual<T extends tf.Tensor>(x: T, y: T): T {
  if (x.shape.join() !== y.shape.join()) throw new Error(`residual: [${x.shape.join()}] and [${y.shape.join()}] differ`)
  return customOp<T>([x, y], () => ({
    value: tf.add<T>(x, y),
    // The tape disposes what it sums up, so each input needs a handle of its own on the shared numbers.
    gradFunc: (dy) => [tf.clone(dy), tf.clone(dy)],
  }))
}
