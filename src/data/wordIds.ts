// From a word in the byte alphabet to ids: the BPE of transformers.js behind a cache of bounded size, and what happens
// to bytes that a vocabulary lacks. It splits no text.

import type { PreTrainedTokenizer } from '@xenova/transformers'
import { FinetaleError } from '../recipe/error'
import { byteAlphabet } from './byteLevel'

/** Words in the cache: enough for the words of a book. It is emptied when full, so memory does not grow with the data. */
const CACHED_WORDS = 50_000
/** Longer words hardly come twice. */
const CACHED_LENGTH = 48

/** Takes the place of the library's own cache, which keeps every word for ever. */
class NoCache extends Map<string, string[]> {
  override set(): this {
    return this
  }
}

type Model = PreTrainedTokenizer['model']

export interface WordIds {
  readonly ids: readonly number[]
  /** True when bytes are in the word that the vocabulary has no token for. */
  readonly lost: boolean
}

/** Encodes words. Bytes without a token become the unknown token, or are left out where there is none, as in Python. */
export class WordEncoder {
  readonly #model: Model
  /** The vocabulary without added tokens, which the library mixes into its own: they are never words. */
  readonly #vocab: ReadonlyMap<string, number>
  readonly #cache = new Map<string, WordIds>()
  readonly #missing: ReadonlySet<string>
  readonly #unknown: number | undefined
  readonly #fuse: boolean
  readonly #whole: boolean

  /** @param name the tokenizer.json, for errors */
  constructor(model: Model, name: string) {
    // Whole words are looked up here, where added tokens are no words.
    Object.assign(model, { cache: new NoCache(), ignore_merges: false })
    this.#model = model
    const { vocab, unk_token, fuse_unk, byte_fallback, ignore_merges } = model.config as Record<string, unknown>
    this.#vocab = new Map(Object.entries(vocab as Record<string, number>))
    this.#missing = new Set(byteAlphabet.filter((letter) => !this.#vocab.has(letter)))
    this.#unknown = typeof unk_token === 'string' ? this.#vocab.get(unk_token) : undefined
    this.#fuse = fuse_unk === true
    this.#whole = ignore_merges === true
    if (byte_fallback === true && this.#missing.size > 0) {
      throw new FinetaleError(
        `${name}: expected a token for each of the 256 bytes, found byte_fallback and ${this.#missing.size} bytes without one.`,
        'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
      )
    }
  }

  /** The ids of one word. */
  encode(word: string): WordIds {
    const cached = this.#cache.get(word)
    if (cached !== undefined) return cached
    const result = this.#missing.size === 0 ? { ids: this.#merge(word), lost: false } : this.#mergeKnown(word)
    if (word.length <= CACHED_LENGTH) {
      if (this.#cache.size >= CACHED_WORDS) this.#cache.clear()
      this.#cache.set(word, result)
    }
    return result
  }

  #merge(word: string): number[] {
    const whole = this.#whole ? this.#vocab.get(word) : undefined
    if (whole !== undefined) return [whole]
    return this.#model.encode([word]).flatMap((token) => this.#vocab.get(token) ?? this.#unknown ?? [])
  }

  /** Merges what the vocabulary knows; letters on both sides of one that is left out become neighbours. */
  #mergeKnown(word: string): WordIds {
    const letters = Array.from(word)
    const lost = letters.some((letter) => this.#missing.has(letter))
    const unknown = this.#unknown
    if (!lost) return { ids: this.#merge(word), lost }
    if (unknown === undefined) {
      const known = letters.filter((letter) => !this.#missing.has(letter)).join('')
      return { ids: known === '' ? [] : this.#merge(known), lost }
    }
    const ids: number[] = []
    let known = ''
    const flush = () => {
      if (known !== '') ids.push(...this.#merge(known))
      known = ''
    }
    letters.forEach((letter, i) => {
      if (!this.#missing.has(letter)) return void (known += letter)
      flush()
      const again = this.#fuse && this.#missing.has(letters[i - 1] ?? '')
      if (!again) ids.push(unknown)
    })
    flush()
    return { ids, lost }
  }
}
