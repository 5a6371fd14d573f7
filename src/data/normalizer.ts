// The normalizer of a tokenizer.json as a function on text: Unicode forms, lower case, and sequences of them. Other steps
// are refused by name, never skipped.

import { FinetaleError } from '../recipe/error'
import { isObject } from './json'

export type Normalize = (text: string) => string

/**
 * Marks and compatibility characters that came after the Unicode tables of Python's tokenizers, which are those of about
 * 2017. There they stand for themselves and combine with nothing, so the text is normalized on both sides of them.
 */
const unknown =
  '\\u{7FD}\\u{897}-\\u{89F}\\u{8CA}-\\u{8D3}\\u{9FE}\\u{C3C}\\u{D3B}-\\u{D3C}\\u{EBA}\\u{1715}' +
  '\\u{1ABF}-\\u{1ADD}\\u{1AE0}-\\u{1AEB}\\u{1DF6}-\\u{1DFA}\\u{32FF}\\u{A7F1}-\\u{A7F4}\\u{A82C}\\u{AB69}' +
  '\\u{105C9}\\u{105E4}\\u{10781}-\\u{10785}\\u{10787}-\\u{107B0}\\u{107B2}-\\u{107BA}\\u{10D24}-\\u{10D27}' +
  '\\u{10D69}-\\u{10D6D}\\u{10EAB}-\\u{10EAC}\\u{10EFA}-\\u{10EFB}\\u{10EFD}-\\u{10EFF}\\u{10F46}-\\u{10F50}' +
  '\\u{10F82}-\\u{10F85}\\u{11070}\\u{1133B}\\u{11383}\\u{11385}\\u{1138E}\\u{11391}\\u{113C5}' +
  '\\u{113C7}-\\u{113C8}\\u{113CE}-\\u{113D0}\\u{1145E}\\u{11839}-\\u{1183A}\\u{11938}\\u{1193D}-\\u{1193E}' +
  '\\u{11943}\\u{119E0}\\u{11A34}\\u{11A47}\\u{11A99}\\u{11D42}\\u{11D44}-\\u{11D45}\\u{11D97}' +
  '\\u{11F41}-\\u{11F42}\\u{16121}-\\u{16128}\\u{1612F}\\u{16D68}-\\u{16D6A}\\u{16FF0}-\\u{16FF1}' +
  '\\u{1CCD6}-\\u{1CCF9}\\u{1E030}-\\u{1E06D}\\u{1E08F}\\u{1E130}-\\u{1E136}\\u{1E2AE}\\u{1E2EC}-\\u{1E2EF}' +
  '\\u{1E4EC}-\\u{1E4EF}\\u{1E5EE}-\\u{1E5EF}\\u{1E6E3}\\u{1E6E6}\\u{1E6EE}-\\u{1E6EF}\\u{1E6F5}\\u{1F16C}' +
  '\\u{1FBF0}-\\u{1FBF9}'
const notUnknown = new RegExp(`[^${unknown}]+`, 'gu')
const hasUnknown = new RegExp(`[${unknown}]`, 'u')

const forms = ['NFC', 'NFD', 'NFKC', 'NFKD'] as const

/**
 * The normalizer as a function.
 * @param step the `normalizer` of a tokenizer.json
 * @param name the file, for errors
 * @throws FinetaleError naming a step that cannot be followed exactly
 */
export function normalizerOf(step: unknown, name: string): Normalize {
  if (step === null || step === undefined) return (text) => text
  const type = isObject(step) ? step.type : step
  const form = forms.find((known) => known === type)
  if (form !== undefined) {
    return (text) =>
      hasUnknown.test(text) ? text.replace(notUnknown, (part) => part.normalize(form)) : text.normalize(form)
  }
  // Letter by letter, as Rust has it: JavaScript alone would write a final sigma by the letters beside it.
  if (type === 'Lowercase') return (text) => Array.from(text, (letter) => letter.toLowerCase()).join('')
  if (isObject(step) && type === 'Sequence' && Array.isArray(step.normalizers)) {
    const steps = step.normalizers.map((inner) => normalizerOf(inner, name))
    return (text) => steps.reduce((done, next) => next(done), text)
  }
  throw new FinetaleError(
    `${name}: expected a normalizer of Unicode forms or lower case, found ${JSON.stringify(type)?.slice(0, 80)}.`,
    'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
  )
}
