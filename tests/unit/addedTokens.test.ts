// Added tokens that take white space along: where two of them want the same, as the tokenizers library shares it out.

import { expect, test } from 'vitest'
import { AddedTokens, type AddedToken, type Section } from '../../src/data/addedTokens'

const token = (id: number, content: string, flags: Partial<AddedToken> = {}): AddedToken => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false },
  ...flags,
})
const added = new AddedTokens(
  [token(1, '<a>', { rstrip: true }), token(2, '\n', { lstrip: true }), token(3, '<b>', { lstrip: true })],
  (text) => text,
)

// Ids and texts as tokenizers 0.23 splits these; where it stops with "bad split", the token of white space is left out.
test.each<[string, Section[]]>([
  ['<a>x', [1, 'x']],
  ['<a>  x', [1, 'x']],
  ['x  <b>', ['x', 3]],
  ['<a> <b>', [1, 3]],
  ['x \n', ['x', 2]],
  ['<a>\n', [1]],
  ['<a>\nx', [1, 'x']],
  ['<a> \n x', [1, 'x']],
  ['\n<a>', [2, 1]],
])('%j', (text, sections) => {
  expect(added.split(text)).toEqual(sections)
})
