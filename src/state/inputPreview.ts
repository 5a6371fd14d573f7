// Loads the chosen inputs into the tokenizer worker and shows what the model will see of them: the first rows, one row as
// tokens, how long rows are. It chooses nothing and trains nothing.

import type { Recipe } from '../recipe/recipe'
import { toErrorData } from '../workers/clients'
import type { DataSource, ModelSource } from '../workers/protocol'
import type { ControllerParts } from './controllerParts'

export class InputPreview {
  readonly #parts: ControllerParts
  #recipe: Recipe
  #settled: Promise<unknown> = Promise.resolve()

  constructor(parts: ControllerParts, recipe: Recipe) {
    this.#parts = parts
    this.#recipe = recipe
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
    const empty = { preview: null, rowView: null, rowIndex: 0, statistics: null, error: null }
    store.update({ ready: false, model, data, ...empty })
    const wanted = () => store.state.model === model && store.state.data === data
    const load = async () => {
      try {
        if (wanted()) await this.#load(model, data, wanted)
        return true
      } catch (thrown) {
        if (!wanted()) return true
        store.update({ error: toErrorData(thrown) })
        return false
      }
    }
    const loaded = this.#settled.then(load)
    this.#settled = loaded
    return loaded
  }

  async #load(model: ModelSource | null, data: DataSource | null, wanted: () => boolean): Promise<void> {
    const { store, inputs } = this.#parts
    if (model) {
      const warning = await inputs.useModel(model)
      if (warning) store.note(warning)
    }
    if (!data) return
    const preview = await inputs.useData(data)
    if (!wanted()) return
    store.update({ preview })
    // Without rows the columns have still to be chosen.
    if (!model || preview.totalRows === 0) return
    await this.viewRow(0, this.#recipe)
    if (wanted()) store.update({ ready: true })
  }

  /** Shows a row as the model sees it under `recipe`. Without a tokenizer there is nothing to show. */
  async viewRow(rowIndex: number, recipe: Recipe): Promise<void> {
    // Lengths depend on how rows are cut and joined, so what was counted under another recipe is forgotten.
    const same = sameRows(this.#recipe, recipe)
    this.#recipe = recipe
    const { store, tokenizer } = this.#parts
    if (!same && store.state.statistics) store.update({ statistics: null })
    if (!store.state.model) return
    try {
      const rowView = await tokenizer.call((api) => api.viewRow(rowIndex, recipe))
      store.update({ rowIndex, rowView })
    } catch (thrown) {
      store.update({ error: toErrorData(thrown) })
    }
  }

  /** Counts the tokens of every row. */
  async count(recipe: Recipe): Promise<void> {
    const { store, tokenizer } = this.#parts
    const { data } = store.state
    try {
      const statistics = await tokenizer.call((api) => api.statistics(recipe))
      if (store.state.data === data) store.update({ statistics })
    } catch (thrown) {
      const error = toErrorData(thrown)
      // Another data set or tokenizer has come in between: then nobody waits for this count.
      if (error.code !== 'cancelled') store.update({ error })
    }
  }
}

function sameRows(a: Recipe, b: Recipe): boolean {
  const fields = ['max_length', 'padding', 'append_eos', 'test_size', 'per_device_train_batch_size'] as const
  return fields.every((field) => a[field] === b[field])
}
