// What the page and its workers say to each other: types only, no code, imported by both sides.
// Commands are Comlink method calls on the interfaces below; what a run reports on the way is in runEvents.ts, what
// is asked of the bundle worker in bundleApi.ts. Errors cross as FinetaleErrorData.

import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type { EnvironmentInfo, GenerationRow, RunEvent } from './runEvents'

export type * from './bundleApi'
export type * from './runEvents'

/** A repository on a hub with Hugging Face's addresses: `<base><owner>/<name>/resolve/<revision>/<file>`. */
export interface HubRef {
  readonly kind: 'model' | 'dataset'
  /** The hub's or a mirror's address; ends with '/'. */
  readonly base: string
  /** 'owner/name', or a bare name. */
  readonly repo: string
  /** Branch, tag or commit. */
  readonly revision: string
}

/** A model is a folder of files in Hugging Face layout: on this origin (url ends with '/'), or files at hand. */
export type ModelSource =
  | { readonly kind: 'url'; readonly label: string; readonly url: string }
  | {
      readonly kind: 'files'
      readonly label: string
      readonly files: Readonly<Record<string, Blob>>
      /** Where the files were fetched from; absent when the user chose them. */
      readonly origin?: HubRef
      /** True for a stored run's copy, which has all but the weights that the run began with. */
      readonly stored?: true
      /** The run whose checkpoint this is. */
      readonly parent?: { readonly runId: string; readonly name: string; readonly step: number }
    }

/** Which columns of a data set become `text` and `target`; target '' means there is none. */
export interface ColumnMapping {
  readonly text: string
  readonly target: string
}

/** A data set is one file or several of one format, on this origin, chosen by the user or fetched from a hub. */
export type DataSource = (
  | { readonly kind: 'url'; readonly label: string; readonly url: string }
  | {
      readonly kind: 'files'
      readonly label: string
      /** Read in the order of their names. */
      readonly files: Readonly<Record<string, Blob>>
      readonly origin?: HubRef
    }
) & {
  /** The user's choice of columns; absent: recognised from the columns there are. */
  readonly mapping?: ColumnMapping
}

/** How far the fetching of a repository's files has come. */
export interface FetchProgress {
  /** The file under way. */
  readonly file: string
  readonly receivedBytes: number
  /** All files together; null while it is not known. Bytes received are those of the decoded files. */
  readonly totalBytes: number | null
  readonly bytesPerSecond: number
  readonly secondsLeft: number | null
  /** After the connection broke: whether the file goes on where it was, or comes anew from its start. */
  readonly mended?: 'resumed' | 'restarted'
}

/** What a hub gave, and what the user should know of it: a new name, a missing hash. */
export interface Fetched<Source> {
  readonly source: Source
  readonly notes: readonly string[]
}

/** A row as it lies in the data set. `target` is '' where the data set has only documents. */
export interface DataRow {
  readonly text: string
  /** Absent where the data set has no targets; an empty one is joined to its text like any other. */
  readonly target?: string
}

export interface DatasetPreview {
  /** The first 100 rows. */
  readonly rows: readonly DataRow[]
  readonly totalRows: number
  /** What was read, for people: 'Parquet', 'CSV', 'JSON Lines'. */
  readonly format: string
  readonly columns: readonly string[]
  /** The columns in use. */
  readonly mapping: ColumnMapping
  /** The known layout that was recognised ('text + target', 'prompt + completion', 'Alpaca', …); '' when none was. */
  readonly layout: string
  /** Rows that cannot be used, counted by reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** Rows that are used but that the user should know of, counted by reason: numbers taken as text. */
  readonly notes?: Readonly<Record<string, number>>
}

/** One row as the model sees it: the decoded text that is kept, what truncation cuts, and how much padding follows. */
export interface RowView {
  readonly kept: string
  readonly cut: string
  /** True when what is cut stands before what is kept. */
  readonly cutsStart: boolean
  readonly tokens: readonly { readonly id: number; readonly text: string }[]
  readonly realTokens: number
  readonly cutTokens: number
  readonly padTokens: number
}

/** How long the rows of a data set are in tokens, under a recipe. */
export interface DatasetStatistics {
  readonly rows: number
  readonly meanTokens: number
  readonly maxTokens: number
  /** Rows longer than max_length, which are cut. */
  readonly cutRows: number
  /** 0 to 1: padding positions over all positions, were every row one of the training set. */
  readonly paddingShare: number
  /** Rows by tokens before the cut; bins of equal width, `to` excluded. */
  readonly histogram: readonly { readonly from: number; readonly to: number; readonly rows: number }[]
}

/** Token rows, ready to train on. Buffers are transferred. */
export interface TokenRows {
  /** Right-padded with padId; row-major. */
  readonly ids: Int32Array // [rows, length]
  /** Real tokens of each row, end-of-text included, padding not. */
  readonly lengths: Int32Array // [rows]
  readonly rows: number
  readonly length: number
}

export interface TokenizedDataset {
  readonly train: TokenRows
  readonly eval: TokenRows
  readonly padId: number
  readonly eosId: number
  /** With packing: the held-out texts' characters (code points), and their tokens, end-of-text included. */
  readonly heldOut?: { readonly characters: number; readonly tokens: number }
  /** Rows dropped by reason, after parsing and after tokenizing. */
  readonly dropped: Readonly<Record<string, number>>
  /** Rows that are kept but that the user should know of, counted by reason: cut ones, end-of-text typed inside. */
  readonly notes?: Readonly<Record<string, number>>
  /** 0 to 1: padding positions over all positions of the training rows. */
  readonly paddingShare: number
  /** CRC-32 over the ids of both splits, as eight hex digits: a resumed run must find the same. */
  readonly fingerprint: string
}

/** What the page can watch: a lock of this name that the worker holds until it ends. */
export interface Living {
  /** Resolves once the lock is held. */
  holdForLife(lock: string): Promise<void>
}

/** tokenizer.worker: transformers.js tokenizer and data set parsing. Holds one tokenizer at a time. */
export interface TokenizerApi extends Living {
  /**
   * Fetches a repository's files into the browser's cache, or finds them there, and gives them as a source.
   * `token` goes to the host of `ref.base` only and is kept nowhere. Throws with a code that tells the kind of failure.
   */
  fetchModel(ref: HubRef, token: string, onProgress: (progress: FetchProgress) => void): Promise<Fetched<ModelSource>>
  fetchData(ref: HubRef, token: string, onProgress: (progress: FetchProgress) => void): Promise<Fetched<DataSource>>
  /** Ends a fetch under way: its call throws 'cancelled'. What had come whole stays in the cache. */
  cancelFetch(): Promise<void>
  /** Bytes that the cache holds of a repository; 0 when it is not whole. */
  cachedBytes(ref: HubRef): Promise<number>
  /** Removes a repository's files from the cache; returns the bytes freed. */
  removeCached(ref: HubRef): Promise<number>
  /** Loads the folder's tokenizer.json (+ tokenizer_config.json). Throws when a file is missing or broken. */
  loadTokenizer(model: ModelSource): Promise<{ vocabSize: number; eosId: number; padId: number; warning?: string }>
  /** Parses the data set and keeps it for `tokenize` and `viewRow`. */
  loadDataset(data: DataSource): Promise<DatasetPreview>
  viewRow(row: number, recipe: Recipe): Promise<RowView>
  /** Tokenizes every row of the data set to tell how long they are. */
  statistics(recipe: Recipe): Promise<DatasetStatistics>
  tokenize(recipe: Recipe, onProgress: (done: number, total: number) => void): Promise<TokenizedDataset>
  encode(text: string): Promise<Int32Array>
  /** Exact text of the ids: no clean-up of spaces; special tokens are dropped when asked. */
  decode(ids: Int32Array, skipSpecialTokens: boolean): Promise<string>
}

export type StopMode = 'save' | 'discard'

export interface StartRequest {
  readonly runId: string
  readonly name: string
  readonly recipe: Recipe
  readonly model: ModelSource
  readonly data: DataSource
  readonly dataset: TokenizedDataset
  /** Prompts to run from the untouched model before step 1 and again when the run ends. */
  readonly prompts: readonly TokenizedPrompt[]
  readonly generation: GenerationSettings
}

export interface TokenizedPrompt {
  readonly prompt: string
  readonly ids: Int32Array
}

export interface ResumeRequest {
  readonly runId: string
  /** Multiplies the learning rate from the checkpoint on; kept in the run's record as a knowing change. */
  readonly learningRateScale?: number
  readonly dataset: TokenizedDataset
  readonly prompts: readonly TokenizedPrompt[]
  readonly generation: GenerationSettings
}

export interface GenerateRequest {
  readonly runId: string
  readonly prompt: TokenizedPrompt
  readonly settings: GenerationSettings
}

/** Decodes ids in the tokenizer worker on the trainer's behalf. */
export type Decode = (ids: Int32Array) => Promise<string>

/** One quantity of the self-check, and how far it lies from what PyTorch computed. */
export interface SelfCheckQuantity {
  readonly name: 'logits' | 'loss' | 'gradients' | 'training' | 'weights' | 'text'
  /** Logits and losses absolute; gradients over their tensor's largest; weights in learning rates; text in tokens. */
  readonly difference: number
  readonly limit: number
  readonly passed: boolean
}

export interface SelfCheckReport {
  readonly environment: EnvironmentInfo
  readonly quantities: readonly SelfCheckQuantity[]
  readonly passed: boolean
  readonly seconds: number
}

/** trainer.worker: model, kernels, loop, checkpoints, generation. The only writer of run data. */
export interface TrainerApi extends Living {
  /** Starts tfjs and the kernels; idempotent. */
  initialise(options: { threads: number }): Promise<EnvironmentInfo>
  /**
   * Where events go and how ids become text; called once after the worker starts. What `emit` returns is awaited before
   * `start` and `resume` end, so that whoever waited for them has heard everything of the run.
   */
  connect(emit: (event: RunEvent) => unknown, decode: Decode): Promise<void>
  /** Trains to the end of the recipe, or until pause or stop; resolves when the run leaves the loop. */
  start(request: StartRequest): Promise<void>
  /** Continues a stored run from its current checkpoint, bit for bit. */
  resume(request: ResumeRequest): Promise<void>
  /** Takes effect after the step under way; a checkpoint is saved. */
  pause(): Promise<void>
  /** Continues a paused run that is still in memory. */
  continue(): Promise<void>
  /** Runs exactly one optimizer step of a paused run. */
  stepOnce(): Promise<void>
  stop(mode: StopMode): Promise<void>
  /** Saves a checkpoint after the step under way without pausing (page hidden). */
  saveSoon(): Promise<void>
  /** Streams text through onText (the generated part so far); the row is stored, emitted and returned. */
  generate(request: GenerateRequest, onText: (text: string) => void): Promise<GenerationRow>
  stopGenerating(): Promise<void>
  /** The weights of the run in memory as a .safetensors file, and their step. Throws when it is not in memory. */
  weights(runId: string): Promise<{ step: number; weights: Blob }>
  /** Loads a model for generation only (no run): run id 'base', step 0. */
  loadBase(model: ModelSource): Promise<{ parameters: number }>
  /** Loads a stored run's current checkpoint for generation. */
  loadRun(runId: string): Promise<{ parameters: number; step: number }>
  /**
   * Computes a small golden case and compares; `folder` is the URL of its files and ends with '/'. Throws while a run is
   * live.
   */
  selfCheck(folder: string, onProgress: (share: number) => void): Promise<SelfCheckReport>
}
