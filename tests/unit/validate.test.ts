// What the recipe checks accept and refuse, and how a recipe is read from JSON.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FinetaleError } from '../../src/recipe/error'
import { courseNotebook, demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import { parseRecipe, rules, validate } from '../../src/recipe/validate'

describe('validate', () => {
  const wrong: [Partial<Recipe>, string][] = [
    [{ max_length: 1 }, 'max_length'],
    [{ max_length: 128.5 }, 'max_length'],
    [{ test_size: 1 }, 'test_size'],
    [{ test_size: -0.1 }, 'test_size'],
    [{ per_device_train_batch_size: 0 }, 'per_device_train_batch_size'],
    [{ gradient_accumulation_steps: 0 }, 'gradient_accumulation_steps'],
    [{ num_train_epochs: 0 }, 'num_train_epochs'],
    [{ max_steps: 0 }, 'max_steps'],
    [{ max_steps: -2 }, 'max_steps'],
    [{ learning_rate: Number.NaN }, 'learning_rate'],
    [{ learning_rate: -1e-3 }, 'learning_rate'],
    [{ min_lr_rate: 1.5 }, 'min_lr_rate'],
    [{ adam_beta2: 1 }, 'adam_beta2'],
    [{ adam_epsilon: 0 }, 'adam_epsilon'],
    [{ seed: -1 }, 'seed'],
    [{ warmup_steps: 61, max_steps: 60 }, 'warmup_steps'],
    [{ test_size: 0, eval_strategy: 'steps' }, 'test_size'],
  ]
  test.each(wrong)('%j is refused', (change, field) => {
    const problems = validate({ ...demo(), ...change })
    expect(problems.map((problem) => problem.field)).toEqual([field])
    expect(problems[0]?.message).toMatch(/^Expected .*\.$/)
  })

  const fine: Partial<Recipe>[] = [
    { max_steps: -1 },
    { num_train_epochs: 0.5, max_steps: -1 },
    { max_grad_norm: 0 },
    { weight_decay: 0 },
    { test_size: 0, eval_strategy: 'no' },
    { save_steps: 0 },
    { learning_rate: 0 },
  ]
  test.each(fine)('%j is accepted', (change) => {
    expect(validate({ ...demo(), ...change })).toEqual([])
  })

  test('the recipe file of npm run pretrain is accepted whole', () => {
    const text = readFileSync(new URL('../../tools/builtin-model/pretrain.json', import.meta.url), 'utf8')
    const { recipe, warnings } = parseRecipe(text)
    expect(warnings).toEqual([])
    expect(validate(recipe)).toEqual([])
    expect(recipe).toMatchObject({ model_init: 'from_config', packing: true })
  })

  test('there is a rule for every field of a recipe and no other', () => {
    expect(Object.keys(rules).sort()).toEqual(Object.keys(demo()).sort())
  })
})

describe('parseRecipe', () => {
  test('missing fields take the demo values', () => {
    expect(parseRecipe('{"max_steps": 3}')).toEqual({ recipe: { ...demo(), max_steps: 3 }, warnings: [] })
  })

  test('a recipe from before the fields on which versions differ takes the rules of 4.30', () => {
    const { log_learning_rate, loss_divisor, ...old } = courseNotebook()
    expect(parseRecipe(old).recipe).toMatchObject({ log_learning_rate, loss_divisor })
    expect([log_learning_rate, loss_divisor]).toEqual(['next', 'targets'])
    expect(() => parseRecipe({ loss_divisor: 'rows' })).toThrow(/"loss_divisor".*targets, labels.*"rows"/)
  })

  test('unknown fields warn and are left out', () => {
    const { recipe, warnings } = parseRecipe({ max_steps: 3, fp16: true, __proto__x: 1 })
    expect(recipe).toEqual({ ...demo(), max_steps: 3 })
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('"fp16"')
  })

  test.each(['', 'null', '[]', '3', '"demo"', '{'])('%j is refused with a sentence', (text) => {
    expect(() => parseRecipe(text)).toThrow(FinetaleError)
  })

  test('a value a field cannot hold names the field, what is expected and what was found', () => {
    expect(() => parseRecipe({ learning_rate: '1e-3' })).toThrow(/"learning_rate".*a number.*"1e-3"/)
    expect(() => parseRecipe({ optim: 'sgd' })).toThrow(/adamw_torch, adamw_hf.*"sgd"/)
    expect(() => parseRecipe({ schema: 2 })).toThrow(/"schema"/)
  })
})
