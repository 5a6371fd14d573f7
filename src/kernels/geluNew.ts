// The tanh form of GELU that transformers calls gelu_new: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

import { input, runOp, savedAt, type Op } from './op'
import { addressOf, emptyTensor, output, pool } from './runtime'
import type * as tf from './tf'

const GELU_NEW = 'FinetaleGeluNew'
/** Elements of one task: about 20 microseconds of work. */
const GRAIN = 16_384

/** @param x any shape @returns the same shape */
export function geluNew<T extends tf.Tensor>(x: T): T {
  return runOp(GELU_NEW, { x }) as T
}

function backward(dy: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const dx = emptyTensor(x.shape)
  pool().run('geluInput', { x: addressOf(x), dy: addressOf(dy), dx: addressOf(dx) }, x.size, GRAIN)
  x.dispose()
  return dx
}

export const geluNewOp: Op = {
  kernel: {
    kernelName: GELU_NEW,
    backendName: 'wasm',
    kernelFunc: ({ inputs }) => {
      const x = input(inputs, 'x')
      const y = output(x.shape)
      const size = x.shape.reduce((a, b) => a * b, 1)
      pool().run('gelu', { x: addressOf(x), y: addressOf(y) }, size, GRAIN)
      return y
    },
  },
  gradient: {
    kernelName: GELU_NEW,
    inputsToSave: ['x'],
    gradFunc: (dy, saved) => ({ x: () => backward(dy as tf.Tensor, savedAt(saved, 0)) }),
  },
}
