// What the page's address asks for: ?preset=, ?hub=, ?model=, ?data=, ?revision=, ?recipe= and ?generation=. Whatever
// cannot be used is told and left out; the page always opens.

import { isPresetName, presets, type PresetName } from '../recipe/presets'
import type { GenerationSettings, Recipe } from '../recipe/recipe'
import { parseRecipe, validate, type RecipeProblem } from '../recipe/validate'
import { parseGeneration } from '../recipe/validateGeneration'
import { toErrorData } from '../workers/clients'
import type { HubRef } from '../workers/protocol'
import { readTyped } from './hubForm'
import { presetChoices } from './presetSources'
import type { Choices } from './sources'

export interface AddressChoice {
  /** 'custom' when the recipe is not the preset's own. */
  readonly preset: PresetName | 'custom'
  readonly recipe: Recipe
  /** What a field's reset goes back to. */
  readonly base: Recipe
  readonly choices: Choices
  /** Where words are picked otherwise than the data set's texts are. */
  readonly generation: Partial<GenerationSettings>
  /** The hub that ids belong to, where the address names one. */
  readonly hub: string | undefined
  /** Parameters that were left out, each with the reason as a sentence. */
  readonly refused: readonly { readonly parameter: string; readonly reason: string }[]
  /** What was not understood in the recipe. */
  readonly warnings: readonly string[]
  /** What keeps the recipe from running until it is corrected in the page. */
  readonly problems: readonly RecipeProblem[]
}

/**
 * Reads the query of the page's address.
 * `hub` is the address of the hub that ids belong to; `model` and `data` are ids there; `revision` is the model's, or the
 * data set's where the model is not from a hub.
 * @param search the query, with or without '?'
 * @param baseUrl the page's address, which built-in files lie below
 */
export function readAddress(search: string, baseUrl: string): AddressChoice {
  const query = new URLSearchParams(search)
  const refused: { parameter: string; reason: string }[] = []
  const attempt = <T>(parameter: string, read: (value: string) => T): T | undefined => {
    const value = query.get(parameter)
    if (value === null) return undefined
    try {
      return read(value)
    } catch (thrown) {
      const { message } = toErrorData(thrown)
      refused.push({ parameter, reason: message })
      return undefined
    }
  }

  const preset = attempt('preset', presetNamed) ?? 'demo'
  // A hub that cannot be used must not send its ids to another one.
  const hub = attempt('hub', (value) => readTyped('model', { id: 'any', revision: '', base: value }).base)
  const usable = query.get('hub') === null || hub !== undefined
  const defaults = presetChoices(usable ? preset : 'demo', baseUrl, hub)
  const repository = (parameter: 'model' | 'data', kind: HubRef['kind']) =>
    usable ? attempt(parameter, (id) => readTyped(kind, { id, revision: '', base: hub ?? '' })) : undefined
  const named = { model: repository('model', 'model'), data: repository('data', 'dataset') }
  const choices: Choices = {
    model: named.model ? { kind: 'hub', ref: named.model } : defaults.model,
    data: named.data ? { kind: 'hub', ref: named.data } : defaults.data,
  }

  const base = presets[preset]()
  const parsed = attempt('recipe', (json) => parseRecipe(json, base))
  const recipe = parsed?.recipe ?? base
  return {
    preset: JSON.stringify(recipe) === JSON.stringify(base) ? preset : 'custom',
    recipe,
    base: parsed ? recipe : base,
    choices: attempt('revision', (revision) => atRevision(choices, revision)) ?? choices,
    generation: attempt('generation', parseGeneration) ?? {},
    hub,
    refused,
    warnings: parsed?.warnings ?? [],
    problems: validate(recipe),
  }
}

function presetNamed(value: string): PresetName {
  if (isPresetName(value)) return value
  throw new Error(`Expected one of ${Object.keys(presets).join(', ')}, found "${value}".`)
}

function atRevision({ model, data }: Choices, revision: string): Choices {
  const at = (ref: HubRef) =>
    ({ kind: 'hub', ref: readTyped(ref.kind, { id: ref.repo, base: ref.base, revision }) }) as const
  if (model.kind === 'hub') return { model: at(model.ref), data }
  if (data.kind === 'hub') return { model, data: at(data.ref) }
  return { model, data }
}
