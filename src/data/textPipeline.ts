// The normalizer and the pre-tokenizer of a tokenizer.json as functions: from a stretch of text to the words that BPE
// sees, in the byte alphabet. Steps that byte-level tokenizers do not use are refused by name, never skipped.

import { FinetaleError } from '../recipe/error'
import { gpt2Words, toByteAlphabet } from './byteLevel'
import { isObject, type Json } from './json'
import { onigPattern, UnmappedError } from './onigPattern'
import { normalizerOf, type Normalize } from './normalizer'

type Words = (text: string) => Iterable<string>

export interface TextPipeline {
  readonly normalize: Normalize
  /** Words in the byte alphabet, lazily, so that a long text can be left early. */
  readonly words: Words
}

function refuse(name: string, what: string, found: unknown): never {
  throw new FinetaleError(
    `${name}: expected a byte-level BPE tokenizer, found ${what} ${JSON.stringify(found)?.slice(0, 80)}.`,
    'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
  )
}

const insideCharacter = (text: string, at: number): boolean => at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff

/**
 * The stretches of a text that a pattern matches and those between them, in order. A match of no length is one too: it
 * parts what stands beside it. Right behind another match there is none, as in Python.
 */
function* stretches(text: string, pattern: RegExp): Generator<{ text: string; match: boolean }> {
  let [done, last] = [0, -1]
  pattern.lastIndex = 0
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const { 0: match, index } = found
    const end = index + match.length
    if (match === '') pattern.lastIndex = end + String.fromCodePoint(text.codePointAt(end) ?? 0).length
    // Engines look between the halves of a character too, where nothing is.
    if (match === '' && (index === last || insideCharacter(text, index))) continue
    if (index > done) yield { text: text.slice(done, index), match: false }
    yield { text: match, match: true }
    done = last = end
  }
  if (done < text.length) yield { text: text.slice(done), match: false }
}

/** The behaviours of `tokenizers`' Split: what becomes of the matched stretches. */
function splitBy(pattern: RegExp, behavior: unknown, invert: boolean): Words | null {
  const parts = (text: string) => {
    const all = [...stretches(text, pattern)]
    return invert ? all.map((part) => ({ ...part, match: !part.match })) : all
  }
  const joined = (text: string, joins: (before: boolean | undefined, match: boolean) => boolean) => {
    const words: string[] = []
    let before: boolean | undefined
    for (const part of parts(text)) {
      if (words.length > 0 && joins(before, part.match)) words[words.length - 1] += part.text
      else words.push(part.text)
      before = part.match
    }
    return words
  }
  if (behavior === 'Isolated') return (text) => parts(text).map((part) => part.text)
  if (behavior === 'Removed') return (text) => parts(text).flatMap((part) => (part.match ? [] : [part.text]))
  if (behavior === 'Contiguous') return (text) => joined(text, (before, match) => before === match)
  if (behavior === 'MergedWithPrevious') return (text) => joined(text, (before, match) => match && before === false)
  if (behavior === 'MergedWithNext') return (text) => joined(text, (before, match) => !match && before === true)
  return null
}

/** The pattern of a Split step, or null where it has none. */
function patternOf(pattern: unknown, name: string): RegExp | null {
  if (!isObject(pattern)) return null
  // An empty text is nowhere to be found.
  if (pattern.String === '') return /(?!)/g
  if (typeof pattern.String === 'string')
    return new RegExp(pattern.String.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu')
  if (typeof pattern.Regex !== 'string') return null
  try {
    return onigPattern(pattern.Regex)
  } catch (error) {
    if (!(error instanceof UnmappedError)) throw error
    throw new FinetaleError(
      `${name}: expected a Split pattern that can be followed exactly here, found ${error.message} in ${pattern.Regex.slice(0, 200)}.`,
      'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
    )
  }
}

/** One step of the pre-tokenizer. `bytes` tells whether the step writes the byte alphabet. */
function wordsOf(step: Json, name: string): { readonly words: Words; readonly bytes: boolean } {
  if (step.type === 'ByteLevel') {
    const prefix = step.add_prefix_space === true
    const split: Words = step.use_regex === false ? (text) => [text] : gpt2Words
    const words = function* (text: string) {
      for (const word of split(prefix && !text.startsWith(' ') ? ` ${text}` : text)) yield toByteAlphabet(word)
    }
    return { words, bytes: true }
  }
  if (step.type === 'Digits') {
    const pattern = step.individual_digits === true ? /\p{N}/gu : /\p{N}+/gu
    return { words: splitBy(pattern, 'Isolated', false) ?? ((text) => [text]), bytes: false }
  }
  if (step.type === 'Split') {
    const pattern = patternOf(step.pattern, name)
    const all = pattern === null ? null : splitBy(pattern, step.behavior, step.invert === true)
    if (all === null) return refuse(name, 'the pre-tokenizer', step)
    return { words: (text) => Array.from(all(text)).filter((part) => part !== ''), bytes: false }
  }
  return refuse(name, 'the pre-tokenizer', step.type)
}

function stepsOf(preTokenizer: unknown, name: string): Json[] {
  if (!isObject(preTokenizer)) return refuse(name, 'the pre-tokenizer', preTokenizer ?? null)
  if (preTokenizer.type !== 'Sequence') return [preTokenizer]
  const inner: unknown[] = Array.isArray(preTokenizer.pretokenizers) ? preTokenizer.pretokenizers : []
  return inner.flatMap((step) => stepsOf(step, name))
}

/**
 * The text pipeline of a tokenizer.json.
 * @param name the file, for errors
 * @throws FinetaleError naming the step that cannot be followed exactly
 */
export function textPipeline(tokenizer: Json, name: string): TextPipeline {
  const steps = stepsOf(tokenizer.pre_tokenizer, name).map((step) => wordsOf(step, name))
  // A step after the byte alphabet would see its letters in place of the text's.
  const bytesAt = steps.findIndex((step) => step.bytes)
  if (bytesAt !== steps.length - 1) refuse(name, 'the pre-tokenizer', tokenizer.pre_tokenizer)
  const words = steps.map((step) => step.words)
  const [first = (text: string) => [text], ...rest] = words
  const then = (text: string, at: number): Iterable<string> => {
    const step = rest[at]
    return step === undefined ? [text] : each(step(text), at + 1)
  }
  function* each(parts: Iterable<string>, at: number): Generator<string> {
    for (const part of parts) yield* then(part, at)
  }
  return { normalize: normalizerOf(tokenizer.normalizer, name), words: (text) => each(first(text), 0) }
}
