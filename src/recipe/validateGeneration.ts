// Checks the settings of a generation before a text is written, and reads one from what somebody typed. It changes no
// value silently; what the settings do is in src/model/sampling.ts.

import { FinetaleError } from './error'
import { describe, jsonObject } from './jsonObject'
import type { GenerationSettings } from './recipe'

export type GenerationField = keyof GenerationSettings
export type GenerationNumber = Exclude<GenerationField, 'do_sample'>

export interface GenerationProblem {
  readonly field: GenerationField
  /** A sentence: what is expected. */
  readonly message: string
}

interface Bounds {
  readonly min: number
  readonly max: number
  readonly whole: boolean
}

/** What each number may be, bounds included. Temperature 0 is greedy, top_k 0 and top_p 1 turn their filters off. */
export const generationBounds: { readonly [F in GenerationNumber]: Bounds } = {
  temperature: { min: 0, max: 1000, whole: false },
  top_k: { min: 0, max: 1_000_000, whole: true },
  top_p: { min: 0, max: 1, whole: false },
  max_new_tokens: { min: 1, max: 100_000, whole: true },
  seed: { min: 0, max: 4_294_967_295, whole: true },
}

const fields: readonly GenerationField[] = ['do_sample', ...Object.keys(generationBounds).filter(isNumberField)]

function isNumberField(field: string): field is GenerationNumber {
  return Object.hasOwn(generationBounds, field)
}

function isGenerationField(field: string): field is GenerationField {
  return field === 'do_sample' || isNumberField(field)
}

/** What is wrong with one setting's value, as a sentence, or '' when it is fine. NaN and text are not numbers. */
function checkGenerationField(field: GenerationField, value: unknown): string {
  if (!isNumberField(field)) return typeof value === 'boolean' ? '' : 'Expected yes or no.'
  const { min, max, whole } = generationBounds[field]
  const fine = typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))
  return fine ? '' : `Expected a ${whole ? 'whole number' : 'number'} from ${min} to ${max}.`
}

/**
 * A setting from the text of its field. An empty field is no number, although JavaScript takes it for 0.
 * @returns the number, or the sentence that says what is expected
 */
export function readGenerationNumber(field: GenerationNumber, text: string): number | string {
  const value = text.trim() === '' ? NaN : Number(text)
  return checkGenerationField(field, value) || value
}

/** Every problem of the settings, in the order of the fields; empty when a text can be written. */
export function validateGeneration(settings: GenerationSettings): GenerationProblem[] {
  return fields.flatMap((field) => {
    const message = checkGenerationField(field, settings[field])
    return message === '' ? [] : [{ field, message }]
  })
}

/**
 * The settings that a JSON object names. Throws FinetaleError for one that is not known or cannot be used.
 * @param json the object, or its text
 */
export function parseGeneration(json: unknown): Partial<GenerationSettings> {
  const settings = jsonObject(json, 'way of picking words', '{"temperature": 0.8}')
  for (const [field, value] of Object.entries(settings)) {
    if (!isGenerationField(field)) {
      throw new FinetaleError(
        `The setting "${field}" is not known: expected one of ${fields.join(', ')}.`,
        `Leave "${field}" out.`,
      )
    }
    const message = checkGenerationField(field, value)
    if (message !== '') throw unusable(field, message, describe(value))
  }
  return settings
}

/** Throws FinetaleError naming the first setting that cannot be used. */
export function assertGeneration(settings: GenerationSettings): void {
  const [problem] = validateGeneration(settings)
  if (problem === undefined) return
  const { field, message } = problem
  throw unusable(field, message, String(settings[field]) || 'nothing')
}

function unusable(field: GenerationField, message: string, found: string): FinetaleError {
  const expected = message.charAt(0).toLowerCase() + message.slice(1, -1)
  return new FinetaleError(
    `The setting "${field}" cannot be used: ${expected}; found ${found}.`,
    `Correct "${field}" and write again.`,
  )
}
