// What a pretraining run begins with and follows, against the PyTorch run of the golden: blocks, weights of step 0, learning
// rates. No model is run here; the losses are compared in tests/browser/pretrain.test.ts.

import { expect, test } from 'vitest'
import { tokenizeRows } from '../../src/data/tokenize'
import type { TextCodec } from '../../src/data/tokenizer'
import { bytesOf, crc32 } from '../../src/formats/crc32'
import { parseConfig } from '../../src/model/config'
import { demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import { initialWeights } from '../../src/train/initialWeights'
import { loggedLearningRate } from '../../src/train/schedule'
import golden from '../golden/pretrain/pretrain.json'

const recipe: Recipe = { ...demo(), ...(golden.recipe as Partial<Recipe>) }

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

test('the blocks of both sides', () => {
  const rows = golden.texts.map((text) => ({ text }))
  const { train, eval: held } = tokenizeRows(rows, recipe, codec, {}, () => {})
  expect(crc32(bytesOf(train.ids))).toBe(golden.blocks.train_crc32)
  expect(crc32(bytesOf(held.ids))).toBe(golden.blocks.eval_crc32)
})

test('every learning rate', () => {
  for (const { step, learning_rate } of golden.steps) {
    expect(loggedLearningRate(recipe, step - 1, golden.steps.length), `step ${step}`).toBeCloseTo(learning_rate, 12)
  }
})

test('the weights of step 0', () => {
  const theirs: Readonly<Record<string, { sum: number; squares: number; first: number[] }>> = golden.initial
  const weights = initialWeights(parseConfig(JSON.stringify(golden.config)), recipe.seed)
  expect([...weights.keys()].sort()).toEqual(Object.keys(theirs).sort())
  for (const [name, { data }] of weights) {
    const { sum = NaN, squares = NaN, first = [] } = theirs[name] ?? {}
    first.forEach((value, i) => expect(data[i], name).toBeCloseTo(value, 8))
    expect(
      data.reduce((total, value) => total + value, 0),
      name,
    ).toBeCloseTo(sum, 5)
    expect(
      data.reduce((total, value) => total + value * value, 0),
      name,
    ).toBeCloseTo(squares, 5)
  }
})
