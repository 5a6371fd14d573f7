// Files written by pyarrow, pandas and datasets (tests/golden/make_data.py): the same rows as Python reads from them.

import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import type { ColumnMapping, DataRow } from '../../src/workers/protocol'

interface Expected {
  readonly rows: readonly DataRow[]
  readonly columns: readonly string[] | null
  readonly mapping: ColumnMapping | null
  readonly layout: string | null
}

const folder = new URL('../golden/data/', import.meta.url)
const blob = (name: string) => new Blob([new Uint8Array(readFileSync(new URL(name, folder)))])
const expected = JSON.parse(await blob('expected.json').text()) as Record<string, Expected>

test('every file is in the list, but for those of types and the encrypted one', () => {
  const files = readdirSync(folder).filter(
    (name) => !['expected.json', 'types.parquet', 'int96.parquet', 'encrypted.parquet'].includes(name),
  )
  expect(files.sort()).toEqual(Object.keys(expected).sort())
})

describe('files of real tools', () => {
  test.each(Object.entries(expected))('%s', async (name, { rows, columns, mapping, layout }) => {
    const read = await parseDataset({ [name]: blob(name) }, name)
    expect(read.rows).toEqual(rows)
    expect(read.mapping).toEqual(mapping ?? { text: 'text', target: 'target' })
    expect(read.layout).toBe(layout ?? 'text + target')
    if (columns !== null) expect(read.columns).toEqual(columns)
  })

  test('rows that are no rows are counted', async () => {
    const dropped = async (name: string) => (await parseDataset({ [name]: blob(name) }, name)).dropped
    expect(await dropped('nulls.parquet')).toEqual({
      '"text" is null, not text (row 2)': 1,
      '"target" is null, not text (row 3)': 1,
    })
    expect(await dropped('holes.csv')).toEqual({
      '"text" is missing (lines 3, 5)': 2,
      '"target" is missing (line 4)': 1,
    })
    expect(await dropped('messages.parquet')).toEqual({
      '"messages" has no turn of an assistant (row 3)': 1,
      '"messages" is a list, not text (row 4)': 1,
      '"messages" is null, not text (row 5)': 1,
    })
  })
})

describe('several files', () => {
  test('are read in the order of their names, of one format, with the same columns', async () => {
    const parse = (files: Record<string, string>) =>
      parseDataset(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, new Blob([text])])), 'set')
    const { rows, dropped } = await parse({ 'b.jsonl': '{"text":"2"}\n{"text":null}', 'a.jsonl': '{"text":"1"}' })
    expect(rows.map(({ text }) => text)).toEqual(['1', '2'])
    expect(dropped).toEqual({ '"text" is null, not text (b.jsonl line 2)': 1 })
    await expect(parse({ 'a.jsonl': '{"text":"1"}', 'b.csv': 'text\nx' })).rejects.toThrow('files of one format')
    await expect(parse({ 'a.jsonl': '{"text":"1"}', 'b.jsonl': '{"txt":"1"}' })).rejects.toThrow('b.jsonl: expected the column "text"') // prettier-ignore
    await expect(parse({})).rejects.toThrow('found none')
  })
})
