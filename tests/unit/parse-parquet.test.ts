// Parquet by codec and by type, written here with hyparquet-writer; files by other tools are in dataset-golden.test.ts.

import { brotliCompressSync, gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import type { ColumnMapping } from '../../src/workers/protocol'

const first = 9007199254740993n
const column = (name: string) => Array.from({ length: 100 }, (_, i) => `${name} ${i}, “žluťoučký” ${'x'.repeat(i)}`)
const compressors = {
  GZIP: (input: Uint8Array) => new Uint8Array(gzipSync(input)),
  BROTLI: (input: Uint8Array) => new Uint8Array(brotliCompressSync(input)),
}

function write(codec: 'SNAPPY' | 'UNCOMPRESSED' | 'GZIP' | 'BROTLI' | 'LZO'): Uint8Array<ArrayBuffer> {
  const buffer = parquetWriteBuffer({
    codec,
    compressors: { ...compressors, LZO: (input: Uint8Array) => input },
    rowGroupSize: 30,
    columnData: [
      { name: 'text', data: column('text'), type: 'STRING' },
      { name: 'target', data: column('target'), type: 'STRING' },
      { name: 'id', data: Array.from({ length: 100 }, (_, i) => first + BigInt(i)), type: 'INT64' },
    ],
  })
  return new Uint8Array(buffer)
}

const parse = (content: BlobPart, mapping?: ColumnMapping) =>
  parseDataset({ 'rows.parquet': new Blob([content]) }, 'rows.parquet', mapping)

describe('codecs', () => {
  test.each(['SNAPPY', 'UNCOMPRESSED', 'GZIP', 'BROTLI'] as const)('%s', async (codec) => {
    const { rows, columns, format } = await parse(write(codec))
    expect(rows).toEqual(column('text').map((text, i) => ({ text, target: column('target')[i]! })))
    expect([columns, format]).toEqual([['text', 'target', 'id'], 'Parquet'])
  })

  test('another is refused by its name', async () => {
    await expect(parse(write('LZO'))).rejects.toThrow('rows.parquet: expected a column packed with Snappy')
    await expect(parse(write('LZO'))).rejects.toThrow('found LZO')
  })

  test('an integer of 64 bits is exact as text, and said to be a number', async () => {
    const { rows, notes } = await parse(write('SNAPPY'), { text: 'id', target: 'text' })
    expect(rows[0]!.text).toBe('9007199254740993')
    expect(rows[99]!.text).toBe('9007199254741092')
    expect(notes).toEqual({ '"id" is a number, taken as text (rows 1, 2, 3, 4, 5, …)': 100 })
    expect(() => JSON.stringify(rows)).not.toThrow()
  })

  test('columns that are not chosen are not read', async () => {
    const bytes = write('UNCOMPRESSED')
    // The ids' pages are spoilt: whoever reads them fails or sees other ids.
    const at = bytes.findIndex((_, i) => new DataView(bytes.buffer).getBigUint64(i, true) === first)
    const slices: [number, number][] = []
    const blob = new Blob([bytes])
    const slice = blob.slice.bind(blob)
    blob.slice = (start = 0, end = blob.size) => {
      slices.push([start, end])
      return slice(start, end)
    }
    await parseDataset({ 'rows.parquet': blob }, 'rows.parquet')
    const footer = new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 8
    const body = slices.filter(([start, end]) => start >= 4096 || end <= bytes.length - footer)
    expect(at).toBeGreaterThan(0)
    expect(
      body.filter(([start, end]) => start <= at && at < end && end - start < bytes.length / 2 && start > 0),
    ).toEqual([])
  })
})

test('an encrypted column is called so, and is in nobody’s way where it is not used', async () => {
  const content = new Uint8Array(readFileSync(new URL('../golden/data/encrypted.parquet', import.meta.url)))
  await expect(parse(content)).rejects.toThrow('rows.parquet: expected columns that can be read, found "target" encrypted.') // prettier-ignore
  expect((await parse(content, { text: 'text', target: '' })).rows).toEqual([{ text: 'a' }, { text: 'b' }])
})

test('types that are not text, as a user who maps them sees them', async () => {
  const path = new URL('../golden/data/types.parquet', import.meta.url)
  const content = new Uint8Array(readFileSync(path))
  const expected: Record<string, (string | RegExp)[]> = {
    when: ['2023-08-15 12:34:56.789', '2023-08-15 12:34:56.789'],
    zone: ['2023-08-15 12:34:56.789', '2023-08-15 12:34:56.789'],
    old: ['2023-08-15 12:34:56.789', '2023-08-15 12:34:56.789'],
    day: ['2023-08-15', '2023-08-15'],
    amount: ['15', '15'],
    big: ['18446744073709551615', '1'],
    small: ['-3'],
    real: ['0.5'],
  }
  for (const [text, values] of Object.entries(expected)) {
    const { rows } = await parse(content, { text, target: '' })
    expect(
      rows.map((row) => row.text),
      text,
    ).toEqual(values)
  }
  await expect(parse(content, { text: 'yes', target: '' })).rejects.toThrow('"yes" is a boolean, not text')
  await expect(parse(content, { text: 'bytes', target: '' })).rejects.toThrow('"bytes" is binary data, not text')
  const old = new Uint8Array(readFileSync(new URL('../golden/data/int96.parquet', import.meta.url)))
  expect((await parse(old, { text: 'old', target: '' })).rows[0]!.text).toBe('2023-08-15 12:34:56.789')
})

test('every cut and a bit turned anywhere give rows or a refusal', async () => {
  const bytes = write('SNAPPY').slice()
  for (let cut = 0; cut < bytes.length; cut += 997) {
    await expect(parse(bytes.slice(0, cut))).rejects.toThrow('rows.parquet')
  }
  for (let at = 0; at < bytes.length; at += 503) {
    const turned = bytes.slice()
    turned[at]! ^= 1 << (at % 8)
    const result = await parse(turned).catch((caught: unknown) => caught)
    if (result instanceof Error) expect(result.name).toBe('FinetaleError')
  }
})
