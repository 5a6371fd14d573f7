// What the controllers share: their parts, the sentences they need, and the calls that turn text into tokens.

import { proxy } from 'comlink'
import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'
import type { WorkerClient } from '../workers/clients'
import type { TokenizedDataset, TokenizedPrompt, TokenizerApi, TrainerApi } from '../workers/protocol'
import type { InputLoader } from './inputLoader'
import { reporting } from './reports'
import type { RunStore } from './runStore'
import type { Database } from './storedRuns'

export type ControllerMessage =
  | 'warnNoStorage'
  | 'warnOtherTab'
  | 'detailTokenizing'
  | 'detailLoading'
  | 'dropped'
  | 'noted'
  | 'errorCancelled'
  | 'actionCancelled'
  | 'errorEmptyPrompt'
  | 'actionEmptyPrompt'
  | 'errorDataChanged'
  | 'actionDataChanged'
  | 'noteTrainingPart'
  | 'noteNotTaken'

export interface ControllerParts {
  readonly store: RunStore
  readonly tokenizer: WorkerClient<TokenizerApi>
  readonly trainer: WorkerClient<TrainerApi>
  readonly inputs: InputLoader
  readonly openDatabase: () => Promise<Database>
  /** Reads the list of runs anew, where one was removed. */
  readonly runsRemoved: () => Promise<void>
  /** The page's sentences about the run. A refusal is worded where the fault is found. */
  readonly say: (key: ControllerMessage, values?: Record<string, string | number>) => string
}

/** Tokenizes the loaded data set; rows that fall out or are noteworthy become warnings of the run shown. */
export async function tokenizeAll(
  { store, tokenizer, say }: ControllerParts,
  recipe: Recipe,
  onProgress: (done: number, total: number) => void,
): Promise<TokenizedDataset> {
  onProgress(0, store.state.preview?.totalRows ?? 0)
  const dataset = await reporting(onProgress, (listener) =>
    tokenizer.call((api) => api.tokenize(recipe, proxy(listener))),
  )
  const shown = store.state.preview?.dropped ?? {}
  for (const [reason, count] of Object.entries(dataset.dropped)) {
    if (shown[reason] !== count) store.warn(say('dropped', { reason, count }))
  }
  for (const [reason, count] of Object.entries(dataset.notes ?? {})) store.warn(say('noted', { reason, count }))
  return dataset
}

/** @throws FinetaleError when a prompt has no tokens to go on from. */
export async function encodeAll(
  { tokenizer, say }: ControllerParts,
  prompts: readonly string[],
): Promise<TokenizedPrompt[]> {
  const encoded: TokenizedPrompt[] = []
  for (const prompt of prompts) {
    const ids = await tokenizer.call((api) => api.encode(prompt))
    if (ids.length === 0) throw new FinetaleError(say('errorEmptyPrompt'), say('actionEmptyPrompt'))
    encoded.push({ prompt, ids })
  }
  return encoded
}

/** The buffers of a tokenized data set, to be moved instead of copied. */
export function buffersOf({ train, eval: held }: TokenizedDataset): Transferable[] {
  return [train.ids.buffer, train.lengths.buffer, held.ids.buffer, held.lengths.buffer]
}
