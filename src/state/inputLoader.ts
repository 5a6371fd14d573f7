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
  #ofRun = new Map<string, RunInputs>()

  constructor(tokenizer: WorkerClient<TokenizerApi>, openDatabase: () => Promise<Database>) {
    this.#tokenizer = tokenizer
    this.#openDatabase = openDatabase
  }

  /** Loads the model's tokenizer unless it is the one held; returns its warning, or ''. */
  async useModel(model: ModelSource): Promise<string> {
    if (this.#model === model) return ''
    this.#model = null
    const { warning } = await this.#tokenizer.call((api) => api.loadTokenizer(model))
    this.#model = model
    return warning ?? ''
  }

  /** Loads the data set unless it is the one held. */
  async useData(data: DataSource): Promise<DatasetPreview> {
    if (this.#data === data && this.#preview) return this.#preview
    this.#data = null
    this.#preview = await this.#tokenizer.call((api) => api.loadDataset(data))
    this.#data = data
    return this.#preview
  }

  /** Remembers what a run of this page was started with. */
  started(runId: string, inputs: RunInputs): void {
    this.#ofRun.set(runId, inputs)
  }

  /** A run's inputs: those it was started with here, or those kept in storage. */
  async ofRun(runId: string): Promise<RunInputs> {
    const known = this.#ofRun.get(runId)
    if (known) return known
    const db = await this.#openDatabase()
    const record = await db.get('runs', runId)
    const inputs = storedInputs(await readInputs(db, runId), record ?? { modelLabel: '', dataLabel: '' })
    this.#ofRun.set(runId, inputs)
    return inputs
  }

  /** The worker was restarted and holds nothing. */
  forget(): void {
    this.#model = null
    this.#data = null
  }
}
