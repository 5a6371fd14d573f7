// The prompts: the course notebook's three, the three that are ready for the built-in data set, and that set's form. And
// which of them a data set is tried with, and how. Values only; nothing is written here.

import type { GenerationSettings } from '../recipe/recipe'
import type { DataSource } from '../workers/protocol'
import { isBuiltInData } from './inputs'

const notebookPrefix = 'Generate Backstory based on following information Character Name: '

/** As the notebook writes them: one line, a space at the end. */
export const notebookPrompts: readonly string[] = [
  `${notebookPrefix}Frogger Character Race: Aarakocra Character Class: Ranger Output: `,
  `${notebookPrefix}Smarty Character Race: Aasimar Character Class: Cleric Output: `,
  `${notebookPrefix}Volcano Character Race: Android Character Class: Paladin Output: `,
]

export interface Character {
  readonly name: string
  readonly race: string
  readonly class: string
}

/** The data set's own prompt, filled in. */
export function characterPrompt(character: Character): string {
  return [
    'Generate Backstory based on following information',
    `Character Name: ${character.name.trim()}`,
    `Character Race: ${character.race.trim()}`,
    `Character Class: ${character.class.trim()}`,
    '',
    'Output:',
    '',
  ].join('\n')
}

/** Characters to try a model on that learned the built-in stories. Their names are in none of them; a test compares. */
export const readyCharacters: readonly [Character, Character, Character] = [
  { name: 'Wren Alder', race: 'Gnome', class: 'Wizard' },
  { name: 'Mira Nightbrook', race: 'Tiefling', class: 'Ranger' },
  { name: 'Norga Stonefield', race: 'Half-Orc', class: 'Bard' },
]

/** The notebook's way of picking words. */
export const notebookGeneration: GenerationSettings = {
  do_sample: true,
  temperature: 1,
  top_k: 50,
  top_p: 0.3,
  max_new_tokens: 50,
  seed: 42,
}

/**
 * How the built-in stories' prompts are written: long enough for a story to end by itself, and calm enough for a model of
 * four million parameters to keep to what it has begun.
 */
export const storyGeneration: GenerationSettings = {
  do_sample: true,
  temperature: 0.5,
  top_k: 50,
  top_p: 0.9,
  max_new_tokens: 150,
  seed: 42,
}

/** The three prompts that are written before and after training on a data set. */
export function promptsFor(data: DataSource | null): readonly string[] {
  return isBuiltInData(data) ? readyCharacters.map(characterPrompt) : notebookPrompts
}

/** How they are written: the data set's own way, with what `wishes` say otherwise. */
export function generationFor(data: DataSource | null, wishes: Partial<GenerationSettings> = {}): GenerationSettings {
  const own = isBuiltInData(data) ? storyGeneration : notebookGeneration
  return Object.keys(wishes).length > 0 ? { ...own, ...wishes } : own
}
