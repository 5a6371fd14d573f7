// A trainable tensor with its gradient beside it. Weight gradients never travel on the tape: ops add them here.
// Not an optimizer: moments and updates live in train/optimizer.ts.

import * as tf from './tf'

export interface Param {
  /** Name in the Hugging Face state dict, for example `transformer.h.0.ln_1.weight`. */
  readonly name: string
  readonly shape: readonly number[]
  /** Whether weight decay applies: every matrix and embedding, no LayerNorm weight, no bias. */
  readonly decay: boolean
  /** Replaced, never edited: XNNPACK keeps a packed copy per tensor and would go on using the old numbers. */
  value: tf.Tensor
  /** Sum of gradients since zeroGrad; null while there is none. */
  grad: tf.Tensor | null
}

/**
 * Adds `gradient` into `param.grad` and takes ownership of it: do not use or dispose it afterwards.
 * @throws Error when the shapes differ.
 */
export function accumulate(param: Param, gradient: tf.Tensor): void {
  if (gradient.size !== param.value.size) {
    throw new Error(`gradient of ${param.name} has shape [${gradient.shape.join()}], not [${param.shape.join()}]`)
  }
  if (param.grad === null) {
    param.grad = tf.keep(gradient)
    return
  }
  const sum = tf.keep(tf.add(param.grad, gradient))
  param.grad.dispose()
  gradient.dispose()
  param.grad = sum
}

/** Drops every gradient. */
export function zeroGrad(params: readonly Param[]): void {
  for (const param of params) {
    param.grad?.dispose()
    param.grad = null
  }
}

/** Frees values and gradients; the params must not be used again. */
export function disposeParams(params: readonly Param[]): void {
  zeroGrad(params)
  for (const param of params) param.value.dispose()
}
