// Makes a folder's tokenizer files readable by transformers.js 2: pure functions from JSON to JSON, no tokenizing.
// Newer tools save merges as pairs and tokens as objects; version 2 of the library knows the older forms only.

import { FinetaleError } from '../recipe/error'

export type Json = Record<string, unknown>

const specialTokenFields = ['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token']

/** Parses a JSON object. @throws FinetaleError naming the file when it is broken or holds something else */
export function parseJsonObject(text: string, name: string): Json {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw broken(name, error instanceof Error ? error.message : 'unreadable text')
  }
  if (!isObject(value)) throw broken(name, Array.isArray(value) ? 'a list' : String(value))
  return value
}

function broken(name: string, found: string): FinetaleError {
  return new FinetaleError(
    `${name}: expected a JSON object, found ${found}.`,
    'Download the file again, or take it from another copy of the model.',
  )
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A merge as the string 'left right', from that or from a pair. */
function mergeAsString(merge: unknown, name: string): string {
  if (typeof merge === 'string') return merge
  const pair: unknown[] = Array.isArray(merge) ? merge : []
  const [left, right] = pair
  const isPair = pair.length === 2 && typeof left === 'string' && typeof right === 'string'
  if (isPair && !left.includes(' ') && !right.includes(' ')) return `${left} ${right}`
  throw new FinetaleError(
    `${name}: expected merges of two tokens without spaces, found ${JSON.stringify(merge)?.slice(0, 80)}.`,
    'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
  )
}

/**
 * tokenizer.json as the library reads it: merges as strings, a list of added tokens that holds every special token.
 * @param config the rewritten tokenizer_config.json
 * @throws FinetaleError when the file holds no tokenizer the library could build
 */
export function rewriteTokenizer(tokenizer: Json, config: Json, name: string): Json {
  const { model } = tokenizer
  if (!isObject(model) || !isObject(model.vocab) || (model.type !== undefined && model.type !== 'BPE')) {
    const found = isObject(model) ? `the type ${JSON.stringify(model.type)}` : 'no model'
    throw new FinetaleError(
      `${name}: expected a BPE tokenizer with a vocabulary, found ${found}.`,
      'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
    )
  }
  const merges = Array.isArray(model.merges) ? model.merges.map((merge) => mergeAsString(merge, name)) : []
  const added: unknown[] = Array.isArray(tokenizer.added_tokens) ? [...(tokenizer.added_tokens as unknown[])] : []
  const known = new Set(added.map((token) => (isObject(token) ? token.content : undefined)))
  for (const field of specialTokenFields) {
    const content = config[field]
    const id = typeof content === 'string' ? model.vocab[content] : undefined
    if (id === undefined || known.has(content)) continue
    added.push({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true })
    known.add(content)
  }
  return { ...tokenizer, model: { ...model, type: 'BPE', merges }, added_tokens: added }
}

function tokenContent(token: unknown): unknown {
  return isObject(token) ? token.content : token
}

/** tokenizer_config.json as the library reads it: tokens as strings, and no clean-up of spaces when decoding. */
export function rewriteConfig(config: Json): Json {
  const rewritten: Json = { ...config, clean_up_tokenization_spaces: false }
  for (const field of specialTokenFields) {
    if (field in rewritten) rewritten[field] = tokenContent(rewritten[field])
  }
  const additional = rewritten.additional_special_tokens
  if (Array.isArray(additional)) rewritten.additional_special_tokens = additional.map(tokenContent)
  return rewritten
}
