// Packing: the texts of a split behind each other, cut into blocks of one length, as plain text is pretrained on. It moves
// ids; what a text's ids are, and whether an end-of-text closes them, is tokenize.ts.

import type { TokenRows } from '../workers/protocol'

/**
 * Joins texts in the order given and cuts them into blocks of `length` tokens. The rule for the rest is that of
 * group_texts in transformers' run_clm: a last block that is not full is left out, unless it is the only one. A block may
 * begin in the middle of a text and hold several; attention sees across them, and each token but a block's first is
 * predicted.
 * @param order which texts, and in which order
 * @param length tokens of a block
 * @returns rows without padding; none when there are fewer than two tokens
 */
export function packTexts(texts: readonly Int32Array[], order: Int32Array, length: number): TokenRows {
  const total = order.reduce((sum, text) => sum + texts[text]!.length, 0)
  const full = Math.floor(total / length)
  const rows = full === 0 && total >= 2 ? 1 : full
  const used = full === 0 ? total : length
  const ids = new Int32Array(rows * used)
  let at = 0
  for (const text of order) {
    if (at === ids.length) break
    const part = texts[text]!.subarray(0, ids.length - at)
    ids.set(part, at)
    at += part.length
  }
  return { ids, lengths: new Int32Array(rows).fill(used), rows, length: used }
}

/** Characters of a text as Python counts them: code points, a surrogate without its partner included. */
export function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i + 1 < text.length; i++) {
    // A high surrogate followed by a low one.
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) count--
  }
  return count
}
