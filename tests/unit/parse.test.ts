// JSON data and plain text: rows that differ, one list, wrapped rows, documents; and files that are no data at all.

import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { documentsOf } from '../../src/data/parse/text'
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

const parse = (content: BlobPart, name = 'rows.jsonl') => parseDataset({ [name]: new Blob([content]) }, name)

async function refusal(content: BlobPart, name: string): Promise<FinetaleError> {
  const error = await parse(content, name).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(FinetaleError)
  expect((error as FinetaleError).message).toContain(name)
  expect((error as FinetaleError).action).not.toBe('')
  return error as FinetaleError
}

describe('JSON Lines that are not uniform', () => {
  test('good rows load, the others are told by line and reason', async () => {
    const { rows, dropped, notes, format, columns, layout } = await parse(uneven)
    expect(rows).toEqual([
      { text: 'Name: Ada', target: 'Born at sea.' },
      { text: 'Name: Bo', target: 'Born ashore.' },
      { text: '42', target: 'x' },
      { text: 'Name: Dee', target: 'One\u2028two.' },
    ])
    expect(dropped).toEqual({
      '"text" is missing (line 3)': 1,
      '"text" is null, not text (line 4)': 1,
      'not valid JSON (line 6)': 1,
    })
    expect(notes).toEqual({ '"text" is a number, taken as text (line 7)': 1 })
    expect([format, columns, layout]).toEqual(['JSON Lines', ['text', 'target', 'extra'], 'text + target'])
  })

  test('one JSON array, with a byte order mark', async () => {
    const { rows, format } = await parse(`\ufeff [${ada},\n${nested}]`)
    expect(rows.map((row) => row.text)).toEqual(['Name: Ada', 'Name: Bo'])
    expect(format).toBe('JSON')
  })

  test('an array counts items', async () => {
    const { dropped } = await parse('[null, 7, {"text":"a"}]', 'rows.json')
    expect(dropped).toEqual({
      'null, not an object with columns (item 1)': 1,
      'a number, not an object with columns (item 2)': 1,
    })
  })

  test.each(['\r\n', '\r'])('lines that end in %j', async (end) => {
    const { rows } = await parse([ada, '{"text":"', nested, ''].join(end))
    expect(rows.length).toBe(2)
  })

  test('a null target in a two-column set is dropped, and texts alone are fine', async () => {
    const mixed = await parse(`${ada}\n{"text":"b","target":null}\n{"text":"c"}`)
    expect(mixed.rows.length).toBe(1)
    expect(Object.keys(mixed.dropped)).toEqual(['"target" is null, not text (line 2)', '"target" is missing (line 3)'])
    const alone = await parse('{"text":"b"}\n{"text":"c","target":null}')
    expect(alone.rows).toEqual([{ text: 'b' }, { text: 'c' }])
    expect([alone.mapping, alone.layout]).toEqual([{ text: 'text', target: '' }, 'text'])
  })

  test('empty rows, booleans, lists and numbers that JSON cannot hold exactly are no text', async () => {
    const rows = ['{"text":"a"}', '{"text":" \\n"}', '{"text":true}', '{"text":["a"]}', '{"text":9007199254740993}']
    const { dropped } = await parse(rows.join('\n'))
    expect(dropped).toEqual({
      'empty text (line 2)': 1,
      '"text" is a boolean, not text (line 3)': 1,
      '"text" is a list, not text (line 4)': 1,
      '"text" is a number too large to be exact, not text (line 5)': 1,
    })
  })

  test('counts by reason with the first lines', async () => {
    const { dropped } = await parse([ada, ...Array.from({ length: 7 }, () => '{"text":null}')].join('\n'))
    expect(dropped).toEqual({ '"text" is null, not text (lines 2, 3, 4, 5, 6, …)': 7 })
  })
})

describe('JSON in other shapes', () => {
  test.each([
    ['wrapped and pretty', JSON.stringify({ version: 1, data: [{ text: 'a' }, { text: 'b' }] }, null, 2)],
    ['wrapped on one line', JSON.stringify({ rows: [{ text: 'a' }, { text: 'b' }] })],
    ['columns as lists', JSON.stringify({ text: ['a', 'b'] })],
    ['columns as objects', JSON.stringify({ text: { 0: 'a', 1: 'b' }, n: { 0: 1, 1: null } }, null, 1)],
    ['texts in a list', '["a", "b"]'],
    ['texts on lines', '"a"\n"b"\n'],
    ['other spelling of the name', '{" Text ":"a"}\n{" Text ":"b"}'],
  ])('%s', async (_, content) => {
    const { rows } = await parse(content, 'rows.json')
    expect(rows.map(({ text }) => text)).toEqual(['a', 'b'])
  })

  test.each([
    ['by columns', '{"text":{"2":"c","10":"k","0":"a"}, "n" : { "2" : 1, "10": "}", "0":[]} }'.replace('[]', 'null')],
    ['by rows', '{"2":{"text":"c"},\n"10" : {"text":"k", "n":"\\"{"} ,"0":{"text":"a"}}'],
    ['by columns, with NaN', '{"n":{"2":NaN,"10":-1.5e3,"0":true},"text":{"2":"c","10":"k","0":"a"}}'],
  ])('numbered rows keep the order of the file: %s', async (_, content) => {
    for (const text of [content, `\n ${content} \n`, content.replaceAll(',', ',\n')]) {
      expect((await parse(text, 'rows.json')).rows.map((row) => row.text)).toEqual(['c', 'k', 'a'])
    }
  })

  test('lists on lines are called lists, for that is what is wrong with them', async () => {
    const { message, action } = await refusal('["a","b"]\n["c","d"]\n', 'rows.jsonl')
    expect(message).toContain('2 × a list, not an object with columns (lines 1, 2)')
    expect(message).not.toContain('valid JSON')
    expect(action).toContain('one JSON object a line')
    const { rows, dropped } = await parse('["a","b"]\n{"text":"c"}\n', 'rows.jsonl')
    expect([rows.length, dropped]).toEqual([1, { 'a list, not an object with columns (line 1)': 1 }])
  })

  test('one conversation written over several lines is one row', async () => {
    const talk = { messages: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello.' }] } // prettier-ignore
    expect((await parse(JSON.stringify(talk, null, 2))).rows).toEqual([{ text: 'Hi', target: 'Hello.' }])
  })

  test('values that follow each other on a line or over lines, with broken ones among them', async () => {
    const text = '{"text":"a"}{"text":"b"}, {"text":"c"},\n\u001e{"text":"d"}\n{"text":"e"} oops\n'
    const { rows, dropped } = await parse(text)
    expect(rows.map((row) => row.text)).toEqual(['a', 'b', 'c', 'd'])
    expect(dropped).toEqual({ 'not valid JSON (line 3)': 1 })
    const spread = '{\n "text": "a",\n "x": {"y": "}"}\n}\n{\n "text": "cut\n}\n{\n "text":\n"b"}'
    const { rows: kept, dropped: told } = await parse(spread)
    expect(kept.map((row) => row.text)).toEqual(['a', 'b'])
    expect(told).toEqual({ 'not valid JSON (lines 5, 7)': 2 })
  })

  test('NaN beside a text of some million characters', async () => {
    const long = 'z\\n'.repeat(4e6)
    const { rows } = await parse(`{"text":"${long}","score":NaN}\n{"text":"NaN","score":-Infinity}`)
    expect([rows[0]!.text.length, rows[1]!.text]).toEqual([8e6, 'NaN'])
  })

  test('half of a character is no text', async () => {
    const talk = '{"messages":[{"role":"user","content":"\\udc00"},{"role":"assistant","content":"b"}]}'
    await expect(parse(talk)).rejects.toThrow('holds half of a character')
    const { rows, dropped } = await parse('{"text":"a\\ud83d"}\n{"text":"\\ud83d\\udc09"}')
    expect(rows).toEqual([{ text: '\u{1f409}' }])
    expect(dropped).toEqual({ '"text" holds half of a character (a lone surrogate) (line 1)': 1 })
  })

  test('several lists of rows are not guessed at', async () => {
    const content = JSON.stringify({ train: [{ text: 'a' }], test: [{ text: 'b' }] })
    expect((await refusal(content, 'rows.json')).message).toContain('"train", "test"')
  })
})

describe('plain text', () => {
  test.each([
    ['blank lines', 'a\r\nb\r\n\r\n \t\r\nc\r\n', ['a\nb', 'c']],
    ['lines', 'a\rb\r\n\n'.trimEnd(), ['a', 'b']],
    ['end-of-text tokens, blank lines within', '\na\n\nb\n<|endoftext|>\nc\n<|endoftext|>\n', ['a\n\nb', 'c']],
    ['form feeds', 'a\nb\n\fc\fd', ['a\nb', 'c', 'd']],
    ['spaces are kept', '  a \n\n\tb', ['  a ', '\tb']],
    ['nothing', ' \n\n\f', []],
  ])('%s', (_, source, documents) => {
    expect(documentsOf(source)).toEqual(documents)
  })

  test('gaps of any length take no longer than text of that length', () => {
    const gap = '\n'.repeat(300_000)
    const spaces = ' '.repeat(300_000)
    expect(documentsOf(`a${gap}b`)).toEqual(['a', 'b'])
    expect(documentsOf(`${gap}a${gap}\f${gap}b${gap}`)).toEqual(['a', 'b'])
    expect(documentsOf(`a${gap}<|endoftext|>${gap}b`)).toEqual(['a', 'b'])
    expect(documentsOf(`a${spaces}\n${spaces}x\n${spaces}`)).toEqual([`a${spaces}`, `${spaces}x`])
    expect(documentsOf(' \n'.repeat(200_000) + 'b\n' + '\t\r\n'.repeat(200_000) + 'c')).toEqual(['b', 'c'])
  })

  test('is a data set of documents', async () => {
    const { rows, format, mapping, layout } = await parse('Once.\n\nUpon.', 'tales.txt')
    expect(rows).toEqual([{ text: 'Once.' }, { text: 'Upon.' }])
    expect([format, mapping, layout]).toEqual(['Plain text', { text: 'text', target: '' }, 'text'])
  })
})

describe('what is no data set', () => {
  const bytes = (...values: number[]) => new Uint8Array(values)
  test.each([
    ['a web page', ' <!DOCTYPE html><title>x</title>', 'rows.jsonl', 'a web page'],
    ['a pointer', 'version https://git-lfs.github.com/spec/v1\n', 'rows.parquet', 'Git LFS pointer'],
    ['nothing', '', 'rows.csv', 'nothing'],
    ['a zip', 'PK\u0003\u0004....', 'rows.csv', 'a zip archive'],
    ['a spreadsheet', 'PK\u0003\u0004....xl/workbook.xml', 'rows.csv', 'spreadsheet'],
    ['a spreadsheet by its name', 'PK\u0003\u0004....docProps/app.xml', 'rows.xlsx', 'spreadsheet'],
    ['a tar archive', `${'x'.padEnd(257, '\0')}ustar\u000000`, 'rows.csv', 'a tar archive'],
    ['a download never filled', `text,target\na,b\n${'\0'.repeat(99)}`, 'rows.csv', '99 zero bytes'],
    ['Arrow', 'ARROW1..', 'rows.parquet', 'an Arrow file'],
    ['an Arrow stream', bytes(255, 255, 255, 255, 16, 0, 0, 0), 'data.arrow', 'an Arrow stream'],
    ['a PDF', '%PDF-1.7', 'rows.txt', 'a PDF'],
    ['cut Parquet', 'PAR1....', 'rows.jsonl', 'cut off'],
    ['text named Parquet', 'text,target\na,b', 'rows.parquet', 'begins with PAR1'],
    ['broken gzip', bytes(0x1f, 0x8b, 8, 0), 'rows.jsonl.gz', 'gzip'],
    ['Latin-1', bytes(0x7b, 0x22, 0xe9, 0x22), 'rows.jsonl', 'windows-1252'],
    [
      'typographic quotes of Windows',
      bytes(97, 10, 0x93, 98, 0x94, 10, 100, 0x92, 116),
      'a.txt',
      'line 2 that are not',
    ],
    ['Mac Roman', bytes(97, 0x8e, 98, 10, 99, 0x8f, 0xd5, 115), 'rows.csv', 'Mac Roman'],
    ['UTF-32', bytes(0xff, 0xfe, 0, 0, 97, 0, 0, 0), 'rows.csv', 'UTF-32'],
    ['binary data', bytes(1, 2, 3, 4, 0xff, 0xfe, 6, 7, 8, 0, 1, 2), 'rows.txt', 'binary data'],
    ['a broken array', '[{"text":"a"}', 'rows.json', 'not valid JSON'],
    ["a server's message", '{"error":"Repository not found"}', 'rows.jsonl', 'Repository not found'],
    ['XML', '<?xml version="1.0"?><Error/>', 'rows.csv', 'XML'],
    ['blank lines only', '\n\n', 'rows.jsonl', 'no rows'],
    ['no JSON', 'hello\nworld', 'rows.jsonl', '2 × not valid JSON (lines 1, 2)'],
  ] as const)('refuses %s', async (_, content, name, found) => {
    expect((await refusal(content, name)).message).toContain(found)
  })

  test.each([
    ['ORC,backstory\nGruk,Born in a cave.\n', 'rows.csv', ['ORC', 'backstory'], 'Born in a cave.'],
    ['ORC CHIEFTAIN\n\nGruk was born in a cave, in a caf\u00e9.', 'tales.txt', ['text', ''], ''],
    ['PARENTS: two.\n\nNames unknown.', 'tales.txt', ['text', ''], ''],
    ['BZh\tRar\nx\ty\n', 'rows.tsv', ['BZh', 'Rar'], 'y'],
    ['ARROW1\n\nof three', 'tales', ['text', ''], ''],
    ['SQLite format 3,x\na,b\n', 'rows.csv', ['SQLite format 3', 'x'], 'b'],
  ] as const)(
    'a first word that marks other files is a word in a text: %j',
    async (content, name, [text, target], last) => {
      const { rows } = await parseDataset({ [name]: new Blob([content]) }, name, { text, target })
      expect(rows.at(-1)?.target ?? '').toBe(last)
    },
  )

  test.each([
    ['ORC', 'an ORC file'],
    ['PARE', 'Parquet with an encrypted footer'],
    ['BZh9', 'a bzip2 archive'],
    ['Rar!\x1a\x07', 'a rar archive'],
    ['SQLite format 3', 'a SQLite database'],
    ['ARROW1', 'an Arrow file'],
  ])('but bytes behind %j make it that mark, whatever the name', async (mark, found) => {
    for (const name of ['rows.csv', 'rows.txt', 'rows']) {
      expect((await refusal(`${mark}\0\u0001\u0012text`, name)).message).toContain(found)
    }
  })

  test('a fault behind the first piece, cut in the middle of a character, names its line', async () => {
    const { textPieces, wholeText } = await import('../../src/data/parse/decode')
    const content = new Blob(['ab\né\n€\n', new Uint8Array([0x80, 10])])
    for (let size = 1; size < 12; size++) {
      await expect(wholeText(textPieces(content, 'x.txt', size))).rejects.toThrow('line 4')
    }
    expect(await wholeText(textPieces(content.slice(0, 10), 'x.txt', 1))).toBe('ab\né\n€\n')
  })

  test('refuseImpostor lets a JSON file pass', async () => {
    await expect(refuseImpostor(new Blob(['{}']), 'config.json')).resolves.toBeUndefined()
  })
})

test('bytes of any kind give a data set or a refusal', async () => {
  let state = 12345
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % below
  }
  const starts = ['', '{"text":"', '[', 'text,target\n"a', 'PAR1', '\u001f\u008b\b', '\ufeff']
  const endings = ['jsonl', 'json', 'csv', 'tsv', 'txt', 'parquet', 'csv.gz', 'dat']
  const alphabet = '",;\n\r\t{}[]:\\a\u0000é<|'
  for (let i = 0; i < 300; i++) {
    const length = random(200)
    const tail = i % 2 === 0 ? Uint8Array.from({ length }, () => random(256)) : Array.from({ length }, () => alphabet[random(alphabet.length)]).join('') // prettier-ignore
    const content = new Blob([starts[random(starts.length)]!, tail, random(4) === 0 ? 'PAR1' : ''])
    const name = `rows.${endings[random(endings.length)]}`
    const result = await parseDataset({ [name]: content }, name).catch((caught: unknown) => caught)
    if (result instanceof Error) expect(result).toBeInstanceOf(FinetaleError)
  }
})
