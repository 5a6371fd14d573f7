// What becomes of a row whose target is empty, null or missing: three cases that must not be taken for one another.

import { expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { rowText } from '../../src/data/tokenize'

const textsOf = async (content: string, name = 'rows.jsonl') =>
  (await parseDataset({ [name]: new Blob([content]) }, name)).rows.map(rowText)

test('an empty target is joined like any other, a text without targets stays as it is', async () => {
  expect(await textsOf('{"text":"Hello","target":""}')).toEqual(['Hello '])
  expect(await textsOf('{"text":"Hello","target":"you"}\n{"text":"Hello","target":""}')).toEqual([
    'Hello you',
    'Hello ',
  ])
  expect(await textsOf('{"text":"Hello"}\n{"text":"you","target":null}')).toEqual(['Hello', 'you'])
  expect(await textsOf('Hello\n\nyou', 'a.txt')).toEqual(['Hello', 'you'])
})

test('an answer that says nothing is a target too', async () => {
  const turns = [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: '' }] // prettier-ignore
  expect(await textsOf(JSON.stringify({ messages: turns }))).toEqual(['Hi '])
})

test('a target of null or none leaves the row out, and an empty cell of CSV is none', async () => {
  const lines = '{"text":"a","target":"A"}\n{"text":"b","target":null}\n{"text":"c"}\n{"text":"","target":""}'
  const { rows, dropped } = await parseDataset({ 'a.jsonl': new Blob([lines]) }, 'a.jsonl')
  expect(rows).toEqual([{ text: 'a', target: 'A' }])
  expect(Object.keys(dropped)).toEqual([
    '"target" is null, not text (line 2)',
    '"target" is missing (line 3)',
    'empty text and target (line 4)',
  ])
  expect(await textsOf('text,target\na,A\nb,\nc,""\n', 'a.csv')).toEqual(['a A'])
})
