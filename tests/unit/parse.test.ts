// Data files: rows that differ, files in other formats, and pages in place of files.

import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { parseJsonRows } from '../../src/data/parse/jsonl'
import { refuseImpostor } from '../../src/hub/hub'
import { FinetaleError } from '../../src/recipe/error'

const ada = '{"text":"Name: Ada","target":"Born at sea."}'
const nested = '{"text":"Name: Bo","target":"Born ashore.","extra":{"a":[1,2]}}'
const uneven = [
  ada,
  '',
  '{"target":"No text here."}',
  '{"text":null,"target":"x"}',
  nested,
  '{"text":"Name: Cut","tar',
  '{"text":42,"target":"x"}',
  '{"text":"Name: Dee","target":"One\u2028two."}',
].join('\n')

const parse = (content: string | Uint8Array<ArrayBuffer>, name = 'rows.jsonl') =>
  parseDataset(new Blob([content]), name, name)

describe('JSON Lines that are not uniform', () => {
  test('good rows load, the others are told by line and reason', () => {
    const { rows, problems, unit } = parseJsonRows(uneven, 'rows.jsonl')
    expect(rows).toEqual([
      { text: 'Name: Ada', target: 'Born at sea.' },
      { text: 'Name: Bo', target: 'Born ashore.' },
      { text: 'Name: Dee', target: 'One\u2028two.' },
    ])
    expect(unit).toBe('line')
    expect(problems).toEqual([
      { line: 3, reason: '"text" is missing' },
      { line: 4, reason: '"text" is null, not text' },
      { line: 6, reason: 'not valid JSON' },
      { line: 7, reason: '"text" is a number, not text' },
    ])
  })

  test('one JSON array, with a byte order mark', async () => {
    const { rows } = await parse(`\ufeff [${ada},\n${nested}]`)
    expect(rows.map((row) => row.text)).toEqual(['Name: Ada', 'Name: Bo'])
  })

  test('an array counts items', () => {
    const { problems, unit } = parseJsonRows('[null, 7, {"text":"a"}]', 'rows.json')
    expect(unit).toBe('item')
    expect(problems.map((problem) => problem.line)).toEqual([1, 2])
  })

  test('Windows line ends', () => {
    expect(parseJsonRows(`${ada}\r\n${nested}\r\n`, 'rows.jsonl').rows.length).toBe(2)
  })

  test('a null target in a two-column set is dropped, and texts alone are fine', () => {
    const mixed = parseJsonRows(`${ada}\n{"text":"b","target":null}\n{"text":"c"}`, 'rows.jsonl')
    expect(mixed.rows.length).toBe(1)
    expect(mixed.problems.map((problem) => problem.reason)).toEqual([
      '"target" is null, not text',
      '"target" is missing',
    ])
    expect(parseJsonRows('{"text":"b"}\n{"text":"c","target":null}', 'rows.jsonl').rows).toEqual([
      { text: 'b', target: '' },
      { text: 'c', target: '' },
    ])
  })
})

describe('parseDataset', () => {
  test('counts by reason with the lines', async () => {
    const { dropped } = await parse(`${uneven}\n{"text":" ","target":""}\n{"text":null,"target":"y"}`)
    expect(dropped).toEqual({
      '"text" is missing (line 3)': 1,
      '"text" is null, not text (lines 4, 10)': 2,
      'not valid JSON (line 6)': 1,
      '"text" is a number, not text (line 7)': 1,
      'empty text and target': 1,
    })
  })

  test.each([
    ['a web page', ' <!DOCTYPE html><title>x</title>', 'rows.jsonl', 'a web page'],
    ['a pointer', 'version https://git-lfs.github.com/spec/v1\n', 'rows.jsonl', 'Git LFS pointer'],
    ['nothing', '', 'rows.jsonl', 'nothing'],
    ['CSV by name', 'text,target\na,b\n', 'rows.csv', 'CSV'],
    ['Parquet by content', 'PAR1....', 'rows.jsonl', 'Parquet'],
    ['gzip by content', new Uint8Array([0x1f, 0x8b, 8, 0]), 'rows.jsonl', 'gzip'],
    ['Latin-1', new Uint8Array([0x7b, 0x22, 0xe9, 0x22]), 'rows.jsonl', 'UTF-8'],
    ['a broken array', '[{"text":"a"}', 'rows.json', 'not valid JSON'],
    ['other columns', '{"prompt":"a"}', 'rows.jsonl', '"text" is missing'],
    ['blank lines only', '\n\n', 'rows.jsonl', 'no rows'],
  ] as const)('refuses %s', async (_, content, name, found) => {
    const error = await parse(content as string, name).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(FinetaleError)
    expect((error as FinetaleError).message).toContain(name)
    expect((error as FinetaleError).message).toContain(found)
  })
})

test('refuseImpostor lets a JSON file pass', async () => {
  await expect(refuseImpostor(new Blob(['{}']), 'config.json')).resolves.toBeUndefined()
})
