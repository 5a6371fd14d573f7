// Every op forward and backward at the shapes of a step, through the same functions that the model calls.

import { causalAttention, paddedRows } from '../src/kernels/attention'
import { cachedAttention } from '../src/kernels/cachedAttention'
import { embedding, embeddingGradient, positionsOf } from '../src/kernels/embedding'
import { geluLinear } from '../src/kernels/geluLinear'
import { layerNorm } from '../src/kernels/layerNorm'
import { linear, timesTransposed } from '../src/kernels/linear'
import { lmHeadCrossEntropy } from '../src/kernels/lmHead'
import { zeroGrad } from '../src/kernels/param'
import { residual } from '../src/kernels/residual'
import * as tf from '../src/kernels/tf'
import { AdamW, globalNorm } from '../src/train/optimizer'
import { randomBatch, randomModel } from '../tests/support/randomModel'
import type { BenchContext } from './context'
import { median, round, shapeOf, time } from './measure'

export function benchOps({ shape: name, rounds }: BenchContext): object[] {
  const shape = shapeOf(name)
  const { B, T, hidden: C } = shape
  const N = B * T
  const times = rounds || 5
  const model = randomModel({ ...shape, layers: 2 })
  const [block] = model.blocks
  if (!block) throw new Error('the model has no layer')
  const batch = randomBatch(shape, 1)
  const rows = paddedRows(new Int32Array(B).fill(T), T)
  const positions = positionsOf(B, T)
  const normal = (columns: number) => tf.randomNormal<tf.Rank.R2>([N, columns], 0, 1, 'float32', 7)
  const [x, wide] = [normal(C), normal(4 * C)]

  /** Forward alone, then forward and backward; the difference is the backward pass. */
  const both = (op: string, input: tf.Tensor2D, run: (t: tf.Tensor2D) => tf.Tensor) => {
    const forward = median(time(times, () => tf.tidy(() => void run(input))))
    const dy = tf.tidy(() => tf.onesLike(run(input)))
    const grad = tf.grad((t: tf.Tensor) => run(t as tf.Tensor2D))
    const all = median(time(times, () => tf.tidy(() => void grad(input, dy))))
    dy.dispose()
    return { op, shape: input.shape, forwardMs: round(forward), backwardMs: round(all - forward) }
  }
  const once = (op: string, work: () => void) => ({ op, ms: round(median(time(times, work))) })

  /** What one token of a text takes: matrix times vector, and attention over a cache of T positions. */
  const tokenLines = (): object[] => {
    const [row, token] = [tf.slice2d(wide, [0, 0], [1, 4 * C]), tf.slice2d(x, [0, 0], [1, C])]
    const head = model.wte.value as tf.Tensor2D
    const made = [
      once('token: linear [4C, C]', () => tf.tidy(() => void linear(token, block.c_fc.weight, block.c_fc.bias))),
      once('token: geluLinear [C, 4C]', () => tf.tidy(() => void geluLinear(row, block.c_proj.weight, null))),
      once('token: head', () => tf.tidy(() => void timesTransposed(token, head))),
      once('token: cachedAttention', () => tf.tidy(() => void cachedAttention(token, x, x, T - 1, shape.heads, null))),
    ]
    tf.dispose([row, token])
    return made
  }

  const lines = [
    both('linear [C, C]', x, (t) => linear(t, block.q_proj, null)),
    both('linear [4C, C] with bias', x, (t) => linear(t, block.c_fc.weight, block.c_fc.bias)),
    both('geluLinear [C, 4C] with bias', wide, (t) => geluLinear(t, block.c_proj.weight, block.c_proj.bias)),
    both('layerNorm', x, (t) => layerNorm(t, block.ln_1.weight, block.ln_1.bias, 1e-5)),
    both('residual', x, (t) => residual(t, x)),
    both('causalAttention', x, (t) => causalAttention(t, t, t, shape.heads, null, rows)),
    once('embedding', () => tf.tidy(() => void embedding(batch.ids, positions, model.wte, model.wpe))),
    once('embeddingGradient', () => embeddingGradient(x, batch.ids, positions, model.wte, model.wpe)),
    once('head, loss only', () => void lmHeadCrossEntropy(x, model.wte, batch.ids, null)),
    once('head, loss and gradients', () => tf.tidy(() => void lmHeadCrossEntropy(x, model.wte, batch.ids, 1e-3))),
    ...optimizerLines(),
    ...tokenLines(),
  ]
  tf.dispose([x, wide])
  model.dispose()
  return lines

  function optimizerLines(): object[] {
    model.lossAndGradients(batch, 1e-3)
    const optimizer = new AdamW(model.params, {
      ...{ optim: 'adamw_hf', adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8, weight_decay: 0.01 },
    } as const)
    const parameters = model.parameterCount
    const made = [
      { ...once('globalNorm', () => void globalNorm(model.params)), parameters },
      { ...once('AdamW', () => optimizer.update(1e-9, 1)), parameters },
    ]
    optimizer.dispose()
    zeroGrad(model.params)
    return made
  }
}
