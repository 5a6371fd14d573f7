// Added tokens: entries that are looked for in the text itself before any word is split. The rules are those of the
// `tokenizers` library: leftmost, then longest; tokens matched on the raw text first, then those matched after the
// normalizer.

import { newerLetters } from './byteLevel'

export interface AddedToken {
  readonly id: number
  readonly content: string
  /** Matches only where no letter, mark, digit or underscore stands beside it. */
  readonly single_word: boolean
  /** Takes the white space before it along. */
  readonly lstrip: boolean
  /** Takes the white space after it along. */
  readonly rstrip: boolean
  /** Is looked for after the normalizer, not before. */
  readonly normalized: boolean
  readonly special: boolean
}

/** A stretch of text, or the id of the added token that stood there. */
export type Section = string | number

const wordLetter = `(?![${newerLetters}])[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200C\\u200D]`
const wordEnd = new RegExp(`${wordLetter}$`, 'u')
const wordStart = new RegExp(`^${wordLetter}`, 'u')
const space = /\p{White_Space}/u
const spaceAfter = /^\p{White_Space}+/u

/** How many characters of white space end the text. No pattern: one that is tied to the end tries every place before. */
function spaceAtEnd(text: string): number {
  let count = 0
  while (space.test(text.charAt(text.length - 1 - count))) count++
  return count
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** Looks for one group of tokens in texts. */
class TokenFinder {
  readonly #tokens: ReadonlyMap<string, AddedToken>
  readonly #pattern: RegExp | null

  constructor(tokens: readonly AddedToken[], normalize: (text: string) => string) {
    const byText = new Map<string, AddedToken>()
    for (const token of tokens) {
      const content = token.normalized ? normalize(token.content) : token.content
      if (content !== '') byText.set(content, token)
    }
    this.#tokens = byText
    // Alternatives are tried in order at each place, so the longest comes first.
    const contents = [...byText.keys()].sort((a, b) => b.length - a.length)
    this.#pattern = contents.length === 0 ? null : new RegExp(contents.map(escape).join('|'), 'gu')
  }

  split(text: string): Section[] {
    if (this.#pattern === null) return [text]
    const sections: Section[] = []
    let done = 0
    for (const match of text.matchAll(this.#pattern)) {
      const token = this.#tokens.get(match[0])
      if (token === undefined) continue
      const before = text.slice(0, match.index)
      const after = text.slice(match.index + match[0].length)
      if (token.single_word && (wordEnd.test(before.slice(-2)) || wordStart.test(after))) continue
      const left = token.lstrip ? spaceAtEnd(before) : 0
      const right = token.rstrip ? (spaceAfter.exec(after)?.[0].length ?? 0) : 0
      const start = token.lstrip ? Math.max(match.index - left, done) : match.index
      const end = match.index + match[0].length + right
      if (start > done) sections.push(text.slice(done, start))
      // White space that the token before took along may have been all of this one.
      if (start >= end) continue
      sections.push(token.id)
      done = end
    }
    if (done < text.length) sections.push(text.slice(done))
    return sections
  }
}

/** Splits texts at added tokens and normalizes what lies between them. */
export class AddedTokens {
  readonly #raw: TokenFinder
  readonly #normalized: TokenFinder
  readonly #normalize: (text: string) => string

  constructor(tokens: readonly AddedToken[], normalize: (text: string) => string) {
    const unchanged = (text: string) => text
    this.#raw = new TokenFinder(
      tokens.filter((token) => !token.normalized),
      unchanged,
    )
    this.#normalized = new TokenFinder(
      tokens.filter((token) => token.normalized),
      normalize,
    )
    this.#normalize = normalize
  }

  /** The text's sections in order; stretches of text are normalized and never empty. */
  split(text: string): Section[] {
    return this.#raw.split(text).flatMap((section) => {
      if (typeof section === 'number') return [section]
      return this.#normalized.split(this.#normalize(section)).filter((part) => part !== '')
    })
  }
}
