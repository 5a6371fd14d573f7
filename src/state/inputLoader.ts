// Keeps the tokenizer worker on the right model and data set: a stored run brings its own, which need not be the page's.
// The worker holds one of each at a time, so every command says first which it needs.

import type { WorkerClient } from '../workers/clients'
import type { DatasetPreview, DataSource, ModelSource, TokenizerApi } from '../workers/protocol'
import { storedInputs } from './inputs'
import { readInputs } from './storedRuns'
import type { Database } from './storedRuns'

export interface RunInputs {
  readonly model: ModelSource
  readonly data: DataSource
}

export class InputLoader {
  readonly #tokenizer: WorkerClient<TokenizerApi>
  readonly #openDatabase: () => Promise<Database>
  #model: ModelSource | null = null
  #data: DataSource | null = null
  #preview: DatasetPreview | null = null
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

  /** Loads the model's tokenizer unless it is the one held; returns its warning, or ''. */
  async useModel(model: ModelSource): Promise<string> {
    if (this.#same(this.#model, model)) return ''
    this.#model = null
    const { warning } = await this.#tokenizer.call((api) => api.loadTokenizer(model))
    this.#model = model
    return warning ?? ''
  }

  /** Loads the data set unless it is the one held. */
  async useData(data: DataSource): Promise<DatasetPreview> {
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
