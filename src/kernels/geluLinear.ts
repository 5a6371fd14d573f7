// linear(gelu_new(x)) as one op, for the MLP: the widest activation of a block is made again for the gradient instead of
// kept, which saves a quarter of all activations for a fiftieth of the block's time. gelu_new is the tanh form of GELU:
// 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

import { linearBackward, linearForward } from './linear'
import { attributesOf, input, runOp, savedAt, type Op } from './op'
import type { Param } from './param'
import { addressOf, emptyTensor, output, pool } from './runtime'
import type * as tf from './tf'

const GELU_LINEAR = 'FinetaleGeluLinear'
/** Elements of one task: about 20 microseconds of work. */
const GRAIN = 16_384

interface Attributes {
  readonly weight: Param
  readonly bias: Param | null
}

/**
 * @param x [N, C]
 * @param weight [O, C]
 * @param bias [O] or null
 * @returns gelu_new(x) W^T + b, [N, O]
 */
export function geluLinear(x: tf.Tensor2D, weight: Param, bias: Param | null): tf.Tensor2D {
  return runOp(GELU_LINEAR, { x }, { weight, bias } satisfies Attributes) as tf.Tensor2D
}

/** A tensor of its own, which the caller disposes. */
function activated(x: tf.TensorInfo): tf.Tensor {
  const y = emptyTensor(x.shape)
  pool().run('gelu', { x: addressOf(x), y: addressOf(y) }, y.size, GRAIN)
  return y
}

function backward(dy: tf.Tensor, x: tf.Tensor, { weight, bias }: Attributes): tf.Tensor {
  // One block of memory is gelu_new(x), then its gradient, then that of x: the widest there is, at the step's peak.
  const dx = linearBackward(dy, activated(x), weight, bias, true)
  // In place: the slope at x times the gradient of gelu_new(x).
  pool().run('geluInput', { x: addressOf(x), dy: addressOf(dx), dx: addressOf(dx) }, dx.size, GRAIN)
  x.dispose()
  return dx
}

export const geluLinearOp: Op = {
  kernel: {
    kernelName: GELU_LINEAR,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const { weight, bias } = attributesOf<Attributes>(attrs)
      const x = input(inputs, 'x')
      const y = output([x.shape[0] ?? 0, weight.shape[0] ?? 0])
      const g = activated(x)
      linearForward(g, weight.value, bias?.value ?? null, y)
      g.dispose()
      return y
    },
  },
  gradient: {
    kernelName: GELU_LINEAR,
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => ({
      x: () => backward(dy as tf.Tensor, savedAt(saved, 0), attributesOf<Attributes>(attrs)),
    }),
  },
}
