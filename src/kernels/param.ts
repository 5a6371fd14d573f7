// A trainable tensor with its gradient beside it. Weight gradients never travel on the tape: ops add them here, in place.
// Not an optimizer: moments and updates live in train/optimizer.ts.

import { addressOf, emptyTensor, floatsOf, pool } from './runtime'
import * as tf from './tf'

export interface Param {
  /** Name in the Hugging Face state dict, for example `transformer.h.0.ln_1.weight`. */
  readonly name: string
  readonly shape: readonly number[]
  /** Whether weight decay applies: every matrix and embedding, no LayerNorm weight, no bias. */
  readonly decay: boolean
  /** Edited in place by the optimizer. Keep it away from tfjs's matMul, which caches packed weights. */
  value: tf.Tensor
  /** Sum of gradients since zeroGrad; null while there is none. */
  grad: tf.Tensor | null
}

/**
 * Gradient memory outlives zeroGrad, so that a run allocates it once and the heap does not break up; what it holds
 * while `grad` is null does not count.
 */
const buffers = new WeakMap<Param, tf.Tensor>()

/** Working memory that goes with a param. */
const workspaces = new WeakMap<Param, tf.Tensor>()

/**
 * Working memory of at least `size` floats that an op of this param uses again in every step; freed with the param. For
 * the largest block only: taken and freed anew, its place would be full of small things when it is wanted again.
 */
export function workspace(param: Param, size: number): tf.Tensor {
  let space = workspaces.get(param)
  if (!space || space.isDisposed || space.size < size) {
    space?.dispose()
    space = tf.keep(emptyTensor([size]))
    workspaces.set(param, space)
  }
  return space
}

function bufferOf(param: Param): tf.Tensor {
  let buffer = buffers.get(param)
  if (!buffer || buffer.isDisposed) {
    buffer = tf.keep(emptyTensor(param.shape))
    buffers.set(param, buffer)
  }
  return buffer
}

/**
 * Takes the memory of every gradient now. Taken in the middle of the first step instead, it would lie in the gaps between
 * activations and break up the heap for good.
 */
export function reserveGradients(params: readonly Param[]): void {
  for (const param of params) bufferOf(param)
}

/**
 * The gradient's memory, for an op that writes into it at once.
 * @returns its address, and `fresh` when the op must overwrite it instead of adding
 */
export function gradientMemory(param: Param): { at: number; fresh: boolean } {
  if (param.grad !== null) return { at: addressOf(param.grad), fresh: false }
  param.grad = bufferOf(param)
  return { at: addressOf(param.grad), fresh: true }
}

/** The gradient's memory for an op that can only add: zeros when there was none. */
export function zeroedGradient(param: Param): number {
  const { at, fresh } = gradientMemory(param)
  if (fresh) pool().run('zero', { x: at }, param.value.size, 1 << 20)
  return at
}

/**
 * Adds `gradient` into `param.grad` and takes ownership of it: do not use or dispose it afterwards.
 * @throws Error when the shapes differ.
 */
export function accumulate(param: Param, gradient: tf.Tensor): void {
  if (gradient.size !== param.value.size) {
    throw new Error(`gradient of ${param.name} has shape [${gradient.shape.join()}], not [${param.shape.join()}]`)
  }
  const { at, fresh } = gradientMemory(param)
  const x = addressOf(gradient)
  if (fresh) pool().run('copy', { x, out: at }, gradient.size, 1 << 18)
  else pool().run('addScaled', { x, out: at, scale: 1 }, gradient.size, 1 << 16)
  gradient.dispose()
}

/** Forgets every gradient; the memory stays for the next. */
export function zeroGrad(params: readonly Param[]): void {
  for (const param of params) param.grad = null
}

/** Copies of all values, outside the wasm heap. */
export function copyValues(params: readonly Param[]): Float32Array[] {
  return params.map(({ value }) => floatsOf(value).slice())
}

/** Exchanges values with copies, in place: the params get what `copies` held, and the other way round. */
export function swapValues(params: readonly Param[], copies: Float32Array[]): void {
  params.forEach(({ value }, i) => {
    const live = floatsOf(value)
    const held = copies[i]
    if (held?.length !== live.length) throw new Error(`copy ${i} does not fit its parameter`)
    copies[i] = live.slice()
    live.set(held)
  })
}

/** Frees values and gradients; the params must not be used again. */
export function disposeParams(params: readonly Param[]): void {
  for (const param of params) {
    param.grad?.dispose()
    param.grad = null
    buffers.get(param)?.dispose()
    buffers.delete(param)
    workspaces.get(param)?.dispose()
    workspaces.delete(param)
    param.value.dispose()
  }
}
