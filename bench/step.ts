// A whole training step: forward, backward, clip and AdamW on one batch, with the share of every kernel.

import { pool } from '../src/kernels/runtime'
import * as tf from '../src/kernels/tf'
import { AdamW } from '../src/train/optimizer'
import { trainStep } from '../src/train/step'
import { randomModel } from '../tests/support/randomModel'
import type { BenchContext } from './context'
import { batchOf, fmaBound, median, round, shapeOf } from './measure'

export function benchStep({ shape: name, rounds, heapBytes }: BenchContext): object[] {
  const shape = shapeOf(name)
  const model = randomModel(shape)
  const optimizer = new AdamW(model.params, {
    optim: 'adamw_hf',
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    weight_decay: 0.01,
  })
  const batch = batchOf(name, shape)
  const step = () => trainStep(model, optimizer, [batch], { learningRate: 1e-4, maxGradNorm: 1 })
  const boundGflops = fmaBound()
  step() // The first takes the memory.
  const seconds: number[] = []
  const splits: Map<string, number>[] = []
  let loss = NaN
  for (let i = 0; i < (rounds || 5); i++) {
    const split = new Map<string, number>()
    pool().profile = split
    const begin = performance.now()
    loss = step().loss
    seconds.push((performance.now() - begin) / 1000)
    splits.push(split)
  }
  pool().profile = null
  const secondsPerStep = median(seconds)
  const names = [...new Set(splits.flatMap((split) => [...split.keys()]))]
  const split = Object.fromEntries(
    names
      .map((kernel) => [kernel, round(median(splits.map((one) => one.get(kernel) ?? 0)) / 1000)] as const)
      .sort((a, b) => b[1] - a[1]),
  )
  const inKernels = Object.values(split).reduce((a, b) => a + b, 0)
  const line = {
    shape,
    realTokens: batch.lengths.reduce((a, b) => a + b, 0),
    parameters: model.parameterCount,
    secondsPerStep: round(secondsPerStep),
    minSecondsPerStep: round(Math.min(...seconds)),
    tokensPerSecond: round((shape.B * shape.T) / secondsPerStep),
    secondsByKernel: { ...split, rest: round(secondsPerStep - inKernels) },
    heapPeakBytes: heapBytes(),
    tensors: tf.memory().numTensors,
    boundGflops: round(boundGflops),
    loss,
  }
  optimizer.dispose()
  model.dispose()
  return [line]
}
