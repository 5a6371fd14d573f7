// A model folder's own tokenizer, run by transformers.js and nothing else: text to ids and back, exactly, no network.
// It tokenizes single texts; rows, truncation and splits are in tokenize.ts.

import { AutoTokenizer, env } from '@xenova/transformers'
import type { PreTrainedTokenizer } from '@xenova/transformers'
import { FinetaleError } from '../recipe/error'
import { AddedTokens } from './addedTokens'
import { wellFormed } from './byteLevel'
import { parseJsonObject, type Json } from './json'
import { textPipeline, type TextPipeline } from './textPipeline'
import { tokenizerParts, type TokenizerParts } from './tokenizerFiles'
import { tokenizerSides, type Side, type TokenizerSides } from './tokenizerSides'
import { tokenizerFromVocab } from './vocabFiles'
import { WordEncoder } from './wordIds'

/** A text's ids as far as there is room for them. */
export interface EncodedStart {
  readonly ids: number[]
  /** True when the text has more. */
  readonly cut: boolean
  /** True when it holds bytes for which the vocabulary has no token. */
  readonly lost: boolean
}

/** What tokenize.ts needs of a tokenizer. */
export interface TextCodec {
  /** Ids the model has rows for, 0 to vocabSize - 1. */
  readonly modelVocabSize: number
  readonly eosId: number
  /** Always the end-of-text id: the pad token itself is never learnt, because padding is masked by length. */
  readonly padId: number
  /** Where a text that is too long loses tokens; at the right where nothing is said. */
  readonly truncationSide?: Side
  encode(text: string): number[]
  /**
   * As `tokenizer(text, truncation=True, max_length=maxTokens)` in Python: a text's start, or its end where truncationSide
   * is left. Words past a limit at the right are not looked at.
   */
  encodeStart(text: string, maxTokens: number): EncodedStart
  decode(ids: ArrayLike<number>, skipSpecialTokens: boolean): string
  /** One token as a label: its text, or its entry in the vocabulary where it is part of a character. */
  tokenText(id: number): string
}

// The library may only read what `customCache` hands it.
env.allowRemoteModels = false
env.allowLocalModels = true
env.useBrowserCache = false
env.useFSCache = false
env.useCustomCache = true

/** Files that the library may read, by the name of the folder it is told to load. */
const folders = new Map<string, Readonly<Record<string, Json>>>()
let loads = 0

env.customCache = {
  match: (address: string) => {
    const [folder = '', file = ''] = address.split('/').slice(-2)
    const content = folders.get(folder)?.[file]
    return Promise.resolve(content === undefined ? undefined : new Response(JSON.stringify(content)))
  },
  put: () => Promise.resolve(),
}

async function buildTokenizer({ tokenizer, tokenizerConfig }: TokenizerParts, name: string) {
  const { model, added_tokens } = tokenizer
  // The text's own steps are ours, see textPipeline.ts; the library needs its vocabulary, its merges and its decoder.
  const bare = { model, added_tokens, normalizer: null, pre_tokenizer: null, post_processor: null }
  const folder = `folder-${++loads}`
  folders.set(folder, {
    'tokenizer.json': { ...bare, decoder: { type: 'ByteLevel' } },
    'tokenizer_config.json': tokenizerConfig,
  })
  try {
    return await AutoTokenizer.from_pretrained(folder, { local_files_only: true })
  } catch (error) {
    throw new FinetaleError(
      `${name}: expected a tokenizer that transformers.js can run, found one it cannot ` +
        `(${error instanceof Error ? error.message : 'unknown fault'}).`,
      'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
    )
  } finally {
    folders.delete(folder)
  }
}

/**
 * The library's model and decoder with our own way from text to words. Its way differs from Python's where added tokens
 * overlap or must stand alone, and in what counts as white space or as a letter, so ids of unusual text would differ.
 */
export class FolderTokenizer implements TextCodec {
  readonly modelVocabSize: number
  readonly eosId: number
  readonly padId: number
  readonly truncationSide: Side
  /** What the files ask for and this page does otherwise, as a sentence; '' when there is nothing. */
  readonly note: string
  /** The highest id the tokenizer can give, plus one. */
  readonly vocabSize: number
  readonly #tokenizer: PreTrainedTokenizer
  readonly #specialIds: ReadonlySet<number>
  readonly #added: AddedTokens
  readonly #pipeline: TextPipeline
  readonly #words: WordEncoder
  readonly #prefix: readonly number[]
  readonly #suffix: readonly number[]

  private constructor(
    tokenizer: PreTrainedTokenizer,
    parts: TokenizerParts,
    sides: TokenizerSides,
    config: Json,
    label: string,
  ) {
    const name = `${label}/tokenizer.json`
    this.#tokenizer = tokenizer
    this.#pipeline = textPipeline(parts.tokenizer, name)
    this.#added = new AddedTokens(parts.added, this.#pipeline.normalize)
    this.#words = new WordEncoder(tokenizer.model, name)
    this.#prefix = parts.prefix
    this.#suffix = parts.suffix
    this.vocabSize = tokenizer.model.vocab.length
    this.modelVocabSize = typeof config.vocab_size === 'number' ? config.vocab_size : this.vocabSize
    this.eosId = endOfText(tokenizer, config, label)
    this.padId = this.eosId
    this.truncationSide = sides.truncation
    this.note = sides.paddingNote
    tokenizer.pad_token_id = this.padId
    this.#specialIds = new Set([...tokenizer.all_special_ids, this.eosId])
  }

  /**
   * @param files config.json and the tokenizer's files, see tokenizerFileNames; tokenizer.json may be missing where
   *   vocab.json and merges.txt are there
   * @param label the folder's name, for errors
   * @throws FinetaleError when a file is missing or broken, or the tokenizer is of another kind
   */
  static async load(files: Readonly<Record<string, Blob>>, label: string): Promise<FolderTokenizer> {
    const read = async (name: string) =>
      parseJsonObject(await (files[name] ?? new Blob(['{}'])).text(), `${label}/${name}`)
    const config = await read('config.json')
    const whole = files['tokenizer.json'] === undefined ? null : await read('tokenizer.json')
    const settings = {
      config,
      tokenizerConfig: await read('tokenizer_config.json'),
      specialTokensMap: await read('special_tokens_map.json'),
      addedTokens: whole === null ? await read('added_tokens.json') : {},
    }
    const tokenizer = whole ?? tokenizerFromVocab(await read('vocab.json'), await mergesOf(files, label), label)
    const name = `${label}/${whole === null ? 'vocab.json' : 'tokenizer.json'}`
    const parts = tokenizerParts(tokenizer, settings, name)
    const sides = tokenizerSides(tokenizer, settings.tokenizerConfig, label)
    return new FolderTokenizer(await buildTokenizer(parts, name), parts, sides, config, label)
  }

  encode(text: string): number[] {
    return this.encodeStart(text, Infinity).ids
  }

  encodeStart(text: string, maxTokens: number): EncodedStart {
    const room = Math.max(0, maxTokens - this.#suffix.length)
    const fromEnd = this.truncationSide === 'left'
    const ids = [...this.#prefix]
    let lost = false
    for (const next of this.#idsOf(wellFormed(text))) {
      if (ids.length > room && !fromEnd) break
      lost ||= next.lost
      for (const id of next.ids) ids.push(id)
    }
    const cut = ids.length > room
    // What stands around every text is kept on either side.
    if (cut && fromEnd) ids.splice(this.#prefix.length, ids.length - Math.max(room, this.#prefix.length))
    if (ids.length > room) ids.length = room
    return { ids: [...ids, ...this.#suffix], cut, lost }
  }

  /** The text's ids word by word: words do not depend on what comes after them, so the first ids are final. */
  *#idsOf(text: string): Generator<{ readonly ids: readonly number[]; readonly lost: boolean }> {
    for (const section of this.#added.split(text)) {
      if (typeof section === 'number') yield { ids: [section], lost: false }
      else for (const word of this.#pipeline.words(section)) yield this.#words.encode(word)
    }
  }

  decode(ids: ArrayLike<number>, skipSpecialTokens: boolean): string {
    let list = Array.from(ids)
    if (skipSpecialTokens) list = list.filter((id) => !this.#specialIds.has(id))
    // An id between the tokenizer's size and the model's has no text.
    list = list.filter((id) => this.#tokenizer.model.vocab[id] !== undefined)
    if (list.length === 0) return ''
    return this.#tokenizer.decode(list, { skip_special_tokens: false, clean_up_tokenization_spaces: false })
  }

  tokenText(id: number): string {
    const text = this.decode([id], false)
    const entry = this.#tokenizer.model.vocab[id]
    return text.includes('\ufffd') || text === '' ? (entry ?? `#${id}`) : text
  }

  /** Tokens whose ids the model has no row for, as 'token (id n)'. */
  tokensWithoutRow(): string[] {
    return this.#tokenizer.model.vocab
      .map((token, id) => (id >= this.modelVocabSize && token !== undefined ? `${token} (id ${id})` : ''))
      .filter((name) => name !== '')
  }
}

async function mergesOf(files: Readonly<Record<string, Blob>>, label: string): Promise<string> {
  const missing = ['vocab.json', 'merges.txt'].filter((name) => files[name] === undefined)
  if (missing.length === 0) return files['merges.txt']!.text()
  throw new FinetaleError(
    `${label}/tokenizer.json: the file is missing, and so is ${missing.join(' and ')} that could stand in for it.`,
    'Add tokenizer.json to the folder, or both vocab.json and merges.txt.',
  )
}

function endOfText(tokenizer: PreTrainedTokenizer, config: Json, label: string): number {
  const token = tokenizer.getToken('eos_token') ?? '<|endoftext|>'
  const ids: unknown[] = [config.eos_token_id].flat()
  const id = tokenizer.model.tokens_to_ids.get(token) ?? ids[0]
  if (typeof id === 'number') return id
  throw new FinetaleError(
    `${label}/tokenizer_config.json: expected an eos_token from the vocabulary, found ${JSON.stringify(token)}.`,
    'Name the end-of-text token as eos_token in tokenizer_config.json.',
  )
}
