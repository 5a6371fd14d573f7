// What the files of single ops share: the shape of a registration, running a registered kernel, reading its attributes.
// An op is registered on tfjs's wasm backend like tfjs's own; weights travel as attributes, since their gradients go to
// the Param and not along the tape.

import { freeingOutputs } from './runtime'
import * as tf from './tf'

/** A kernel and its gradient, for register.ts. */
export interface Op {
  readonly kernel: tf.KernelConfig
  readonly gradient: tf.GradConfig
}

/** Attributes hold Params and arrays, which tfjs passes through though its type does not say so. */
export function attributes(values: object): tf.NamedAttrMap {
  return values as tf.NamedAttrMap
}

/** Reads back what `attributes` was given. */
export function attributesOf<T extends object>(attrs: object | undefined): T {
  return attrs as T
}

/** One named input of a kernel. */
export function input(inputs: tf.NamedTensorInfoMap, name: string): tf.TensorInfo {
  const tensor = inputs[name]
  if (!tensor) throw new Error(`the kernel has no input ${name}`)
  return tensor
}

/** One saved tensor of a gradient. */
export function savedAt(saved: readonly tf.Tensor[], index: number): tf.Tensor {
  const tensor = saved[index]
  if (!tensor) throw new Error(`the gradient has lost saved tensor ${index}`)
  return tensor
}

/** Runs a registered kernel, recorded on the tape where there is one. Outputs after the first are for the gradient only. */
export function runOp(name: string, inputs: tf.NamedTensorMap, values: object = {}): tf.Tensor {
  const run = (): tf.Tensor | tf.Tensor[] => tf.engine().runKernel(name, inputs, attributes(values))
  const result = freeingOutputs(run)
  const [first, ...rest] = Array.isArray(result) ? result : [result]
  // The tape, where there is one, has its own handles.
  for (const tensor of rest) tensor.dispose()
  if (!first) throw new Error(`${name} gave nothing`)
  return first
}

/** Length of the last axis and the number of rows before it. */
export function rowsOf(shape: readonly number[]): { rows: number; n: number } {
  const n = shape[shape.length - 1] ?? 1
  const size = shape.reduce((a, b) => a * b, 1)
  return { rows: n === 0 ? 0 : size / n, n }
}

/** Units of about 16,000 elements: enough work to be worth a task. */
export function rowGrain(n: number): number {
  return Math.max(1, Math.ceil(16_384 / Math.max(1, n)))
}
