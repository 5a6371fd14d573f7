// y = x W^T + b, as torch.nn.Linear: weights lie [out, in]. The gradient of the weight goes to the Param, not the tape.

import { gemm, matrix, transposed } from './gemm'
import { attributesOf, input, runOp, savedAt, type Op } from './op'
import { gradientMemory, zeroedGradient, type Param } from './param'
import { addressOf, emptyTensor, output, pool } from './runtime'
import type * as tf from './tf'

const LINEAR = 'FinetaleLinear'

interface Attributes {
  readonly weight: Param
  readonly bias: Param | null
}

/** [N, C] of an input. */
function sizeOf(x: tf.TensorInfo): [number, number] {
  return [x.shape[0] ?? 0, x.shape[1] ?? 0]
}

/** x W^T without gradients. */
export function timesTransposed(x: tf.Tensor2D, weight: tf.Tensor2D): tf.Tensor2D {
  const y = emptyTensor([x.shape[0], weight.shape[0]]) as tf.Tensor2D
  linearForward(x, weight, null, y)
  return y
}

/** Writes x W^T + b into y. */
export function linearForward(
  x: tf.TensorInfo,
  weight: tf.TensorInfo,
  bias: tf.TensorInfo | null,
  y: tf.TensorInfo,
): void {
  const [N, C] = sizeOf(x)
  const O = weight.shape[0] ?? 0
  if (weight.shape[1] !== C) throw new Error(`linear: [${N}, ${C}] does not fit a weight [${weight.shape.join()}]`)
  const b = bias === null ? 0 : addressOf(bias)
  if (N === 1) {
    // Generation: memory speed decides, so the weights are read once and in order.
    const args = { W: addressOf(weight), x: addressOf(x), y: addressOf(y), bias: b, k: C }
    pool().run('gemv', args, O, gemvGrain(O, C))
    return
  }
  gemm(
    matrix(addressOf(x), N, C),
    transposed(matrix(addressOf(weight), O, C)),
    matrix(addressOf(y), N, O),
    bias === null ? 'overwrite' : { bias: b },
  )
}

/** Several tasks a thread, of 128 kB of weights or more: about 10 microseconds. */
function gemvGrain(O: number, C: number): number {
  return Math.max(Math.ceil(32_768 / C), Math.ceil(O / (4 * pool().threads)))
}

/**
 * @param x [N, C]
 * @param weight [O, C]
 * @param bias [O] or null
 * @returns [N, O]
 */
export function linear(x: tf.Tensor2D, weight: Param, bias: Param | null): tf.Tensor2D {
  return runOp(LINEAR, { x }, { weight, bias } satisfies Attributes) as tf.Tensor2D
}

/**
 * Adds into the gradients of weight and bias.
 * @param reuse whether x's own memory, free after its last use here, becomes the result
 * @returns the gradient of x; x itself is disposed or is the result
 */
export function linearBackward(
  dy: tf.Tensor,
  x: tf.Tensor,
  weight: Param,
  bias: Param | null,
  reuse = false,
): tf.Tensor {
  const [N, C] = sizeOf(x)
  const O = dy.shape[1] ?? 0
  const dx = reuse ? x : emptyTensor([N, C]) // [N, C]
  const g = gradientMemory(weight)
  const b = bias === null ? null : zeroedGradient(bias)
  const dyAt = matrix(addressOf(dy), N, O)
  gemm(transposed(dyAt), matrix(addressOf(x), N, C), matrix(g.at, O, C), g.fresh ? 'overwrite' : 'accumulate')
  if (b !== null) pool().run('sumRows', { x: dyAt.at, out: b, rows: N, n: O }, O, 64)
  gemm(dyAt, matrix(addressOf(weight.value), O, C), matrix(addressOf(dx), N, C))
  // The tape would keep it to the end; here was its last use.
  if (!reuse) x.dispose()
  return dx
}

export const linearOp: Op = {
  kernel: {
    kernelName: LINEAR,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { weight, bias } = attributesOf<Attributes>(attrs)
      const x = input(inputs, 'x')
      const y = output([x.shape[0] ?? 0, weight.shape[0] ?? 0])
      linearForward(x, weight.value, bias?.value ?? null, y)
      return y
    },
  },
  gradient: {
    kernelName: LINEAR,
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => ({
      x: () => {
        const { weight, bias } = attributesOf<Attributes>(attrs)
        return linearBackward(dy as tf.Tensor, savedAt(saved, 0), weight, bias)
      },
    }),
  },
}
