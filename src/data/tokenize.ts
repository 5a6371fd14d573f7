// From rows of text to rows of ids: joining, truncation or packing, what is dropped and why, split, padding, fingerprint.
// Pure: it runs wherever a TextCodec does, and knows neither workers nor files.

import type { Recipe } from '../recipe/recipe'
import { FinetaleError } from '../recipe/error'
import type { DataRow, RowView, TokenizedDataset, TokenRows } from '../workers/protocol'
import { bytesOf, crc32, hex32 } from '../formats/crc32'
import { reasonsAsText } from './dataset'
import { codePoints, packTexts } from './pack'
import { trainTestSplit } from './split'
import type { EncodedStart, TextCodec } from './tokenizer'

const PROGRESS_EVERY = 32

/** A row's text as the course notebook joins it: text, one space, target; documents alone stay as they are. */
export function rowText({ text, target }: DataRow): string {
  return target === undefined ? text : `${text} ${target}`
}

/** Tokens a row may have: packed ones are never cut. */
export function rowLimit({ packing, max_length }: Recipe): number {
  return packing ? Infinity : max_length
}

/** A row's ids, cut at its limit; end-of-text is there when the recipe appends it and the row fits with it. */
function rowIds(row: DataRow, recipe: Recipe, codec: TextCodec): EncodedStart {
  const limit = rowLimit(recipe)
  const start = codec.encodeStart(rowText(row), limit)
  if (recipe.append_eos && start.ids.length < limit) start.ids.push(codec.eosId)
  return start
}

/** Why a row cannot be trained on, or null. */
function rowProblem(ids: readonly number[], codec: TextCodec): string | null {
  for (const id of ids) {
    if (id >= codec.modelVocabSize)
      return `${codec.tokenText(id)} (id ${id}) in the text, for which the model has no row`
  }
  return ids.length < 2 ? 'too short: one token or none, so there is nothing to predict' : null
}

/** How long a start or an end two texts share. */
function shared(a: string, b: string, atEnd: boolean): number {
  let length = 0
  const at = (text: string) => text[atEnd ? text.length - 1 - length : length]
  while (length < a.length && at(a) === at(b)) length++
  return length
}

/** One row as the model sees it. A character that truncation splits is shown with the part that is cut. */
export function viewRow(row: DataRow, recipe: Recipe, codec: TextCodec): RowView {
  const kept = rowIds(row, recipe, codec).ids
  const whole = codec.encode(rowText(row))
  const all = whole.length > kept.length ? whole : kept
  const text = codec.decode(all, false)
  const cutsStart = codec.truncationSide === 'left'
  const length = kept.length === all.length ? text.length : shared(codec.decode(kept, false), text, cutsStart)
  const border = cutsStart ? text.length - length : length
  const [before, after] = [text.slice(0, border), text.slice(border)]
  return {
    kept: cutsStart ? after : before,
    cut: cutsStart ? before : after,
    cutsStart,
    tokens: kept.map((id) => ({ id, text: codec.tokenText(id) })),
    realTokens: kept.length,
    cutTokens: all.length - kept.length,
    padTokens: recipe.padding === 'max_length' && !recipe.packing ? recipe.max_length - kept.length : 0,
  }
}

function padRows(rows: readonly Int32Array[], order: Int32Array, recipe: Recipe, padId: number): TokenRows {
  const lengths = Int32Array.from(order, (row) => rows[row]!.length)
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0)
  const length = recipe.padding === 'max_length' ? recipe.max_length : longest
  const ids = new Int32Array(order.length * length).fill(padId)
  order.forEach((row, i) => ids.set(rows[row]!, i * length))
  return { ids, lengths, rows: order.length, length }
}

function count(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1
}

/**
 * Tokenizes, drops what cannot be trained on, splits with the recipe's seed, then pads or packs. The split is by text, so
 * no block holds tokens of both sides. Every row of the result has at least two tokens, and every id has a row in the
 * model.
 * @param droppedBefore rows dropped in parsing, by reason; carried into the result
 * @param onProgress rows done, of all rows
 * @throws FinetaleError when no row is left to train on
 */
export function tokenizeRows(
  rows: readonly DataRow[],
  recipe: Recipe,
  codec: TextCodec,
  droppedBefore: Readonly<Record<string, number>>,
  onProgress: (done: number, total: number) => void,
): TokenizedDataset {
  const dropped: Record<string, number> = { ...droppedBefore }
  const notes: Record<string, number> = {}
  const usable: Int32Array[] = []
  const characters: number[] = []
  const atStart =
    codec.truncationSide === 'left' ? ' at the start, as truncation_side "left" of the tokenizer asks' : ''
  rows.forEach((row, i) => {
    const { ids: kept, cut, lost } = rowIds(row, recipe, codec)
    const problem = rowProblem(kept, codec)
    if (problem === null) {
      usable.push(Int32Array.from(kept))
      if (recipe.packing) characters.push(codePoints(rowText(row)))
      if (kept.slice(0, -1).includes(codec.eosId)) count(notes, 'end-of-text token typed inside the text')
      if (lost) count(notes, 'characters that the vocabulary does not cover')
      if (cut) count(notes, `cut to ${recipe.max_length} tokens${atStart}`)
    } else {
      count(dropped, problem)
    }
    if ((i + 1) % PROGRESS_EVERY === 0 || i + 1 === rows.length) onProgress(i + 1, rows.length)
  })

  const split = trainTestSplit(usable.length, recipe.test_size, recipe.seed)
  if (split.train.length === 0) {
    const found = usable.length === 0 ? `none: ${reasonsAsText(dropped)}` : `${usable.length}, all of them held out`
    throw new FinetaleError(
      `The data set leaves nothing to train on: expected usable rows, found ${found}.`,
      'Add longer rows, or hold out a smaller share for evaluation.',
    )
  }
  const toRows = (order: Int32Array) =>
    recipe.packing ? packTexts(usable, order, recipe.max_length) : padRows(usable, order, recipe, codec.padId)
  const train = toRows(split.train)
  const evaluation = toRows(split.test)
  const sum = (order: Int32Array, of: (row: number) => number) => order.reduce((all, row) => all + of(row), 0)
  const real = train.lengths.reduce((all, length) => all + length, 0)
  return {
    train,
    eval: evaluation,
    padId: codec.padId,
    eosId: codec.eosId,
    ...(recipe.packing
      ? {
          heldOut: {
            characters: sum(split.test, (row) => characters[row]!),
            tokens: sum(split.test, (row) => usable[row]!.length),
          },
        }
      : {}),
    dropped,
    notes,
    paddingShare: 1 - real / train.ids.length,
    fingerprint: hex32(crc32(bytesOf(evaluation.ids), crc32(bytesOf(train.ids)))),
  }
}
