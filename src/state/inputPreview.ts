// Loads the chosen inputs into the tokenizer worker and shows what the model will see of them: the first rows, one row as
// tokens, how long rows are. It chooses nothing and trains nothing.

import type { Recipe } from '../recipe/recipe'
import { toErrorData } from '../workers/clients'
import type { DataSource, ModelSource } from '../workers/protocol'
import type { ControllerParts } from './controllerParts'

export class InputPreview {
  readonly #parts: ControllerParts
  /** The run in this tab's trainer; '' when there is none. */
  readonly #live: () => string
  /** What rows are cut and counted by. */
  #recipe: Recipe
  #settled: Promise<unknown> = Promise.resolve()
  /** What the inputs that could be loaded last consist of, the model's and the data's. */
  #loaded: readonly unknown[] = [null, null]
  /** The count asked for last. */
  #count: symbol | null = null

  constructor(parts: ControllerParts, recipe: Recipe, live: () => string) {
    this.#parts = parts
    this.#recipe = recipe
    this.#live = live
  }

  /** Settles when the inputs chosen last are loaded or refused. */
  get settled(): Promise<unknown> {
    return this.#settled
  }

  /**
   * Loads tokenizer, data set and first rows; a side that is null has still to be fetched. One after the other, because
   * the worker holds one of each; a choice that another has replaced meanwhile is passed over.
   * @returns false when the inputs were refused; the store then holds the error
   */
  prepare(model: ModelSource | null, data: DataSource | null): Promise<boolean> {
    const { store } = this.#parts
    const empty = { preview: null, rowView: null, rowIndex: 0, statistics: null, error: null, refused: false }
    store.update({ ready: false, model, data, ...empty })
    const wanted = () => store.state.model === model && store.state.data === data
    const load = async () => {
      try {
        if (wanted()) await this.#load(model, data, wanted)
        return true
      } catch (thrown) {
        if (!wanted()) return true
        store.update({ error: toErrorData(thrown), refused: true })
        return false
      }
    }
    const loaded = this.#settled.then(load)
    this.#settled = loaded
    return loaded
  }

  async #load(model: ModelSource | null, data: DataSource | null, wanted: () => boolean): Promise<void> {
    const { store, inputs } = this.#parts
    const { warning, preview } = await inputs.with(model, data, (loaded) => Promise.resolve(loaded))
    if (!wanted()) return
    const before = this.#loaded
    this.#loaded = [model, data].map(contentOf)
    // What was fetched comes in the place of nothing, with notes of its own; a refused choice has replaced nothing.
    if (before.some((content, side) => content !== null && content !== this.#loaded[side])) store.inputsReplaced()
    if (warning) store.note(warning)
    if (!data || !preview) return
    store.update({ preview })
    if (!model || preview.totalRows === 0) return
    await this.viewRow(0, this.#recipe)
    if (wanted()) store.update({ ready: true })
  }

  /** Shows a row as the model sees it under `recipe`. Without a tokenizer, or known columns, there is nothing to show. */
  async viewRow(rowIndex: number, recipe: Recipe): Promise<void> {
    // Lengths depend on how rows are cut and joined, so what was counted under another recipe is forgotten.
    const same = sameRows(this.#recipe, recipe)
    this.#recipe = recipe
    const { store, tokenizer } = this.#parts
    if (!same && store.state.statistics) store.update({ statistics: null })
    const { model, data, preview } = store.state
    if (!model || !data || !preview || preview.totalRows === 0) return
    const wanted = () => store.state.model === model && store.state.data === data && this.#recipe === recipe
    try {
      const rowView = await this.#with(model, data, () => tokenizer.call((api) => api.viewRow(rowIndex, recipe)))
      if (wanted()) store.update({ rowIndex, rowView })
    } catch (thrown) {
      if (wanted()) store.update({ error: toErrorData(thrown) })
    }
  }

  /** Counts the tokens of every row. */
  async count(recipe: Recipe): Promise<void> {
    const { store, tokenizer } = this.#parts
    const { model, data } = store.state
    if (!model || !data) return
    this.#recipe = recipe
    const mine = (this.#count = Symbol('count'))
    const wanted = () => this.#count === mine && store.state.model === model && store.state.data === data
    try {
      // A count goes on with the tokenizer it began with, or is cancelled: nobody has to wait for it to end.
      const { counted } = await this.#with(model, data, () =>
        Promise.resolve({ counted: tokenizer.call((api) => api.statistics(recipe)) }),
      )
      const statistics = await counted
      if (!wanted()) return
      if (sameRows(this.#recipe, recipe)) store.update({ statistics })
      else await this.count(this.#recipe)
    } catch (thrown) {
      if (!wanted()) return
      const error = toErrorData(thrown)
      // Another tokenizer has come in between, for a text: the rows are still the page's.
      if (error.code === 'cancelled') await this.count(this.#recipe)
      else store.update({ error })
    }
  }

  /** Calls `use` with the page's inputs. A live run keeps its own, whose model the page has by another name at most. */
  #with<T>(model: ModelSource, data: DataSource, use: () => Promise<T>): Promise<T> {
    return this.#parts.inputs.with(this.#live() === '' ? model : null, data, use)
  }
}

/** One for the same files or address, however their columns are read. */
function contentOf(source: ModelSource | DataSource | null): unknown {
  return source && (source.kind === 'files' ? source.files : source.url)
}

function sameRows(a: Recipe, b: Recipe): boolean {
  const fields = ['max_length', 'padding', 'packing', 'append_eos', 'test_size', 'per_device_train_batch_size'] as const
  return fields.every((field) => a[field] === b[field])
}
