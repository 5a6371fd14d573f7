// What the generation table counts, on texts short enough to count by hand.

import { describe, expect, test } from 'vitest'
import { textMetrics, wordsOf } from '../../src/train/textMetrics'

describe('textMetrics', () => {
  test('counts words without regard to case and punctuation', () => {
    const { words, uniqueWords } = textMetrics('The bard sang. "The bard," she said, sang!')
    expect([words, uniqueWords]).toEqual([8, 5])
  })

  test('finds the longest phrase that comes twice', () => {
    const text = 'She lived in a dark cave. In spring she left. She lived in a dark wood.'
    expect(textMetrics(text).longestRepeat).toBe('she lived in a dark')
  })

  test('a repeat does not overlap itself', () => {
    expect(textMetrics('ha ha ha ha ha').longestRepeat).toBe('ha ha')
  })

  test('distinct pairs over all pairs', () => {
    expect(textMetrics('a b a b a').distinct2).toBe(0.5)
    expect(textMetrics('one two three').distinct2).toBe(1)
  })

  test('nothing to count', () => {
    expect(textMetrics(' .. ')).toEqual({ words: 0, uniqueWords: 0, distinct2: 1, longestRepeat: '' })
    expect(textMetrics('Alone').longestRepeat).toBe('')
  })

  test('contractions and accents are single words', () => {
    expect(wordsOf("Don't wake Élodie")).toEqual(["don't", 'wake', 'élodie'])
  })
})
