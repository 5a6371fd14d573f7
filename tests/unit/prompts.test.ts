// The prompts that the page offers: the notebook's to the letter, the ready ones and the made-up ones in the data set's form,
// with names that no story has.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { builtInData, isBuiltInData } from '../../src/state/inputs'
import {
  characterPrompt,
  generationFor,
  notebookGeneration,
  notebookPrompts,
  promptsFor,
  readyCharacters,
  storyGeneration,
} from '../../src/state/prompts'
import { classes, races } from '../../src/state/srd'
import { givenNames, surprise } from '../../src/state/surprise'
import type { DataSource, HubRef } from '../../src/workers/protocol'

const stories = fileURLToPath(new URL('../../public/data/backstories/backstories.jsonl', import.meta.url))
const texts = readFileSync(stories, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => (JSON.parse(line) as { text: string }).text)
const names = texts.map((text) => /^Character Name: (.+)$/m.exec(text)?.[1] ?? '')
const form =
  /^Generate Backstory based on following information\nCharacter Name: [A-Z][a-z]+ [A-Z][a-z]+\nCharacter Race: (.+)\nCharacter Class: (.+)\n\nOutput:\n$/

const isIn = (list: readonly string[], value: string | undefined): boolean =>
  value !== undefined && list.includes(value)

function expectForm(prompt: string) {
  expect(prompt).toMatch(form)
  const [, race, cls] = form.exec(prompt) ?? []
  expect([race, isIn(races, race), cls, isIn(classes, cls)]).toEqual([race, true, cls, true])
}

describe('surprise', () => {
  const made = Array.from({ length: 3000 }, (_, seed) => surprise(seed * 7919))

  test('every character has the exact form, and a name that no story has', () => {
    for (const character of made) {
      expectForm(characterPrompt(character))
      expect(names).not.toContain(character.name)
    }
    const first = new Set(names.map((name) => name.split(' ')[0]))
    expect(givenNames.filter((name) => first.has(name))).toEqual([])
  })

  test('the same seed gives the same, others differ, and all races and classes come up about as often', () => {
    expect(surprise(5)).toEqual(surprise(5))
    expect(surprise(2 ** 32 + 5)).toEqual(surprise(5))
    expect(new Set(made.map(characterPrompt)).size).toBeGreaterThan(2900)
    for (const [key, values] of [
      ['race', races],
      ['class', classes],
    ] as const) {
      const counts = values.map((value) => made.filter((character) => character[key] === value).length)
      const fair = made.length / values.length
      expect(Math.min(...counts)).toBeGreaterThan(fair * 0.7)
      expect(Math.max(...counts)).toBeLessThan(fair * 1.3)
    }
  })
})

describe('the three prompts of a data set', () => {
  const ref: HubRef = { kind: 'dataset', base: 'https://hub.test/', repo: 'a/b', revision: 'main' }
  const builtIn = builtInData('https://page.test/')
  const stored: DataSource = { kind: 'files', label: builtIn.label, files: {} }
  const fetched: DataSource = { ...stored, origin: ref }

  test('the ready ones stand for the built-in stories, on the page and in a stored run', () => {
    expect([builtIn, stored, fetched, null].map(isBuiltInData)).toEqual([true, true, false, false])
    expect(promptsFor(builtIn)).toEqual(readyCharacters.map(characterPrompt))
    expect(promptsFor(stored)).toEqual(promptsFor(builtIn))
    promptsFor(builtIn).forEach(expectForm)
    expect(readyCharacters.filter(({ name }) => names.includes(name))).toEqual([])
    for (const key of ['name', 'race', 'class'] as const)
      expect(new Set(readyCharacters.map((character) => character[key])).size).toBe(3)
  })

  test('any other data set has the notebook’s, as the notebook writes them: in one line, with a space at the end', () => {
    expect(promptsFor(fetched)).toBe(notebookPrompts)
    expect(notebookPrompts[0]).toBe(
      'Generate Backstory based on following information Character Name: Frogger Character Race: Aarakocra Character Class: Ranger Output: ',
    )
    expect(notebookGeneration).toMatchObject({ top_k: 50, top_p: 0.3, max_new_tokens: 50 })
    expect(generationFor(fetched)).toBe(notebookGeneration)
    expect(generationFor(builtIn)).toBe(storyGeneration)
    expect(generationFor(builtIn, { seed: 7 })).toEqual({ ...storyGeneration, seed: 7 })
  })
})
