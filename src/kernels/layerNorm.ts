// Layer normalisation over the last axis, as torch.nn.LayerNorm: biased variance, epsilon inside the root.

import { attributesOf, input, rowGrain, rowsOf, runOp, savedAt, type Op } from './op'
import { zeroedGradient, type Param } from './param'
import { addressOf, emptyTensor, output, pool } from './runtime'
import type * as tf from './tf'

const LAYER_NORM = 'FinetaleLayerNorm'

interface Attributes {
  readonly weight: Param
  readonly bias: Param
  readonly epsilon: number
}

/**
 * @param x [N, C]
 * @param weight [C]
 * @param bias [C]
 * @param epsilon layer_norm_epsilon of the config
 * @returns (x - mean) / sqrt(var + epsilon) * weight + bias, [N, C]
 */
export function layerNorm(x: tf.Tensor2D, weight: Param, bias: Param, epsilon: number): tf.Tensor2D {
  return runOp(LAYER_NORM, { x }, { weight, bias, epsilon } satisfies Attributes) as tf.Tensor2D
}

function forward(x: tf.TensorInfo, { weight, bias, epsilon }: Attributes): tf.TensorInfo[] {
  const { rows, n } = rowsOf(x.shape)
  const y = output(x.shape)
  const stats = output([rows, 2]) // mean and inverse deviation of each row
  pool().run(
    'layerNorm',
    {
      x: addressOf(x),
      weight: addressOf(weight.value),
      bias: addressOf(bias.value),
      y: addressOf(y),
      stats: addressOf(stats),
      n,
      eps: epsilon,
    },
    rows,
    rowGrain(n),
  )
  return [y, stats]
}

function backward(dy: tf.Tensor, x: tf.Tensor, stats: tf.Tensor, { weight, bias }: Attributes): tf.Tensor {
  const { rows, n } = rowsOf(x.shape)
  const dx = emptyTensor(x.shape)
  const dweight = zeroedGradient(weight)
  const dbias = zeroedGradient(bias)
  const shared = { x: addressOf(x), stats: addressOf(stats), dy: addressOf(dy), n }
  pool().run('layerNormWeights', { ...shared, dweight, dbias, rows }, n, 64)
  pool().run('layerNormInput', { ...shared, weight: addressOf(weight.value), dx: addressOf(dx) }, rows, rowGrain(n))
  x.dispose()
  stats.dispose()
  return dx
}

export const layerNormOp: Op = {
  kernel: {
    kernelName: LAYER_NORM,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => forward(input(inputs, 'x'), attributesOf<Attributes>(attrs)),
  },
  gradient: {
    kernelName: LAYER_NORM,
    inputsToSave: ['x'],
    outputsToSave: [false, true],
    gradFunc: (dy, saved, attrs) => ({
      // Two outputs give two gradients; the statistics have none.
      x: () =>
        backward(
          (Array.isArray(dy) ? dy[0] : dy) as tf.Tensor,
          savedAt(saved, 0),
          savedAt(saved, 1),
          attributesOf<Attributes>(attrs),
        ),
    }),
  },
}
