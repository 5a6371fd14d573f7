// Which texts stand side by side in the table of before and after, and the short names of prompts.

import { expect, test } from 'vitest'
import { characterPrompt, notebookPrompts, readyCharacters, storyGeneration } from '../../src/state/prompts'
import { generationPairs } from '../../src/ui/generationPairs'
import { promptName } from '../../src/ui/promptName'
import type { GenerationRow } from '../../src/workers/protocol'

let id = 0
function row(step: number, prompt: string, seed = 42): GenerationRow {
  id++
  return {
    ...{ id: String(id), runId: 'r', step, prompt, generation: `${prompt} at ${step}, text ${id}` },
    ...{ settings: { ...storyGeneration, seed }, milliseconds: 1, tokens: 1, ended: 'eos', at: id },
    metrics: { words: 1, uniqueWords: 1, distinct2: 1, longestRepeat: '' },
  }
}

test('the same prompt with the same settings makes a pair, the latest text counts', () => {
  const rows = [row(0, 'a'), row(0, 'b'), row(5, 'a'), row(9, 'a'), row(9, 'b', 7), row(9, 'c')]
  const pairs = generationPairs(rows)
  expect(pairs.map(({ prompt }) => prompt)).toEqual(['a', 'b'])
  expect(pairs[0]).toEqual({ prompt: 'a', before: rows[0], after: rows[3] })
  // Another seed is another draw: what differs would not be the model alone.
  expect(pairs[1]?.after).toBeNull()
  expect(generationPairs([])).toEqual([])
})

test('texts of two models make no pair', () => {
  const before = { ...row(0, 'a'), model: 'built in' }
  const after = { ...row(9, 'a'), model: 'own' }
  const own = { ...row(0, 'a'), model: 'own' }
  expect(generationPairs([before, after])).toEqual([{ prompt: 'a', before, after: null }])
  expect(generationPairs([before, after, own])[1]).toEqual({ prompt: 'a', before: own, after })
})

test('a prompt is called by its character, in both forms, or by its start', () => {
  expect(promptName(notebookPrompts[0] ?? '')).toBe('Frogger · Aarakocra · Ranger')
  expect(promptName(characterPrompt(readyCharacters[1]))).toBe('Mira Nightbrook · Tiefling · Ranger')
  expect(promptName('Once upon a time')).toBe('Once upon a time')
})
