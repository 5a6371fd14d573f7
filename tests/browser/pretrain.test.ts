// Pretraining from scratch against PyTorch: weights of step 0, blocks, order, schedule, every loss, bits per character. The
// reference is tools/builtin-model/torch_run.py on the texts that lie in the golden file.

import { afterEach, expect, test } from 'vitest'
import { tokenizeRows } from '../../src/data/tokenize'
import type { TextCodec } from '../../src/data/tokenizer'
import { bytesOf, crc32 } from '../../src/formats/crc32'
import { initBackend, resetBackend } from '../../src/kernels/backend'
import { parseConfig } from '../../src/model/config'
import { loadInitialModel } from '../../src/train/loading'
import { initialWeights } from '../../src/train/initialWeights'
import { startCursor, trainLoop } from '../../src/train/loop'
import { AdamW } from '../../src/train/optimizer'
import { demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import type { EvalMetrics, StepMetrics } from '../../src/workers/protocol'
import golden from '../golden/pretrain/pretrain.json'
import { maxDifference } from '../support/golden'
import { runUntil } from '../support/training'

const recipe: Recipe = { ...demo(), ...(golden.recipe as Partial<Recipe>) }
const folder = {
  kind: 'files',
  label: 'shape',
  files: { 'config.json': new Blob([JSON.stringify(golden.config)]) },
} as const

/** A token a letter. */
const codec: TextCodec = {
  modelVocabSize: 128,
  eosId: 0,
  padId: 0,
  encode: (text) => Array.from(text, (letter) => letter.charCodeAt(0)),
  encodeStart: (text) => ({ ids: codec.encode(text), cut: false, lost: false }),
  decode: (ids) => String.fromCharCode(...Array.from(ids)),
  tokenText: (id) => String.fromCharCode(id),
}

afterEach(() => resetBackend())

test('weights of step 0: zeros, ones, and the deviation of the config, the same for the same seed', () => {
  const config = parseConfig(
    JSON.stringify({ ...golden.config, vocab_size: 4096, hidden_size: 64, initializer_range: 0.02 }),
  )
  const weights = initialWeights(config, 42)
  const of = (name: string) => weights.get(`transformer.${name}`)?.data ?? new Float32Array(0)
  const table = of('wte.weight')
  const mean = table.reduce((sum, value) => sum + value, 0) / table.length
  const square = table.reduce((sum, value) => sum + value * value, 0) / table.length
  // 262,144 draws: the mean's deviation is 4e-5, that of the deviation 2.8e-5.
  expect(Math.abs(mean)).toBeLessThan(2e-4)
  expect(Math.abs(Math.sqrt(square) - 0.02)).toBeLessThan(1.5e-4)
  expect(table.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(0.14)
  expect(new Set(of('h.1.ln_2.weight'))).toEqual(new Set([1]))
  expect(new Set([...of('ln_f.bias'), ...of('h.0.mlp.c_fc.bias')])).toEqual(new Set([0]))
  expect(weights.has('lm_head.weight')).toBe(false)
  expect(initialWeights(config, 42)).toEqual(weights)
  expect(initialWeights(config, 43).get('transformer.wte.weight')).not.toEqual(weights.get('transformer.wte.weight'))
})

test('fifty steps from scratch are those of PyTorch', async () => {
  await initBackend({ threads: 2 })
  const rows = golden.texts.map((text) => ({ text }))
  const dataset = tokenizeRows(rows, recipe, codec, {}, () => {})
  expect(crc32(bytesOf(dataset.train.ids))).toBe(golden.blocks.train_crc32)
  expect(crc32(bytesOf(dataset.eval.ids))).toBe(golden.blocks.eval_crc32)

  const { model } = await loadInitialModel(folder, recipe)
  expect(model.notes.join()).toMatch(/from scratch.*seed 7/)
  const initial: Readonly<Record<string, { sum: number; squares: number; first: number[] }>> = golden.initial
  for (const { name, value } of model.params) {
    const data = value.dataSync<'float32'>()
    expect(maxDifference(data.slice(0, 4), initial[name]?.first ?? []), name).toBeLessThan(1e-8)
    const squares = data.reduce((sum, x) => sum + x * x, 0)
    expect(Math.abs(squares - (initial[name]?.squares ?? NaN)), name).toBeLessThan(1e-4)
  }
  const optimizer = new AdamW(model.params, recipe)
  const steps: StepMetrics[] = []
  const evals: EvalMetrics[] = []
  for await (const event of trainLoop({
    model,
    optimizer,
    recipe,
    dataset,
    cursor: startCursor,
    control: runUntil(),
  })) {
    if (event.kind === 'step') steps.push(event.metrics)
    if (event.kind === 'eval') evals.push(event.metrics)
  }
  optimizer.dispose()
  model.dispose()
  const apart = (key: 'loss' | 'learning_rate' | 'grad_norm') =>
    maxDifference(
      steps.map((step) => step[key]),
      golden.steps.map((step) => step[key]),
    )
  const found = { loss: apart('loss'), rate: apart('learning_rate'), norm: apart('grad_norm') }
  const late = golden.evals.filter(({ step }) => step > 0)
  const evalLoss = maxDifference(
    evals.map(({ loss }) => loss),
    late.map(({ loss }) => loss),
  )
  const bits = maxDifference(
    evals.map(({ bits_per_character }) => bits_per_character ?? NaN),
    late.map(({ bits_per_character }) => bits_per_character),
  )
  console.log(JSON.stringify({ ...found, evalLoss, bits, last: steps.at(-1)?.loss }))
  expect(steps).toHaveLength(50)
  expect(found.rate).toBeLessThan(1e-9)
  expect(Math.max(found.loss, evalLoss, bits)).toBeLessThan(1e-3)
  expect(found.norm).toBeLessThan(1e-2)
  // It has learnt: the letters' own frequencies alone give 2.9.
  expect(steps.at(-1)?.loss).toBeLessThan(2.5)
})
