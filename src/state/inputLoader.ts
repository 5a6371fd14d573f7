// Keeps the tokenizer worker on the right model and data set: a stored run brings its own, which need not be the page's.
// The worker holds one of each at a time: every command says which it needs, and one that needs others waits its turn.

import type { WorkerClient } from '../workers/clients'
import type { DatasetPreview, DataSource, ModelSource, TokenizerApi } from '../workers/protocol'
import { storedInputs } from './inputs'
import { readInputs } from './storedRuns'
import type { Database } from './storedRuns'

export interface RunInputs {
  readonly model: ModelSource
  readonly data: DataSource
}

/** What loading brought: the tokenizer's warning, '' where it has none or was held, and the data set's first rows. */
export interface LoadedInputs {
  readonly warning: string
  readonly preview: DatasetPreview | null
}

export class InputLoader {
  readonly #tokenizer: WorkerClient<TokenizerApi>
  readonly #openDatabase: () => Promise<Database>
  #model: ModelSource | null = null
  #data: DataSource | null = null
  #preview: DatasetPreview | null = null
  /** What is at work with the inputs held. */
  readonly #uses = new Set<Promise<unknown>>()
  /** Settles when the last loading asked for has ended. */
  #loading: Promise<unknown> = Promise.resolve()
  /** What runs of this page were started with. */
  readonly #started = new Map<string, RunInputs>()
  /** What is kept with runs, once it was found whole. */
  readonly #stored = new Map<string, RunInputs>()
  /** By a stored copy: the source it was copied from. A worker that holds one of the two need not load the other. */
  readonly #originals = new WeakMap<ModelSource | DataSource, ModelSource | DataSource>()

  constructor(tokenizer: WorkerClient<TokenizerApi>, openDatabase: () => Promise<Database>) {
    this.#tokenizer = tokenizer
    this.#openDatabase = openDatabase
  }

  /**
   * Calls `use` with these inputs loaded, and keeps them in the worker until what it returns has settled: a run or a text
   * under way has its tokens turned into words there. Uses of the same inputs go on side by side, one that needs others
   * waits for them. A side that is null is not needed.
   */
  async with<T>(
    model: ModelSource | null,
    data: DataSource | null,
    use: (loaded: LoadedInputs) => Promise<T>,
  ): Promise<T> {
    if (this.#holds(model, data)) return this.#begin(use, { warning: '', preview: this.#preview })
    const begun = this.#loading.then(async () => {
      while (!this.#holds(model, data) && this.#uses.size > 0) await Promise.allSettled(this.#uses)
      const warning = model ? await this.#useModel(model) : ''
      const preview = data ? await this.#useData(data) : null
      // In an object, so that the next in the queue does not wait for the use itself.
      return { used: this.#begin(use, { warning, preview }) }
    })
    this.#loading = begun.catch(() => undefined)
    return (await begun).used
  }

  #begin<T>(use: (loaded: LoadedInputs) => Promise<T>, loaded: LoadedInputs): Promise<T> {
    const used = use(loaded).finally(() => this.#uses.delete(used))
    this.#uses.add(used)
    return used
  }

  #holds(model: ModelSource | null, data: DataSource | null): boolean {
    return (!model || this.#same(this.#model, model)) && (!data || this.#same(this.#data, data))
  }

  /** Loads the model's tokenizer unless it is the one held; returns its warning, or ''. */
  async #useModel(model: ModelSource): Promise<string> {
    if (this.#same(this.#model, model)) return ''
    this.#model = null
    const { warning } = await this.#tokenizer.call((api) => api.loadTokenizer(model))
    this.#model = model
    return warning ?? ''
  }

  /** Loads the data set unless it is the one held. */
  async #useData(data: DataSource): Promise<DatasetPreview> {
    if (this.#preview && this.#same(this.#data, data)) return this.#preview
    this.#data = null
    this.#preview = await this.#tokenizer.call((api) => api.loadDataset(data))
    this.#data = data
    return this.#preview
  }

  /** Remembers what a run of this page is started with. */
  started(runId: string, inputs: RunInputs): void {
    this.#started.set(runId, inputs)
  }

  /**
   * A run's inputs as they are kept with it: the user's own files may be gone by now, and an address out of reach. Those it
   * was started with here, while storage does not have them.
   */
  async ofRun(runId: string): Promise<RunInputs> {
    const found = this.#stored.get(runId)
    if (found) return found
    const started = this.#started.get(runId)
    try {
      const stored = await this.#read(runId)
      // One object stands for a run's inputs, also where two have asked for them at once.
      const other = this.#stored.get(runId)
      if (other) return other
      this.#stored.set(runId, stored)
      if (started) {
        this.#originals.set(stored.model, started.model)
        this.#originals.set(stored.data, started.data)
      }
      return stored
    } catch (thrown) {
      if (started) return started
      throw thrown
    }
  }

  async #read(runId: string): Promise<RunInputs> {
    const db = await this.#openDatabase()
    const record = await db.get('runs', runId)
    return storedInputs(await readInputs(db, runId), record ?? { modelLabel: '', dataLabel: '' })
  }

  /** True when the source asked for is the one held, or one is the stored copy of the other. */
  #same(held: ModelSource | DataSource | null, asked: ModelSource | DataSource): boolean {
    if (held === null) return false
    return held === asked || this.#originals.get(held) === asked || this.#originals.get(asked) === held
  }

  /** The worker was restarted and holds nothing. */
  forget(): void {
    this.#model = null
    this.#data = null
  }
}
