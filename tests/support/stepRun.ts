// A few whole training steps of a random model, and the bits they leave: for comparing threads, in a page or in a worker.

import { AdamW } from '../../src/train/optimizer'
import { trainStep } from '../../src/train/step'
import { randomBatch, randomModel, type StepShape } from './randomModel'

export { BUILT_IN, WIDE } from './randomModel'

/** Losses and a checksum of every parameter's bits after `steps` steps. */
export function trainAndSum(shape: StepShape, steps: number): { losses: number[]; norms: number[]; sum: string } {
  const model = randomModel(shape)
  const optimizer = new AdamW(model.params, {
    optim: 'adamw_hf',
    adam_beta1: 0.9,
    adam_beta2: 0.999,
    adam_epsilon: 1e-8,
    weight_decay: 0.01,
  })
  const losses: number[] = []
  const norms: number[] = []
  for (let i = 0; i < steps; i++) {
    const window = [randomBatch(shape, 2 * i + 1), randomBatch(shape, 2 * i + 2)]
    const result = trainStep(model, optimizer, window, { learningRate: 1e-3, maxGradNorm: 1 })
    losses.push(result.loss)
    norms.push(result.gradNorm)
  }
  // FNV-1a over words: any changed bit changes it.
  let [low, high] = [0x811c9dc5, 0x01000193]
  for (const { value } of model.params) {
    for (const word of new Uint32Array(value.dataSync<'float32'>().buffer)) {
      low = Math.imul(low ^ word, 0x01000193)
      high = Math.imul(high ^ (word >>> 16), 0x85ebca6b) ^ low
    }
  }
  optimizer.dispose()
  model.dispose()
  return { losses, norms, sum: `${(low >>> 0).toString(16)}-${(high >>> 0).toString(16)}` }
}
