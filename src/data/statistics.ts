// How long the rows of a data set are in tokens: counted once, then described for any recipe. It trains on nothing.
// Counting gives way to other calls of the worker every few milliseconds, and ends when it is no longer wanted.

import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'
import type { DataRow, DatasetStatistics } from '../workers/protocol'
import { rowLimit, rowText } from './tokenize'
import type { TextCodec } from './tokenizer'

/** Time between two looks at the queue of calls. A single row is not interrupted. */
const SLICE_MS = 25
const BINS = 20

/** Lets waiting messages be handled; a promise alone would not. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port2.onmessage = () => {
      port1.close()
      resolve()
    }
    port1.postMessage(null)
  })
}

/**
 * Tokens of each row, before the cut and without an end-of-text.
 * @param stillWanted asked after each slice of work
 * @throws FinetaleError with the code 'cancelled' when it is wanted no longer
 */
export async function countTokens(
  rows: readonly DataRow[],
  codec: Pick<TextCodec, 'encode'>,
  stillWanted: () => boolean,
): Promise<Int32Array> {
  const counts = new Int32Array(rows.length)
  let began = performance.now()
  for (const [i, row] of rows.entries()) {
    counts[i] = codec.encode(rowText(row)).length
    if (performance.now() - began < SLICE_MS) continue
    await macrotask()
    if (!stillWanted()) {
      throw new FinetaleError('The rows were not counted to the end.', 'Ask again.', { code: 'cancelled' })
    }
    began = performance.now()
  }
  return counts
}

/** The smallest of 1, 2, 5, 10, 20, 50, … that cuts 0..max into no more than BINS bins. */
function binWidth(max: number): number {
  for (let power = 1; ; power *= 10) {
    const width = [1, 2, 5].map((step) => step * power).find((step) => Math.floor(max / step) < BINS)
    if (width !== undefined) return width
  }
}

/**
 * Describes token counts under a recipe: an end-of-text counts where the recipe appends it and it fits, and rows are
 * padded to max_length or to the longest row there is. Packed texts are neither cut nor padded.
 * @param counts tokens of each row before the cut
 */
export function describeLengths(counts: Int32Array, recipe: Recipe): DatasetStatistics {
  const { append_eos: appends } = recipe
  const limit = rowLimit(recipe)
  const lengths = counts.map((count) => (appends && count < limit ? count + 1 : count))
  const rows = lengths.length
  const total = lengths.reduce((sum, length) => sum + length, 0)
  const maxTokens = lengths.reduce((a, b) => Math.max(a, b), 0)
  const kept = lengths.reduce((sum, length) => sum + Math.min(length, limit), 0)
  const longest = recipe.padding === 'max_length' ? limit : Math.min(maxTokens, limit)
  const positions = recipe.packing ? kept : rows * longest
  const width = binWidth(maxTokens)
  const bins = Array.from({ length: rows === 0 ? 0 : Math.floor(maxTokens / width) + 1 }, () => 0)
  for (const length of lengths) bins[Math.floor(length / width)]!++
  return {
    rows,
    meanTokens: rows === 0 ? 0 : total / rows,
    maxTokens,
    cutRows: lengths.reduce((sum, length) => sum + (length > limit ? 1 : 0), 0),
    paddingShare: positions === 0 ? 0 : 1 - kept / positions,
    histogram: bins.map((count, i) => ({ from: i * width, to: (i + 1) * width, rows: count })),
  }
}

/** Counts a data set's tokens once for each pair of data set and tokenizer; a newer request ends an older one. */
export class LengthCounter {
  #counted: { rows: readonly DataRow[]; codec: TextCodec; counts: Int32Array } | null = null
  #request = 0

  /** Ends a count under way: its data set or tokenizer is being replaced. */
  cancel(): void {
    this.#request++
  }

  /** @throws FinetaleError with the code 'cancelled' when another request came before it was done */
  async statistics(rows: readonly DataRow[], codec: TextCodec, recipe: Recipe): Promise<DatasetStatistics> {
    const request = ++this.#request
    if (this.#counted?.rows !== rows || this.#counted.codec !== codec) {
      const counts = await countTokens(rows, codec, () => request === this.#request)
      this.#counted = { rows, codec, counts }
    }
    return describeLengths(this.#counted.counts, recipe)
  }
}
