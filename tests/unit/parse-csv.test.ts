// CSV as people's programs write it: marks and spaces around the header, other separators, mixed line ends, quotes.

import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { readCsvTable } from '../../src/data/parse/csv'
import { textPieces } from '../../src/data/parse/decode'
import { RowCutter } from '../../src/data/parse/rowCutter'
import { MT19937 } from '../../src/data/random'
import type { ColumnMapping } from '../../src/workers/protocol'

const parse = (content: BlobPart, name = 'rows.csv', mapping?: ColumnMapping) =>
  parseDataset({ [name]: new Blob([content]) }, name, mapping)

const two = [
  { text: 'a, b', target: 'c' },
  { text: 'd', target: 'e' },
]

function utf16(text: string, bigEndian: boolean): ArrayBuffer {
  const buffer = new ArrayBuffer(2 * text.length)
  const view = new DataView(buffer)
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), !bigEndian)
  return buffer
}

describe('marks around the header', () => {
  const plain = 'text,target\n"a, b",c\nd,e\n'
  test.each<[string, BlobPart, string]>([
    ['a byte order mark', `\ufeff${plain}`, 'rows.csv'],
    ['a byte order mark and a quoted header', `\ufeff"text","target"\n"a, b",c\nd,e\n`, 'rows.csv'],
    ['spaces and case', 'Text , target \n"a, b",c\nd,e\n', 'rows.csv'],
    ['semicolons, with a comma inside a field', 'text;target\na, b;c\nd;e\n', 'rows.csv'],
    ['tabs', 'text\ttarget\na, b\tc\nd\te\n', 'rows.csv'],
    ['tabs by name', 'text\ttarget\na, b\tc\nd\te', 'rows.tsv'],
    ['UTF-16 little-endian', utf16(`\ufeff${plain}`, false), 'rows.csv'],
    ['UTF-16 big-endian', utf16(`\ufeff${plain}`, true), 'rows.csv'],
    ['UTF-16 without a mark', utf16(plain, false), 'rows.csv'],
    ['blank lines before and between', '\n\ntext,target\n\n"a, b",c\n\nd,e\n\n', 'rows.csv'],
    ['empty fields of a spreadsheet', 'text,target\n"a, b",c,,\nd,e,,\n', 'rows.csv'],
  ])('%s', async (_, content, name) => {
    const { rows, mapping, dropped } = await parse(content, name)
    expect(rows).toEqual(two)
    expect([mapping.text.toLowerCase(), mapping.target]).toEqual(['text', 'target'])
    expect(dropped).toEqual({})
  })

  test('other columns are listed, and the user may choose', async () => {
    const content = 'name,story\nAda,Born at sea.\nBo,Born ashore.\n'
    expect(await parse(content.replace('story', 'tale'))).toMatchObject({
      rows: [],
      columns: ['name', 'tale'],
      mapping: { text: '', target: '' },
      layout: '',
    })
    const chosen = await parse(content, 'rows.csv', { text: 'name', target: 'story' })
    expect(chosen.rows[1]).toEqual({ text: 'Bo', target: 'Born ashore.' })
    expect(await parse(content, 'rows.csv', { text: 'nobody', target: 'story' })).toMatchObject({
      rows: [],
      layout: '',
    })
  })
})

describe('line ends and quotes', () => {
  const content =
    'text,target\na,b\r\n"line 1\nline 2","say ""hi"""\r\n5\' 10" tall,fine\r\n"CR\rand\r\nCRLF", "x" \rlast,"é\u{1f409}"'
  const rows = [
    { text: 'a', target: 'b' },
    { text: 'line 1\nline 2', target: 'say "hi"' },
    { text: '5\' 10" tall', target: 'fine' },
    { text: 'CR\rand\r\nCRLF', target: ' "x" ' },
    { text: 'last', target: 'é\u{1f409}' },
  ]

  test('mixed, read whole', async () => {
    expect((await parse(content)).rows).toEqual(rows)
  })

  test.each([1, 2, 3, 7, 64])('mixed, in pieces of %d bytes', async (size) => {
    const table = await readCsvTable(textPieces(new Blob([content]), 'rows.csv', size))
    const { cells, line } = await table.read(['text', 'target'])
    expect(rows.map((_, i) => ({ text: cells[0]![i], target: cells[1]![i] }))).toEqual(rows)
    expect(rows.map((_, i) => line(i))).toEqual([2, 3, 5, 6, 9])
  })

  test('pieces that begin after the dialect is known', async () => {
    const long = Array.from({ length: 4000 }, (_, i) => `"row, ${i}\r\nnext",t${i}${['\n', '\r\n', '\r'][i % 3]}`)
    const pieces = textPieces(new Blob(['text,target\n', ...long]), 'rows.csv', 1001)
    const { cells, rows: count } = await (await readCsvTable(pieces)).read(['target', 'text'])
    expect(count).toBe(4000)
    expect(cells[0]).toEqual(long.map((_, i) => `t${i}`))
    expect(cells[1]![3999]).toBe('row, 3999\r\nnext')
  })

  test('every row of another width is told by line', async () => {
    const { rows: kept, dropped } = await parse('text,target\na,b\n"c\nd"\ne,f,g\n,h\ni,j\n')
    expect(kept.map(({ text }) => text)).toEqual(['a', 'i'])
    expect(dropped).toEqual({
      '"target" is missing (line 3)': 1,
      'more fields than the 2 expected (line 5)': 1,
      '"text" is missing (line 6)': 1,
    })
  })

  test('a row without its last cells has all the others', async () => {
    const content = 'text,target,notes\na,b,c\nd,e\nf,g,\nh\n'
    const { rows: kept, dropped } = await parse(content)
    expect(kept).toEqual([{ text: 'a', target: 'b' }, { text: 'd', target: 'e' }, { text: 'f', target: 'g' }]) // prettier-ignore
    expect(dropped).toEqual({ '"target" is missing (line 5)': 1 })
    const { rows: alone } = await parse(content, 'rows.csv', { text: 'text', target: '' })
    expect(alone.map(({ text }) => text)).toEqual(['a', 'd', 'f', 'h'])
  })

  test('a quote that nothing closes costs the rows behind it, and is told', async () => {
    const { rows: kept, dropped } = await parse('text,target\na,b\n"c,d\ne,f\n')
    expect(kept).toEqual([{ text: 'a', target: 'b' }])
    expect(Object.keys(dropped)).toEqual([
      'a quote is opened and never closed: the rest of the file went into this row (line 3)',
    ])
  })

  test('a quote inside a quoted field that is not doubled is text', async () => {
    expect((await parse('text,target\n"5" tall",b\n"a" "b",c\n')).rows).toEqual([
      { text: '5" tall', target: 'b' },
      { text: 'a" "b', target: 'c' },
    ])
  })

  test('a quoted part that ends in mid-field costs no other row, in pieces of any size', async () => {
    const raw = 'text,target\n"Hi, you" she said,"a"b"c\r\n"x" y"",\n"5" tall",z "q" "r\n"a""b" c'
    const cells = [['Hi, you she said', 'x y""', '5" tall', undefined], ['ab"c', undefined, 'z "q" "r', undefined]] as const // prettier-ignore
    for (let size = 1; size <= raw.length; size += size < 20 ? 1 : 7) {
      const table = await readCsvTable(textPieces(new Blob([raw]), 'rows.csv', size))
      const read = await table.read(['text', 'target'])
      expect(read.cells).toEqual(
        cells.map((column) => [...column.slice(0, 3), column === cells[0] ? 'a"b c' : undefined]),
      )
      expect(table.problems).toEqual([])
    }
  })

  test('any mixture of quotes, separators and line ends is cut the same in pieces of any size', () => {
    const random = new MT19937(5)
    const signs = ['"', '"', ',', 'a', ' ', '\n', '\r']
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: 1 + (random.next32() % 24) }, () => signs[random.next32() % 7]).join('')
      const whole = new RowCutter(',').push(text, true)
      const cutter = new RowCutter(',')
      const at = random.next32() % text.length
      expect([text, cutter.push(text.slice(0, at), false) + cutter.push(text.slice(at), true)]).toEqual([text, whole])
    }
  })

  test('a line with a hundred thousand quotes that close nothing is cut at once', { timeout: 10_000 }, () => {
    const line = '"a"b,'.repeat(100_000)
    expect(new RowCutter(',').push(`${line}\n`, true)).toBe(`${'"ab",'.repeat(100_000)}\n`)
  })

  test('a header alone is no data', async () => {
    await expect(parse('text,target\n')).rejects.toThrow('no rows')
  })
})

describe('one column, or no header', () => {
  test('nothing separates where the header has one name', async () => {
    const { rows, format, layout } = await parse('story\nOnce, long ago\n"Quoted, ""too"""\n')
    expect(rows.map(({ text }) => text)).toEqual(['Once, long ago', 'Quoted, "too"'])
    expect([format, layout]).toEqual(['CSV with one column', 'documents'])
  })

  test('a first line of prose is no header', async () => {
    const { rows, format } = await parse('There was a keeper of the light who never slept.\nShe rowed.\n')
    expect(rows.length).toBe(2)
    expect(format).toContain('no header line')
    const pairs = await parse('"A keeper of the light, who never slept.",Born\nB,Raised\n', 'rows.csv')
    expect(pairs).toMatchObject({ rows: [], columns: ['column 1', 'column 2'] })
    const chosen = await parse('"A keeper, who never slept.",Born\nB,Raised\n', 'rows.csv', {
      text: 'column 1',
      target: 'column 2',
    })
    expect(chosen.rows[0]).toEqual({ text: 'A keeper, who never slept.', target: 'Born' })
  })

  test.each([
    [
      'a form',
      'Timestamp,"What is your name?","Tell us your story."\n2024/05/01 9:41:07 AM GMT+2,Ada,"Born at sea, why?"\n2024/05/02 10:00:00 PM GMT+2,Bo,"Raised."\n',
    ],
    [
      'a form with one answer',
      'Timestamp,"What is your name?","Tell us your story."\n5/1/2024 9:41:07,Ada,Born at sea.\n',
    ],
    ['questions alone', '"What is your name?","Tell us your story, please."\nAda,Born at sea.\nBo,Raised.\n'],
    ['sentences above numbers', '"Rate the story from 1 to 5, please.","Tell us why you think so."\n3,Slow.\n5,\n'],
  ])('a header may hold sentences: %s', async (_, content) => {
    const { rows, columns, format } = await parse(content)
    expect(rows).toEqual([])
    expect(columns.at(-1)).toMatch(/^Tell us/)
    expect(format).toBe('CSV')
    const [text = '', target = ''] = columns.slice(-2)
    expect((await parse(content, 'rows.csv', { text, target })).rows[0]?.target).toMatch(/^Born|^Slow/)
  })

  test.each([
    ['questions below', '"Who is the keeper of it all?","A woman who never sleeps."\nWho rowed?,She did.\n'],
    ['numbers from the top', '1,"A keeper of the light, who never slept."\n2,She rowed.\n'],
    ['dates from the top', '2024-05-01 10:00,"A keeper of the light, who never slept."\n2024-05-02,She rowed.\n'],
    ['an empty cell', ',"A keeper of the light, who never slept."\n2,She rowed.\n'],
  ])('rows alone stay rows: %s', async (_, content) => {
    const { columns, format } = await parse(content)
    expect([columns, format]).toEqual([['column 1', 'column 2'], 'CSV, no header line'])
  })

  test('names that are empty or double get names of their own', async () => {
    expect((await parse(',text,text\n0,a,b\n')).columns).toEqual(['column 1', 'text', 'text (2)'])
  })
})
