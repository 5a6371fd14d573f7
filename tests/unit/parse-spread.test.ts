// Objects written over several lines, one after the other: their inner objects are no rows, wherever in a file they stand.

import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { readJsonTable } from '../../src/data/parse/jsonl'

const parse = (content: string, name = 'rows.jsonl') => parseDataset({ [name]: new Blob([content]) }, name)

const talk = (word: string) => ({
  messages: [
    { role: 'user', content: `${word}?` },
    { role: 'assistant', content: `${word}.` },
  ],
})
const row = (word: string) => ({ text: `${word}?`, target: `${word}.` })
/** Each turn of a conversation on a line of its own. */
const spread = (word: string) => {
  const turns = talk(word).messages.map((turn) => `  ${JSON.stringify(turn)}`)
  return `{"messages": [\n${turns.join(',\n')}\n]}`
}

describe('conversations with a turn on each line', () => {
  test.each([
    ['one after the other', `${spread('a')}\n${spread('b')}\n`],
    ['with commas between them', `${spread('a')},\n${spread('b')},`],
    ['on one line where one ends and the next begins', `${spread('a')}${spread('b')}`],
    ['with other line ends', `${spread('a')}\n${spread('b')}`.replaceAll('\n', '\r\n')],
    ['with line ends of old', `${spread('a')}\n${spread('b')}`.replaceAll('\n', '\r')],
    ['with commas before and not behind', `${spread('a')}\n${spread('b')}`.replaceAll(',\n', '\n,')],
    ['after a record separator', `\x1e${spread('a')}\n\x1e${spread('b')}`],
    ['after one on a line', `${JSON.stringify(talk('a'))}\n${spread('b')}\n`],
    ['before one on a line', `${spread('a')}\n${JSON.stringify(talk('b'))}\n`],
    [
      'after one on a line, with line ends of old',
      `${JSON.stringify(talk('a'))}\n${spread('b')}`.replaceAll('\n', '\r'),
    ],
  ])('%s', async (_, content) => {
    const { rows, dropped } = await parse(content)
    expect([rows, dropped]).toEqual([[row('a'), row('b')], {}])
  })

  test('a broken one is told by its line, and the others are whole', async () => {
    const { rows, dropped } = await parse(`${spread('a')}\n{"messages": [,]}\n${spread('b')}\n{"text": "cut\n`)
    expect([rows, dropped]).toEqual([[row('a'), row('b')], { 'not valid JSON (lines 5, 10)': 2 }])
  })
})

describe('lines stay lines', () => {
  const good = (word: string) => JSON.stringify({ text: word })
  test.each([
    ['cut off in a string', '{"text":"Cut, {'],
    ['without its last bracket', '{"text":{"a":"b"}'],
    ['with something behind it', '{"text":"e"} oops'],
    ['with a quote too many', '{"text":"5" tall"}'],
    ['in single quotes', "{'text': 'a'}"],
    ['an open bracket', '{'],
  ])('beside one %s', async (_, broken) => {
    for (const before of [[], [good('a')]]) {
      const { rows, dropped } = await parse([...before, broken, good('b'), good('c')].join('\n'))
      expect(rows.map(({ text }) => text)).toEqual([...before.map(() => 'a'), 'b', 'c'])
      expect(dropped).toEqual({ [`not valid JSON (line ${before.length + 1})`]: 1 })
    }
  })

  test('beside an object over several lines, where one of them is without its last bracket', async () => {
    const content = [good('a'), '{"text":{"a":"b"}', ...'bcdefgh'.split('').map(good), '{\n"text":\n"i"\n}', good('j')]
    const { rows } = await parse(content.join('\n'))
    expect(rows.map(({ text }) => text).join('')).toBe('abcdefghj')
  })
})

describe('in pieces', () => {
  async function table(content: string, size: number) {
    async function* pieces() {
      for (let at = 0; at < content.length; at += size) yield content.slice(at, at + size)
    }
    const { problems, read } = await readJsonTable(pieces(), 'rows.jsonl')
    const { rows, line } = await read(['messages', 'text'])
    return { problems, lines: Array.from({ length: rows }, (_, i) => line(i)) }
  }

  test.each(['\n', '\r\n', '\r'])('rows and problems have the same lines, which end in %j', async (end) => {
    const one = JSON.stringify(talk('a'))
    const content = [one, '', '{"text":"cut', one, spread('b'), one, '{"text":"e"} oops', spread('c'), '{"text":"cut', ''].join('\n').replaceAll('\n', end) // prettier-ignore
    const expected = await table(content, content.length)
    expect(expected.lines).toEqual([1, 4, 5, 9, 10, 11])
    expect(expected.problems.map(({ line }) => line)).toEqual([3, 10, 15])
    for (let size = 1; size < content.length; size += 3) expect([size, await table(content, size)]).toEqual([size, expected]) // prettier-ignore
    const plain = [one, one, '', '{"text":"cut', one, '{"text":"cut', one].join(end)
    for (let size = 1; size <= plain.length; size += 3) {
      const { lines, problems } = await table(plain, size)
      expect([size, lines, problems.map(({ line }) => line)]).toEqual([size, [1, 2, 5, 7], [4, 6]])
    }
  })
})
