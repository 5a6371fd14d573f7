// Packing: group_texts' rule for the rest, the split by text, and characters as Python counts them.

import { describe, expect, test } from 'vitest'
import { codePoints, packTexts } from '../../src/data/pack'
import { describeLengths } from '../../src/data/statistics'
import { tokenizeRows, viewRow } from '../../src/data/tokenize'
import type { TextCodec } from '../../src/data/tokenizer'
import { demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'

/** A token a letter; 'z' is the end of a text. */
const codec: TextCodec = {
  modelVocabSize: 128,
  eosId: 122,
  padId: 122,
  encode: (text) => Array.from(text, (letter) => letter.charCodeAt(0)),
  encodeStart: (text, max) => ({
    ids: codec.encode(text).slice(0, max),
    cut: codec.encode(text).length > max,
    lost: false,
  }),
  decode: (ids) => String.fromCharCode(...Array.from(ids)),
  tokenText: (id) => String.fromCharCode(id),
}

const recipe: Recipe = { ...demo(), packing: true, max_length: 4, append_eos: true, test_size: 0 }
const texts = (...all: string[]) => all.map((text) => ({ text }))
const blocks = ({ ids, rows, length }: { ids: Int32Array; rows: number; length: number }) =>
  Array.from({ length: rows }, (_, i) => codec.decode(ids.subarray(i * length, (i + 1) * length), false))

describe('packTexts', () => {
  const parts = ['abc', 'd', 'efghij'].map((text) => Int32Array.from(codec.encode(text)))

  test('joins in the order given and leaves the rest out', () => {
    expect(blocks(packTexts(parts, Int32Array.of(2, 0, 1), 4))).toEqual(['efgh', 'ijab'])
  })

  test('keeps a rest that is all there is, and nothing of a single token', () => {
    const short = packTexts(parts, Int32Array.of(0, 1), 8)
    expect(blocks(short)).toEqual(['abcd'])
    expect([...short.lengths]).toEqual([4])
    expect(packTexts(parts, Int32Array.of(1), 8).rows).toBe(0)
    expect(packTexts(parts, new Int32Array(0), 8).rows).toBe(0)
  })
})

test('texts are cut by blocks only, with end-of-text behind each', () => {
  const { train, paddingShare, notes } = tokenizeRows(texts('abcdefghij', 'kl'), recipe, codec, {}, () => {})
  expect(blocks(train)).toEqual(['abcd', 'efgh', 'ijzk'])
  expect(paddingShare).toBe(0)
  expect(notes).toEqual({})
  const bare = tokenizeRows(texts('abcdef', 'gh'), { ...recipe, append_eos: false }, codec, {}, () => {})
  expect(blocks(bare.train)).toEqual(['abcd', 'efgh'])
})

test('whole texts are held out, counted in code points and in tokens', () => {
  const letters = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i))
  const rows = texts(...letters.map((letter) => letter.repeat(7)))
  const held = tokenizeRows(rows, { ...recipe, test_size: 0.2 }, codec, {}, () => {})
  const seen = (found: Parameters<typeof blocks>[0]) => new Set(blocks(found).join('').replaceAll('z', ''))
  expect(seen(held.train).size).toBe(16)
  expect([...seen(held.eval)].filter((letter) => seen(held.train).has(letter))).toEqual([])
  expect(held.heldOut).toEqual({ characters: 28, tokens: 32 })
  expect(tokenizeRows(rows, { ...recipe, packing: false }, codec, {}, () => {}).heldOut).toBeUndefined()
})

test('code points are those of Python', () => {
  expect(['', 'abc', 'é', '🐉🐉', 'a\ud83d', '\udc09\ud83d'].map(codePoints)).toEqual([0, 3, 1, 2, 2, 2])
})

test('a packed text is shown whole and described as neither cut nor padded', () => {
  const view = viewRow({ text: 'abcdefghij' }, { ...recipe, padding: 'max_length' }, codec)
  expect(view).toMatchObject({ kept: 'abcdefghijz', cut: '', realTokens: 11, cutTokens: 0, padTokens: 0 })
  expect(describeLengths(Int32Array.of(10, 2), recipe)).toMatchObject({ meanTokens: 7, cutRows: 0, paddingShare: 0 })
})
