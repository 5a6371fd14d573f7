// How a generation reads, in four numbers a table can show: words, unique words, distinct pairs, longest repeated phrase.
// Counts on the text it is given (the generated part); knows nothing of tokens or models.

import type { TextMetrics } from '../workers/protocol'

/** Words after this many are not searched for repeats: the search is quadratic. */
const SEARCHED_WORDS = 2000

/** The words of a text in lower case: Unicode word boundaries where the engine has them, runs of letters and digits else. */
export function wordsOf(text: string): string[] {
  if (typeof Intl !== 'undefined' && 'Segmenter' in Intl) {
    const words: string[] = []
    for (const part of new Intl.Segmenter('en', { granularity: 'word' }).segment(text)) {
      if (part.isWordLike === true) words.push(part.segment.toLowerCase())
    }
    return words
  }
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu) ?? []
}

/** The longest run of two or more words found at two places that do not overlap; the first such run; '' when none. */
function longestRepeat(words: readonly string[]): string {
  const n = Math.min(words.length, SEARCHED_WORDS)
  let best = 1
  let end = 0
  // lengths[j]: length of the common run that ends at word i and at word j > i, never longer than their distance.
  let before = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    const lengths = new Int32Array(n)
    for (let j = i + 1; j < n; j++) {
      if (words[i] !== words[j]) continue
      const length = Math.min((before[j - 1] ?? 0) + 1, j - i)
      lengths[j] = length
      if (length > best) {
        best = length
        end = i + 1
      }
    }
    before = lengths
  }
  return best < 2 ? '' : words.slice(end - best, end).join(' ')
}

/** The metrics of one text; `distinct2` is 1 for a text of fewer than two words. Case does not count. */
export function textMetrics(text: string): TextMetrics {
  const words = wordsOf(text)
  const pairs = new Set<string>()
  for (let i = 1; i < words.length; i++) pairs.add(`${words[i - 1] ?? ''} ${words[i] ?? ''}`)
  return {
    words: words.length,
    uniqueWords: new Set(words).size,
    distinct2: words.length < 2 ? 1 : pairs.size / (words.length - 1),
    longestRepeat: longestRepeat(words),
  }
}
