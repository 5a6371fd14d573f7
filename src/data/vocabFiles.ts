// tokenizer.json from vocab.json and merges.txt: the two files that older models come with. It builds what Python's
// GPT2Tokenizer builds from them; added and special tokens join in tokenizerFiles.ts.

import { FinetaleError } from '../recipe/error'
import type { Json } from './json'

function refuse(message: string): never {
  throw new FinetaleError(message, 'Download the file again, or take it from another copy of the model.')
}

/**
 * The merges of a merges.txt, as pairs. A first line '#version' is no merge, whereas a merge may well begin with '#';
 * empty lines and carriage returns count for nothing.
 * @throws FinetaleError naming the line that is not two tokens
 */
export function parseMerges(text: string, name: string, vocab: Json): [string, string][] {
  const merges: [string, string][] = []
  text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .forEach((raw, i) => {
      const line = raw.replace(/\r$/, '')
      if (line === '' || line.startsWith('#version')) return
      const [left = '', right = '', ...more] = line.split(' ')
      if (left === '' || right === '' || more.length > 0) {
        refuse(`${name}, line ${i + 1}: expected two tokens with a space between them, found ${show(line)}.`)
      }
      const missing = [left, right, left + right].find((token) => !Object.hasOwn(vocab, token))
      if (missing !== undefined) {
        refuse(
          `${name}, line ${i + 1}: expected tokens of vocab.json, found ${show(line)}, but ${show(missing)} is none.`,
        )
      }
      merges.push([left, right])
    })
  return merges
}

function show(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/**
 * The tokenizer.json of a folder that has only the two files.
 * @param vocab vocab.json, parsed
 * @param merges merges.txt as it is
 * @param label the folder's name, for errors
 */
export function tokenizerFromVocab(vocab: Json, merges: string, label: string): Json {
  if (Object.keys(vocab).length === 0) refuse(`${label}/vocab.json: expected tokens with their ids, found none.`)
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', unk_token: null, vocab, merges: parseMerges(merges, `${label}/merges.txt`, vocab) },
  }
}
