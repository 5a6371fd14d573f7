// Checks a recipe before a run and reads one from JSON. It knows the allowed values of each field; it does not know the
// model (its context limit is checked where the model is known) and it changes no value silently.

import { FinetaleError } from './error'
import { describe, jsonObject } from './jsonObject'
import { demo } from './presets'
import type { Recipe } from './recipe'

export type RecipeField = keyof Recipe

export interface RecipeProblem {
  readonly field: RecipeField
  /** A sentence: what is expected. */
  readonly message: string
}

type Rule =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number; readonly also?: number }
  | {
      readonly kind: 'number'
      readonly min: number
      readonly max: number
      readonly above?: boolean
      readonly below?: boolean
    }
  | { readonly kind: 'choice'; readonly values: readonly (string | boolean | number)[] }
  | { readonly kind: 'text' }

const yesNo = { kind: 'choice', values: [true, false] } as const

/** What each field may hold; `above` and `below` leave out the bound itself, `also` is one value beside the range. */
export const rules: { readonly [F in RecipeField]: Rule } = {
  schema: { kind: 'choice', values: [1] },
  name: { kind: 'text' },
  model_init: { kind: 'choice', values: ['from_pretrained', 'from_config'] },
  max_length: { kind: 'integer', min: 2, max: 2048 },
  padding: { kind: 'choice', values: ['longest', 'max_length'] },
  packing: yesNo,
  pad_in_loss: yesNo,
  append_eos: yesNo,
  test_size: { kind: 'number', min: 0, max: 1, below: true },
  per_device_train_batch_size: { kind: 'integer', min: 1, max: 512 },
  per_device_eval_batch_size: { kind: 'integer', min: 1, max: 512 },
  gradient_accumulation_steps: { kind: 'integer', min: 1, max: 1024 },
  num_train_epochs: { kind: 'number', min: 0, max: 1000, above: true },
  max_steps: { kind: 'integer', min: 1, max: 10_000_000, also: -1 },
  seed: { kind: 'integer', min: 0, max: 4_294_967_295 },
  order_rule: { kind: 'choice', values: ['transformers_4_30', 'dataloader', 'seedable'] },
  loss_divisor: { kind: 'choice', values: ['targets', 'labels'] },
  eval_average: { kind: 'choice', values: ['targets', 'batches'] },
  optim: { kind: 'choice', values: ['adamw_torch', 'adamw_hf'] },
  learning_rate: { kind: 'number', min: 0, max: 10 },
  lr_scheduler_type: { kind: 'choice', values: ['linear', 'cosine', 'cosine_with_min_lr', 'constant'] },
  min_lr_rate: { kind: 'number', min: 0, max: 1 },
  warmup_steps: { kind: 'integer', min: 0, max: 10_000_000 },
  weight_decay: { kind: 'number', min: 0, max: 10 },
  adam_beta1: { kind: 'number', min: 0, max: 1, below: true },
  adam_beta2: { kind: 'number', min: 0, max: 1, below: true },
  adam_epsilon: { kind: 'number', min: 0, max: 1, above: true },
  max_grad_norm: { kind: 'number', min: 0, max: 1_000_000 },
  logging_steps: { kind: 'integer', min: 1, max: 1_000_000 },
  log_learning_rate: { kind: 'choice', values: ['next', 'used'] },
  eval_strategy: { kind: 'choice', values: ['no', 'steps', 'epoch'] },
  eval_steps: { kind: 'integer', min: 1, max: 1_000_000 },
  save_steps: { kind: 'integer', min: 0, max: 1_000_000 },
  save_minutes: { kind: 'number', min: 0, max: 10_000 },
  threads: { kind: 'integer', min: 0, max: 16 },
}

/** True when `key` names a field of the recipe. */
export function isRecipeField(key: string): key is RecipeField {
  return Object.hasOwn(rules, key)
}

/** What is wrong with one field's value, as a sentence, or '' when it is fine. */
function checkField(field: RecipeField, value: unknown): string {
  const rule = rules[field]
  if (rule.kind === 'text') return typeof value === 'string' ? '' : 'Expected text.'
  if (rule.kind === 'choice') {
    const known = rule.values.some((allowed) => allowed === value)
    return known ? '' : `Expected one of ${rule.values.join(', ')}.`
  }
  const { min, max } = rule
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'Expected a number.'
  if (rule.kind === 'integer') {
    if (rule.also === value) return ''
    if (Number.isInteger(value) && value >= min && value <= max) return ''
    return `Expected a whole number from ${min} to ${max}${rule.also === undefined ? '' : `, or ${rule.also}`}.`
  }
  const lowFine = rule.above ? value > min : value >= min
  const highFine = rule.below ? value < max : value <= max
  if (lowFine && highFine) return ''
  return `Expected a number ${rule.above ? 'above' : 'from'} ${min} ${rule.below ? 'to below' : 'to'} ${max}.`
}

/** Every problem of a recipe, field by field and then across fields; empty when it can run. */
export function validate(recipe: Recipe): RecipeProblem[] {
  const problems: RecipeProblem[] = []
  for (const field of Object.keys(rules).filter(isRecipeField)) {
    const message = checkField(field, recipe[field])
    if (message) problems.push({ field, message })
  }
  if (problems.length > 0) return problems
  if (recipe.max_steps > 0 && recipe.warmup_steps > recipe.max_steps) {
    problems.push({ field: 'warmup_steps', message: `Expected at most the ${recipe.max_steps} steps of the run.` })
  }
  if (recipe.eval_strategy !== 'no' && recipe.test_size === 0) {
    problems.push({ field: 'test_size', message: 'Expected a share above 0, or an evaluation strategy of no.' })
  }
  return problems
}

export interface ParsedRecipe {
  readonly recipe: Recipe
  /** One sentence per field that was not understood and left out. */
  readonly warnings: readonly string[]
}

/**
 * Reads a recipe from JSON text or from a parsed value. Missing fields take the demo's values; unknown fields are left
 * out with a warning.
 * @throws FinetaleError when it is not a JSON object or a known field holds a value it cannot hold.
 */
export function parseRecipe(json: unknown, base: Recipe = demo()): ParsedRecipe {
  const value = jsonObject(json, 'recipe', '{"max_steps": 20}')
  const warnings: string[] = []
  const known: Record<string, unknown> = {}
  for (const [key, entry] of Object.entries(value)) {
    if (!isRecipeField(key)) {
      warnings.push(`The recipe's field "${key}" is not known and was left out.`)
      continue
    }
    const message = checkField(key, entry)
    if (message) {
      throw new FinetaleError(
        `The recipe's field "${key}" cannot be used: ${lowerFirst(message).replace(/\.$/, '')}; found ${describe(entry)}.`,
        `Correct "${key}" or leave it out to take the default.`,
      )
    }
    known[key] = entry
  }
  return { recipe: { ...base, ...known }, warnings }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
