// tokenizer.worker: holds one tokenizer and one data set, and answers TokenizerApi. Wiring only; the work is in src/data.

import { expose, transfer } from 'comlink'
import { listColumns, previewOf, readDataset, type Dataset } from '../data/dataset'
import { LengthCounter } from '../data/statistics'
import { FolderTokenizer } from '../data/tokenizer'
import { tokenizeRows, viewRow } from '../data/tokenize'
import { tokenizerFileNames } from '../data/tokenizerFiles'
import { HubFetcher } from '../hub/fetcher'
import { readFolder } from '../hub/hub'
import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'
import { holdForLife } from '../storage/alive'
import { throwingData } from './errorData'
import type { DataSource, Living, ModelSource, TokenizerApi } from './protocol'

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

/** The data set, once its columns are known. */
function usableDataset(): Dataset {
  const { label, columns, rows } = loadedDataset()
  if (rows.length > 0) return loadedDataset()
  throw new FinetaleError(
    `${label}: expected to know which column holds the text, found ${listColumns(columns)} and no choice.`,
    'Choose the columns for text and target.',
  )
}

/** What becomes of tokens that the model does not know, as sentences; '' when it knows all. */
function extraTokens(loaded: FolderTokenizer): string {
  const extra = loaded.tokensWithoutRow()
  if (extra.length === 0) return ''
  const named = extra.slice(0, 5).join(', ') + (extra.length > 5 ? ` and ${extra.length - 5} more` : '')
  return (
    `The tokenizer has ${extra.length} tokens beyond the model's ${loaded.modelVocabSize} embedding rows: ${named}. ` +
    'Rows that use them are left out.'
  )
}

const lengths = new LengthCounter()
const hub = new HubFetcher()

const api: Omit<TokenizerApi, keyof Living> = {
  fetchModel: (ref, token, onProgress) => hub.fetchModel(ref, token, onProgress),
  fetchData: (ref, token, onProgress) => hub.fetchData(ref, token, onProgress),
  cancelFetch: () => hub.cancelFetch(),
  cachedBytes: (ref) => hub.cachedBytes(ref),
  removeCached: (ref) => hub.removeCached(ref),

  async loadTokenizer(model: ModelSource) {
    const files = await readFolder(model, ['config.json'], tokenizerFileNames)
    // Only a tokenizer that could be built replaces the one that is held.
    const loaded = await FolderTokenizer.load(files, model.label)
    tokenizer = loaded
    lengths.cancel()
    const { vocabSize, eosId, padId } = loaded
    const warning = [extraTokens(loaded), loaded.note].filter((sentence) => sentence !== '').join(' ')
    return { vocabSize, eosId, padId, ...(warning === '' ? {} : { warning }) }
  },

  async loadDataset(data: DataSource) {
    // Only a data set that could be read replaces the one that is held.
    const read = await readDataset(data)
    dataset = read
    lengths.cancel()
    return previewOf(read)
  },

  async viewRow(row: number, recipe: Recipe) {
    const data = usableDataset().rows[row]
    if (data === undefined) throw new FinetaleError(`The data set has no row ${row + 1}.`, 'Choose another row.')
    return viewRow(data, recipe, loadedTokenizer())
  },

  async statistics(recipe: Recipe) {
    return lengths.statistics(usableDataset().rows, loadedTokenizer(), recipe)
  },

  async tokenize(recipe: Recipe, onProgress: (done: number, total: number) => void) {
    const { rows, dropped, notes } = usableDataset()
    const tokenized = tokenizeRows(rows, recipe, loadedTokenizer(), dropped, onProgress)
    const result = { ...tokenized, notes: { ...notes, ...tokenized.notes } }
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

const exposed: TokenizerApi = {
  holdForLife,
  fetchModel: throwingData(api.fetchModel.bind(api)),
  fetchData: throwingData(api.fetchData.bind(api)),
  cancelFetch: throwingData(api.cancelFetch.bind(api)),
  cachedBytes: throwingData(api.cachedBytes.bind(api)),
  removeCached: throwingData(api.removeCached.bind(api)),
  loadTokenizer: throwingData(api.loadTokenizer.bind(api)),
  loadDataset: throwingData(api.loadDataset.bind(api)),
  viewRow: throwingData(api.viewRow.bind(api)),
  statistics: throwingData(api.statistics.bind(api)),
  tokenize: throwingData(api.tokenize.bind(api)),
  encode: throwingData(api.encode.bind(api)),
  decode: throwingData(api.decode.bind(api)),
}

expose(exposed)
