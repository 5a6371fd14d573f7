// A model folder's own tokenizer, run by transformers.js and nothing else: text to ids and back, exactly, no network.
// It tokenizes single texts; rows, truncation and splits are in tokenize.ts.

import { AutoTokenizer, env } from '@xenova/transformers'
import type { PreTrainedTokenizer } from '@xenova/transformers'
import { FinetaleError } from '../recipe/error'
import { parseJsonObject, rewriteConfig, rewriteTokenizer, type Json } from './tokenizerFiles'

/** What tokenize.ts needs of a tokenizer. */
export interface TextCodec {
  /** Ids the model has rows for, 0 to vocabSize - 1. */
  readonly modelVocabSize: number
  readonly eosId: number
  /** Always the end-of-text id: the pad token itself is never learnt, because padding is masked by length. */
  readonly padId: number
  encode(text: string): number[]
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

async function buildTokenizer(files: Readonly<Record<string, Json>>, label: string): Promise<PreTrainedTokenizer> {
  env.customCache = {
    match: (address: string) => {
      const content = files[address.slice(address.lastIndexOf('/') + 1)]
      return Promise.resolve(content === undefined ? undefined : new Response(JSON.stringify(content)))
    },
    put: () => Promise.resolve(),
  }
  try {
    return await AutoTokenizer.from_pretrained('folder', { local_files_only: true })
  } catch (error) {
    throw new FinetaleError(
      `${label}/tokenizer.json: expected a tokenizer that transformers.js can run, found one it cannot ` +
        `(${error instanceof Error ? error.message : 'unknown fault'}).`,
      'Use a model with a byte-level BPE tokenizer, such as GPT-2 or GPT-Neo.',
    )
  }
}

export class FolderTokenizer implements TextCodec {
  readonly modelVocabSize: number
  readonly eosId: number
  readonly padId: number
  /** The highest id the tokenizer can give, plus one. */
  readonly vocabSize: number
  readonly #tokenizer: PreTrainedTokenizer
  readonly #specialIds: ReadonlySet<number>

  private constructor(tokenizer: PreTrainedTokenizer, config: Json, label: string) {
    this.#tokenizer = tokenizer
    this.vocabSize = tokenizer.model.vocab.length
    this.modelVocabSize = typeof config.vocab_size === 'number' ? config.vocab_size : this.vocabSize
    this.eosId = endOfText(tokenizer, config, label)
    this.padId = this.eosId
    tokenizer.pad_token_id = this.padId
    this.#specialIds = new Set([...tokenizer.all_special_ids, this.eosId])
  }

  /**
   * @param files tokenizer.json and config.json, and tokenizer_config.json where the folder has one
   * @param label the folder's name, for errors
   * @throws FinetaleError when a file is broken or the tokenizer is of another kind
   */
  static async load(files: Readonly<Record<string, Blob>>, label: string): Promise<FolderTokenizer> {
    const read = async (name: string) =>
      parseJsonObject(await (files[name] ?? new Blob(['{}'])).text(), `${label}/${name}`)
    const tokenizerConfig = rewriteConfig(await read('tokenizer_config.json'))
    const tokenizer = rewriteTokenizer(await read('tokenizer.json'), tokenizerConfig, `${label}/tokenizer.json`)
    const built = await buildTokenizer({ 'tokenizer.json': tokenizer, 'tokenizer_config.json': tokenizerConfig }, label)
    return new FolderTokenizer(built, await read('config.json'), label)
  }

  encode(text: string): number[] {
    return text === '' ? [] : this.#tokenizer.encode(text)
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
