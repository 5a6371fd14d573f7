// Where each preset's model and data come from, and how large known repositories are. Values only; naming a repository
// here fetches nothing.

import { DEFAULT_HUB } from '../hub/address'
import type { PresetName } from '../recipe/presets'
import type { HubRef } from '../workers/protocol'
import { builtInData, builtInModel } from './inputs'
import type { Choices } from './sources'

export const MAIN = 'main'

const courseData = 'MohamedRashad/characters_backstories'

const repositories: Readonly<Record<Exclude<PresetName, 'demo'>, string>> = {
  courseNotebook: 'roneneldan/TinyStories-33M',
  tiny: 'roneneldan/TinyStories-1M',
}

/**
 * The inputs that belong to a preset.
 * @param baseUrl the page's address, which built-in files lie below
 * @param hub the hub's or a mirror's address, ends with '/'
 */
export function presetChoices(name: PresetName, baseUrl: string, hub: string = DEFAULT_HUB): Choices {
  if (name === 'demo') return { model: builtInModel(baseUrl), data: builtInData(baseUrl) }
  return {
    model: { kind: 'hub', ref: { kind: 'model', base: hub, repo: repositories[name], revision: MAIN } },
    data: { kind: 'hub', ref: { kind: 'dataset', base: hub, repo: courseData, revision: MAIN } },
  }
}

/** Bytes to download, weights and tokenizer together, rounded as their pages state them. */
const knownBytes: Readonly<Record<string, number>> = {
  'roneneldan/TinyStories-33M': 291_000_000 + 2_100_000,
  'roneneldan/TinyStories-1M': 48_000_000 + 2_100_000,
}

/** How many bytes a repository takes to download; null when nobody has said. */
export function expectedBytes({ repo }: HubRef): number | null {
  return knownBytes[repo] ?? null
}

/** The preset to offer to whom a repository is too large; null when there is none smaller. */
export function smallerPreset({ repo }: HubRef): PresetName | null {
  return repo === repositories.courseNotebook ? 'tiny' : null
}

/** Every repository that a preset names, on each of the hubs. */
export function presetRepositories(hubs: readonly string[]): HubRef[] {
  return [...new Set([DEFAULT_HUB, ...hubs])].flatMap((base): HubRef[] => [
    ...Object.values(repositories).map((repo) => ({ kind: 'model', base, repo, revision: MAIN }) as const),
    { kind: 'dataset', base, repo: courseData, revision: MAIN },
  ])
}
