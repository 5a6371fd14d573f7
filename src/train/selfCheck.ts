// "Check this browser": computes a golden case with the kernels, the model, the optimizer and the sampler that runs use,
// and tells how far each quantity lies from the reference. It judges by the limits of the tests; it repairs nothing.

import { readFolder } from '../hub/hub'
import { zeroGrad } from '../kernels/param'
import { generateTokens } from '../model/generate'
import type { GPTNeo } from '../model/gptNeo'
import { loadModel } from '../model/load'
import type { EnvironmentInfo, SelfCheckQuantity, SelfCheckReport } from '../workers/protocol'
import { Golden, type GoldenJson, maxDifference, type OptimizerKind, relativeDifference } from './golden'
import { AdamW } from './optimizer'
import { trainStep } from './step'

const optimizers: readonly OptimizerKind[] = ['adamw_hf', 'adamw_torch']

/** What may differ at most: the limits that tests/browser/golden*.test.ts hold. */
const limits = { logits: 1e-5, loss: 1e-5, gradients: 1e-4, training: 1e-4, weights: 1e-2, text: 0 } as const

/**
 * Runs the whole check; needs a backend that has been started.
 * @param folder URL of the golden case, ends with '/'
 * @param onProgress told the share done, 0 to 1, before each part
 * @throws FinetaleError when a file is missing or broken; nothing stays allocated
 */
export async function selfCheck(
  folder: string,
  environment: EnvironmentInfo,
  onProgress: (share: number) => void,
): Promise<SelfCheckReport> {
  const begun = performance.now()
  onProgress(0)
  const source = { kind: 'url', label: 'check', url: folder } as const
  const files = await readFolder(source, ['config.json', 'model.safetensors', 'golden.json', 'golden.bin'])
  const { 'golden.json': json, 'golden.bin': binary, ...modelFiles } = files
  if (!json || !binary) throw new Error('readFolder gives every file it was asked for')
  const golden = new Golden(JSON.parse(await json.text()) as GoldenJson, await binary.arrayBuffer())

  const quantities: SelfCheckQuantity[] = []
  const add = (name: SelfCheckQuantity['name'], difference: number) => {
    // A difference that is no number passes no comparison, and so fails.
    quantities.push({ name, difference, limit: limits[name], passed: difference <= limits[name] })
    onProgress(quantities.length / Object.keys(limits).length)
  }

  const model = await loadModel(modelFiles)
  try {
    add('logits', logitsDifference(model, golden))
    const { loss, gradients } = gradientDifferences(model, golden)
    add('loss', loss)
    add('gradients', gradients)
    add('text', await textDifference(model, golden))
  } finally {
    model.dispose()
  }
  const trained = []
  for (const optim of optimizers) {
    const fresh = await loadModel(modelFiles)
    try {
      trained.push(trainingDifferences(fresh, golden, optim))
    } finally {
      fresh.dispose()
    }
  }
  add('training', largest(trained.map(({ losses }) => losses)))
  add('weights', largest(trained.map(({ weights }) => weights)))
  const seconds = (performance.now() - begun) / 1000
  return { environment, quantities, passed: quantities.every(({ passed }) => passed), seconds }
}

/** Math.max, but NaN whenever one of them is. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => (Number.isNaN(value) || value > most ? value : most), 0)
}

function logitsDifference(model: GPTNeo, golden: Golden): number {
  const { ids, T, lengths } = golden.batch(0, true)
  return maxDifference(model.logits(ids, T, lengths), golden.array('logits'))
}

/** With padding in the loss and without: the loss, and of all gradients the one that lies farthest off its tensor's scale. */
function gradientDifferences(model: GPTNeo, golden: Golden): { loss: number; gradients: number } {
  const losses: number[] = []
  const gradients: number[] = []
  for (const kind of ['pads', 'masked'] as const) {
    const batch = golden.batch(0, kind === 'pads')
    const { count } = model.evaluateLoss(batch)
    zeroGrad(model.params)
    const { lossSum } = model.lossAndGradients(batch, 1 / count)
    losses.push(Math.abs(lossSum / count - golden.json.loss[kind]))
    for (const { name, grad, value } of model.params) {
      const ours = grad?.dataSync() ?? new Float32Array(value.size)
      gradients.push(relativeDifference(ours, golden.array(`gradient/${kind}/${name}`)))
    }
    zeroGrad(model.params)
  }
  return { loss: largest(losses), gradients: largest(gradients) }
}

/** Ten steps of one optimizer. Weights in units of the first learning rate, which is about what a step moves one. */
function trainingDifferences(model: GPTNeo, golden: Golden, optim: OptimizerKind): { losses: number; weights: number } {
  const record = golden.json.training[optim]
  const settings = { adam_beta1: 0.9, adam_beta2: 0.999, adam_epsilon: 1e-8, weight_decay: record.weight_decay }
  const optimizer = new AdamW(model.params, { optim, ...settings })
  try {
    const losses = record.learning_rates.map((learningRate, k) => {
      const options = { learningRate, maxGradNorm: record.max_grad_norm }
      const { loss } = trainStep(model, optimizer, [golden.batch(k % 2, record.pads)], options)
      return Math.abs(loss - (record.losses[k] ?? NaN))
    })
    const weights = model.params.map(({ name, value }) =>
      maxDifference(value.dataSync(), golden.array(`weights/${optim}/${name}`)),
    )
    return { losses: largest(losses), weights: largest(weights) / (record.learning_rates[0] ?? NaN) }
  } finally {
    optimizer.dispose()
  }
}

/** Greedy tokens that differ from the reference's. */
async function textDifference(model: GPTNeo, golden: Golden): Promise<number> {
  const settings = { do_sample: false, temperature: 1, top_k: 0, top_p: 1, max_new_tokens: 8, seed: 1 }
  let wrong = 0
  for (const { prompt, tokens } of golden.json.greedy) {
    const made: number[] = []
    for await (const token of generateTokens(model, Int32Array.from(prompt), settings, model.config.eos_token_id)) {
      made.push(token)
    }
    const length = Math.max(made.length, tokens.length)
    wrong += Array.from({ length }, (_, i) => made[i] !== tokens[i]).filter(Boolean).length
  }
  return wrong
}
