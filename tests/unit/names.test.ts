// Names in weight files, as training code writes them, to the parameters they are; two models in a file are refused.

import { expect, test } from 'vitest'
import type { WeightsFile } from '../../src/formats/weightsFile'
import { canonicalNames, EMBEDDING, HEAD } from '../../src/model/names'
import { FinetaleError } from '../../src/recipe/error'

const bare = ['wte.weight', 'wpe.weight', 'h.0.ln_1.weight', 'h.0.attn.attention.k_proj.weight', 'ln_f.weight']

function file(names: readonly string[]): WeightsFile {
  const entries = new Map(names.map((name) => [name, { dtype: 'F32', shape: [1] }]))
  return { label: 'weights', entries, notes: [], read: () => Promise.reject(new Error('no numbers')) }
}

test.each([
  ['transformer.', ''],
  ['module.transformer.', ''],
  ['module._orig_mod.transformer.', ''],
  ['_orig_mod.transformer.module.', ''],
  ['model.', ''],
  ['model.transformer.', ''],
  ['base_model.model.transformer.', ''],
  ['net.transformer.', 'a loss of its own beside the model, as Lightning has it'],
  ['', ''],
])('%s %s', (prefix, beside) => {
  const masks = ['h.0.attn.attention.bias', 'h.0.attn.attention.masked_bias']
  const others = beside === '' ? [] : ['criterion.weight', 'net.score.weight']
  const { sources, extras } = canonicalNames(
    file([...[...bare, ...masks].map((name) => prefix + name), ...others]),
    true,
  )
  expect([...sources]).toEqual(bare.map((name) => [`transformer.${name}`, prefix + name]))
  expect(extras).toEqual(others)
})

test('a tied model of which only the head is there has its embedding in it', () => {
  const names = ['lm_head.weight', ...bare.slice(1).map((name) => `transformer.${name}`)]
  expect(canonicalNames(file(names), true).sources.get(EMBEDDING)).toBe(HEAD)
  expect(canonicalNames(file(names), false).sources.has(EMBEDDING)).toBe(false)
  expect(canonicalNames(file([...names, EMBEDDING]), true).sources.get(EMBEDDING)).toBe(EMBEDDING)
})

test('two models in one file: neither is taken for the other', () => {
  const two = ['student.', 'teacher.'].flatMap((prefix) => bare.map((name) => prefix + name))
  expect(canonicalNames(file(two), true)).toEqual({ sources: new Map(), extras: two })
  expect(() => canonicalNames(file([...bare, ...bare.map((name) => `transformer.${name}`)]), true)).toThrow(
    FinetaleError,
  )
})
