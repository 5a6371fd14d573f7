// The prompts: the course notebook's three, and the form of the built-in data set. Exact strings, nothing else.

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
