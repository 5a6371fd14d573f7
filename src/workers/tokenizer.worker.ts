// tokenizer.worker: holds one tokenizer and one data set, and answers TokenizerApi. Wiring only; the work is in src/data.

import { expose, transfer } from 'comlink'
import { readDataset, type Dataset } from '../data/dataset'
import { FolderTokenizer } from '../data/tokenizer'
import { tokenizeRows, viewRow } from '../data/tokenize'
import { readFolder } from '../hub/hub'
import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'
import type { DataSource, FinetaleErrorData, ModelSource, TokenizerApi } from './protocol'

const PREVIEW_ROWS = 10

let tokenizer: FolderTokenizer | null = null
let dataset: Dataset | null = null

function loadedTokenizer(): FolderTokenizer {
  if (tokenizer === null) throw new FinetaleError('No tokenizer is loaded.', 'Choose a model first.')
  return tokenizer
}

function loadedDataset(): Dataset {
  if (dataset === null) throw new FinetaleError('No data set is loaded.', 'Choose a data set first.')
  return dataset
}

const api: TokenizerApi = {
  async loadTokenizer(model: ModelSource) {
    const files = await readFolder(model, ['tokenizer.json', 'config.json'], ['tokenizer_config.json'])
    // Only a tokenizer that could be built replaces the one that is held.
    const loaded = await FolderTokenizer.load(files, model.label)
    tokenizer = loaded
    const { vocabSize, eosId, padId } = loaded
    const extra = loaded.tokensWithoutRow()
    if (extra.length === 0) return { vocabSize, eosId, padId }
    const named = extra.slice(0, 5).join(', ') + (extra.length > 5 ? ` and ${extra.length - 5} more` : '')
    const warning =
      `The tokenizer has ${extra.length} tokens beyond the model's ${loaded.modelVocabSize} embedding rows: ${named}. ` +
      'Rows that use them are left out.'
    return { vocabSize, eosId, padId, warning }
  },

  async loadDataset(data: DataSource) {
    dataset = await readDataset(data)
    return { rows: dataset.rows.slice(0, PREVIEW_ROWS), totalRows: dataset.rows.length, dropped: dataset.dropped }
  },

  async viewRow(row: number, recipe: Recipe) {
    const data = loadedDataset().rows[row]
    if (data === undefined) throw new FinetaleError(`The data set has no row ${row + 1}.`, 'Choose another row.')
    return viewRow(data, recipe, loadedTokenizer())
  },

  async tokenize(recipe: Recipe, onProgress: (done: number, total: number) => void) {
    const { rows, dropped } = loadedDataset()
    const result = tokenizeRows(rows, recipe, loadedTokenizer(), dropped, onProgress)
    const { train, eval: evaluation } = result
    return transfer(result, [train.ids.buffer, train.lengths.buffer, evaluation.ids.buffer, evaluation.lengths.buffer])
  },

  async encode(text: string) {
    const codec = loadedTokenizer()
    const ids = codec.encode(text)
    const bad = ids.find((id) => !Number.isInteger(id) || id >= codec.modelVocabSize)
    if (bad !== undefined) {
      throw new FinetaleError(
        `The text holds ${codec.tokenText(bad)} (id ${bad}), for which the model has no row.`,
        'Leave that token out of the text.',
      )
    }
    // A model needs one token to start from; the end of a text is what comes before a new one.
    return Int32Array.from(ids.length === 0 ? [codec.eosId] : ids)
  },

  async decode(ids: Int32Array, skipSpecialTokens: boolean) {
    return loadedTokenizer().decode(ids, skipSpecialTokens)
  },
}

/** Errors leave as data, because a class does not survive the port. */
function errorData(error: unknown): FinetaleErrorData {
  const action = error instanceof FinetaleError ? error.action : ''
  return error instanceof Error
    ? { name: error.name, message: error.message, action }
    : { name: 'Error', message: String(error), action }
}

function throwingData<Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) {
  return async (...args: Args): Promise<Result> => {
    try {
      return await call(...args)
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw errorData(error)
    }
  }
}

const exposed: TokenizerApi = {
  loadTokenizer: throwingData(api.loadTokenizer.bind(api)),
  loadDataset: throwingData(api.loadDataset.bind(api)),
  viewRow: throwingData(api.viewRow.bind(api)),
  tokenize: throwingData(api.tokenize.bind(api)),
  encode: throwingData(api.encode.bind(api)),
  decode: throwingData(api.decode.bind(api)),
}

expose(exposed)
