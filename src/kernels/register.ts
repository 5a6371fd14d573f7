// The list of our ops on tfjs's wasm backend. Registered by hand, so that a bundle holds what is listed here.

import { registerAdd } from './add'
import { attentionOp } from './attention'
import { geluLinearOp } from './geluLinear'
import { layerNormOp } from './layerNorm'
import { linearOp } from './linear'
import * as tf from './tf'

const OPS = [linearOp, layerNormOp, geluLinearOp, attentionOp]

let done = false

/** Registers every op once; tfjs keeps registrations when a backend is thrown away. */
export function registerOps(): void {
  if (done) return
  done = true
  registerAdd()
  for (const { kernel, gradient } of OPS) {
    tf.registerKernel(kernel)
    tf.registerGradient(gradient)
  }
}
