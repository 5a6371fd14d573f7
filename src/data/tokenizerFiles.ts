// A model folder's tokenizer files, read as Python's AutoTokenizer reads them, in the one form the rest of the code and
// transformers.js 2 know: merges as strings, every added token in one list. Pure functions; no tokenizing.

import { FinetaleError } from '../recipe/error'
import type { AddedToken } from './addedTokens'
import { isObject, type Json } from './json'

/** The files a tokenizer may consist of, config.json aside, which every model folder has. */
export const tokenizerFileNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'special_tokens_map.json',
] as const

const GPT2_TOKEN = '<|endoftext|>'
const specialFields = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token']

/** The files that say which tokens are added or special, parsed; an absent file is an empty object. */
export interface TokenSettings {
  readonly tokenizerConfig: Json
  readonly specialTokensMap: Json
  readonly addedTokens: Json
  readonly config: Json
}

/** What a tokenizer is made of, checked. */
export interface TokenizerParts {
  /** tokenizer.json as transformers.js reads it. */
  readonly tokenizer: Json
  /** tokenizer_config.json as transformers.js reads it: no clean-up of spaces. */
  readonly tokenizerConfig: Json
  readonly added: readonly AddedToken[]
  /** Ids before and after every text. */
  readonly prefix: readonly number[]
  readonly suffix: readonly number[]
}

const useByteLevel = 'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.'

function refuse(message: string, action = useByteLevel): never {
  throw new FinetaleError(message, action)
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? String(value)
}

/** A merge, given as 'left right' or as a pair, as the string that the library reads. */
function mergeAsString(merge: unknown, at: number, vocab: Json, name: string): string {
  const pair: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : []
  const [left, right] = pair
  if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string' || `${left}${right}`.includes(' ')) {
    return refuse(`${name}: expected merges of two tokens without spaces, found ${show(merge)} as merge ${at + 1}.`)
  }
  const missing = [left, right, left + right].find((token) => !Object.hasOwn(vocab, token))
  if (missing === undefined) return `${left} ${right}`
  return refuse(
    `${name}: expected merges of tokens in the vocabulary, but merge ${at + 1}, ${show(merge)}, needs ${show(missing)}.`,
    'Download the file again, or take it from another copy of the model.',
  )
}

/** The model part of tokenizer.json: vocabulary and merges. */
function readModel(model: unknown, name: string): Json {
  if (!isObject(model) || !isObject(model.vocab) || (model.type !== undefined && model.type !== 'BPE')) {
    const found = isObject(model) ? `the type ${show(model.type)}` : 'no model'
    return refuse(`${name}: expected a BPE tokenizer with a vocabulary, found ${found}.`)
  }
  const { vocab } = model
  const bad = Object.entries(vocab).find(([, id]) => !Number.isSafeInteger(id) || Number(id) < 0)
  if (bad !== undefined)
    refuse(`${name}: expected a number from 0 as the id of ${show(bad[0])}, found ${show(bad[1])}.`)
  for (const field of ['continuing_subword_prefix', 'end_of_word_suffix', 'dropout']) {
    if (model[field]) refuse(`${name}: expected no ${field}, found ${show(model[field])}.`)
  }
  const list: unknown[] = Array.isArray(model.merges) ? model.merges : []
  const merges = list.map((merge, i) => mergeAsString(merge, i, vocab, name))
  return { ...model, type: 'BPE', vocab, merges }
}

/** A token of a settings file: a string, or an object with its flags. */
function tokenOf(value: unknown, special: boolean): Omit<AddedToken, 'id'> | null {
  const fields: Json = typeof value === 'string' ? { content: value } : isObject(value) ? value : {}
  const { content } = fields
  if (typeof content !== 'string' || content === '') return null
  const isSpecial = typeof fields.special === 'boolean' ? fields.special || special : special
  const flag = (name: string, otherwise: boolean) => (typeof fields[name] === 'boolean' ? fields[name] : otherwise)
  return {
    content,
    single_word: flag('single_word', false),
    lstrip: flag('lstrip', false),
    rstrip: flag('rstrip', false),
    normalized: flag('normalized', !isSpecial),
    special: isSpecial,
  }
}

/** True where Python would take GPT2Tokenizer: by its name, or because no file names another. */
function isGpt2Class({ tokenizerConfig, config }: TokenSettings): boolean {
  const named = tokenizerConfig.tokenizer_class ?? config.tokenizer_class
  return typeof named === 'string' ? /^GPT2Tokenizer(Fast)?$/.test(named) : true
}

/** Special tokens by field, in Python's order; a GPT-2 tokenizer has its end-of-text token also where no file says so. */
function specialTokens(settings: TokenSettings, vocab: Json): Map<string, unknown> {
  const { tokenizerConfig, specialTokensMap } = settings
  const tokens = new Map<string, unknown>()
  for (const field of specialFields) {
    const byDefault = isGpt2Class(settings) && /^(bos|eos|unk)/.test(field) && Object.hasOwn(vocab, GPT2_TOKEN)
    const value = field in tokenizerConfig ? tokenizerConfig[field] : specialTokensMap[field]
    const token = value === undefined && byDefault ? GPT2_TOKEN : value
    if (token !== undefined && token !== null) tokens.set(field, token)
  }
  return tokens
}

/** The added tokens of all files. What tokenizer_config.json says of one wins over tokenizer.json, as in Python. */
function addedTokens(
  tokenizer: Json,
  vocab: Json,
  settings: TokenSettings,
  specials: readonly unknown[],
): AddedToken[] {
  const { tokenizerConfig, specialTokensMap } = settings
  const found = new Map<string, AddedToken>()
  const vocabSize = Object.keys(vocab).length
  let highest = -1
  const add = (value: unknown, special: boolean, stated: unknown, override: boolean) => {
    const token = tokenOf(value, special)
    if (token === null || (found.has(token.content) && !override)) return
    const own = vocab[token.content] ?? found.get(token.content)?.id
    const next = highest >= vocabSize ? highest + 1 : vocabSize
    const id =
      typeof own === 'number' ? own : Number.isSafeInteger(stated) && Number(stated) >= 0 ? Number(stated) : next
    highest = Math.max(highest, id)
    found.set(token.content, { ...token, id })
  }
  const listed: unknown[] = Array.isArray(tokenizer.added_tokens) ? tokenizer.added_tokens : []
  for (const entry of listed) if (isObject(entry)) add(entry, false, entry.id, true)
  const names = new Set(specials.map((token) => tokenOf(token, true)?.content))
  const decoder = isObject(tokenizerConfig.added_tokens_decoder) ? tokenizerConfig.added_tokens_decoder : {}
  const byId = (a: readonly [string, unknown], b: readonly [string, unknown]) => Number(a[0]) - Number(b[0])
  for (const [id, entry] of Object.entries(decoder).sort(byId)) {
    add(entry, names.has(tokenOf(entry, false)?.content), Number(id), true)
  }
  const older = Object.entries(settings.addedTokens).map(([content, id]) => [String(Number(id)), content] as const)
  for (const [id, content] of older.sort(byId)) add(content, names.has(content), Number(id), false)
  // Two fields may name one token with different flags; the later one's hold, unless the token was listed before.
  const listedBefore = new Set(found.keys())
  for (const token of specials) add(token, true, undefined, !listedBefore.has(tokenOf(token, true)?.content ?? ''))
  for (const field of ['additional_special_tokens', 'extra_special_tokens']) {
    const more = tokenizerConfig[field] ?? specialTokensMap[field]
    const list: unknown[] = Array.isArray(more) ? more : isObject(more) ? Object.values(more) : []
    for (const token of list) add(token, true, undefined, false)
  }
  return [...found.values()]
}

/** The steps of a post-processor that say something about ids: a ByteLevel one is about places in the text alone. */
function idSteps(step: unknown): unknown[] {
  if (isObject(step) && step.type === 'Sequence' && Array.isArray(step.processors)) {
    return step.processors.flatMap((inner) => idSteps(inner))
  }
  return step === null || (isObject(step) && step.type === 'ByteLevel') ? [] : [step]
}

/** The ids that the post-processor puts around every text. */
function aroundText(
  tokenizer: Json,
  settings: TokenSettings,
  idOf: (field: string) => number | undefined,
  name: string,
) {
  if (tokenizer.post_processor === undefined) {
    // Built from vocab.json and merges.txt. Where there is a tokenizer.json, Python goes by it and not by these two.
    const { add_bos_token: bos, add_eos_token: eos } = settings.tokenizerConfig
    const given = (wanted: unknown, field: string) => (wanted === true ? [idOf(field)].flatMap((id) => id ?? []) : [])
    return { prefix: given(bos, 'bos_token'), suffix: given(eos, 'eos_token') }
  }
  const [step, ...more] = idSteps(tokenizer.post_processor)
  if (step === undefined) return { prefix: [], suffix: [] }
  if (!isObject(step) || step.type !== 'TemplateProcessing' || !Array.isArray(step.single) || more.length > 0) {
    const found = show(more.length > 0 ? tokenizer.post_processor : step)
    return refuse(
      `${name}: expected a post_processor of ByteLevel steps and at most one TemplateProcessing, found ${found}.`,
    )
  }
  const tokens = isObject(step.special_tokens) ? step.special_tokens : {}
  const parts: unknown[] = step.single
  const text = parts.findIndex((part) => isObject(part) && 'Sequence' in part)
  const ids = (some: unknown[]) =>
    some.flatMap((part) => {
      const special = isObject(part) && isObject(part.SpecialToken) ? tokens[String(part.SpecialToken.id)] : undefined
      return isObject(special) && Array.isArray(special.ids) ? special.ids.map(Number) : []
    })
  return { prefix: ids(parts.slice(0, text)), suffix: ids(parts.slice(text + 1)) }
}

/** The pre-tokenizer with the leading space that tokenizer_config.json asks for; GPT-2's class asks for none. */
function withPrefixSpace(step: unknown, settings: TokenSettings): unknown {
  const asked = settings.tokenizerConfig.add_prefix_space
  if (!isObject(step) || step.type !== 'ByteLevel') return step
  if (typeof asked === 'boolean') return { ...step, add_prefix_space: asked }
  return isGpt2Class(settings) ? { ...step, add_prefix_space: false } : step
}

/**
 * Reads and checks a tokenizer.json together with the files around it.
 * @param name the file, for errors
 * @throws FinetaleError when the file holds no tokenizer that can be followed exactly
 */
export function tokenizerParts(tokenizer: Json, settings: TokenSettings, name: string): TokenizerParts {
  const model = readModel(tokenizer.model, name)
  const vocab = isObject(model.vocab) ? model.vocab : {}
  const specials = specialTokens(settings, vocab)
  const added = addedTokens(tokenizer, vocab, settings, [...specials.values()])
  const contentOf = (field: string) => tokenOf(specials.get(field), true)?.content
  const idOf = (field: string) => added.find((token) => token.content === contentOf(field))?.id
  const pre_tokenizer = withPrefixSpace(tokenizer.pre_tokenizer, settings)
  const { prefix, suffix } = aroundText(tokenizer, settings, idOf, name)
  // Without the clean-up the decoder gives back the text as it was, spaces before full stops included.
  const tokenizerConfig: Json = { tokenizer_class: 'GPT2Tokenizer', clean_up_tokenization_spaces: false }
  for (const field of specials.keys()) tokenizerConfig[field] = contentOf(field)
  return {
    tokenizer: { ...tokenizer, model, added_tokens: added, pre_tokenizer },
    tokenizerConfig,
    added,
    prefix,
    suffix,
  }
}
