// Bytes that are no text: files that were cut off, faults of every kind with their lines, and what is advised for each;
// the same in pieces of any size, packed or not.

import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { textPieces, wholeText } from '../../src/data/parse/decode'
import { refusal } from '../support/weightFiles'

const bytes = (...values: number[]) => new Uint8Array(values)
const sizes = [1, 2, 3, 4, 5, 7, 16, 2 ** 22]

/** What is said of a file, which must be the same whatever the size of the pieces. */
async function said(...parts: BlobPart[]): Promise<string> {
  const blob = new Blob(parts)
  const all = new Set<string>()
  for (const size of sizes) {
    const { message, action } = await refusal(wholeText(textPieces(blob, 'x.txt', size)))
    all.add(`${message} ${action}`)
  }
  expect(all.size).toBe(1)
  return [...all][0]!
}

const cut =
  'x.txt: expected a whole text, found one that ends in the middle of a character: it was cut off. ' +
  'Download the file again, or cut it at the end of a line. If nothing is missing, save it with the encoding UTF-8.'
const almost = (line: number) =>
  `x.txt: expected text in UTF-8, found bytes in line ${line} that are not, though those around them are. ` +
  'Save the file again with the encoding UTF-8, or leave those bytes out: iconv -c -f UTF-8 -t UTF-8 FILE > NEW-FILE.'

describe('a text that ends in the middle of a character was cut off', () => {
  test.each([
    ['one byte of two', bytes(0xc3)],
    ['one byte of three', bytes(0xe2)],
    ['two bytes of three', bytes(0xe2, 0x80)],
    ['the least of three', bytes(0xe0, 0xa0)],
    ['the last before the surrogates', bytes(0xed, 0x9f)],
    ['one byte of four', bytes(0xf0)],
    ['two bytes of four', bytes(0xf0, 0x9f)],
    ['three bytes of four', bytes(0xf4, 0x8f, 0xbf)],
  ])('%s', async (_, end) => {
    expect(await said('first\nsecond ', end)).toBe(cut)
    expect(await said('café\n\u{1f409}', end)).toBe(cut)
  })

  test('in UTF-16, within a unit or between two', async () => {
    expect(await said(bytes(0xff, 0xfe, 97, 0, 98))).toBe(cut)
    expect(await said(bytes(0xfe, 0xff, 0, 97, 0xd8, 0x3d))).toBe(cut)
  })

  test('in every format, packed too', async () => {
    const rows: Record<string, string> = { jsonl: '{"text":"a"}\n{"text":"b', csv: 'text\na\nb', tsv: 'text\tn\na\t', txt: 'a\n\nb' } // prettier-ignore
    for (const [end, text] of Object.entries(rows)) {
      const whole = new Uint8Array([...new TextEncoder().encode(text), 0xe2, 0x80])
      for (const [name, content] of [
        [`x.${end}`, whole],
        [`x.${end}.gz`, gzipSync(whole)],
      ] as const) {
        // prettier-ignore
        const { message } = await refusal(parseDataset({ [name]: new Blob([content]) }, name))
        expect(message).toBe(cut.slice(0, cut.indexOf(' Download')).replace('x.txt', name))
      }
    }
  })

  test('what is whole is read whole', async () => {
    const text = 'é\n\u20ac\r\n\u{1f409}\ud7ff\ue000\u{10ffff}\u0800\n'
    for (const size of sizes) expect(await wholeText(textPieces(new Blob([text]), 'x.txt', size))).toBe(text)
  })
})

describe('bytes that have the form of UTF-8 and are none', () => {
  test.each([
    ['halves of a character', bytes(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80)],
    ['overlong in two bytes', bytes(0xc0, 0x80)],
    ['overlong in three', bytes(0xe0, 0x80, 0x80)],
    ['overlong in four', bytes(0xf0, 0x8f, 0xbf, 0xbf)],
    ['beyond the last character', bytes(0xf4, 0x90, 0x80, 0x80)],
  ])('%s', async (_, fault) => {
    expect(await said('one\ntwo\n', fault, ' three\nfour\n')).toBe(almost(3))
    expect(await said('é\n\u{1f409}', fault)).toBe(almost(2))
    expect(await said('\u{1f409}\n', fault, '\n'.repeat(40))).toBe(almost(2))
  })
})

describe('a text in UTF-8 with a fault', () => {
  test.each([
    ['a character cut in its middle', bytes(0xe2, 0x80)],
    ['a byte that begins none', bytes(0x80)],
    ['a byte that is never used', bytes(0xff)],
  ])('%s', async (_, fault) => {
    expect(await said('é\n\u{1f409}\u20ac', fault, '\nmore\n')).toBe(almost(2))
    expect(await said('é\n\u{1f409}', fault, 'é\n')).toBe(almost(2))
  })

  test('lines are counted as the readers of rows count them', async () => {
    expect(await said('é\r\né\ré\n\r\n\ré', bytes(0xff), 'é')).toBe(almost(6))
  })

  test('far behind the first piece, and a long way from its beginning', async () => {
    const line = `${'é'.repeat(49)}\n`
    const blob = new Blob([line.repeat(90_000), 'é', bytes(0xe2, 0x80), line.repeat(10)])
    const { message } = await refusal(wholeText(textPieces(blob, 'x.txt')))
    expect(message).toContain('in line 90001 that are not, though those around them are')
  })
})

describe('other encodings are still told by their bytes', () => {
  test.each([
    ['windows-1252', 'WINDOWS-1252', bytes(99, 97, 102, 0xe9, 10, 0xe0, 32, 0xe9, 116, 0xe9)],
    ['windows-1252', 'WINDOWS-1252', bytes(0x93, 0xc9, 0x92, 97, 0x94, 32, 0xe9)],
    ['Mac Roman', 'MACINTOSH', bytes(99, 0x8e, 0xd5, 115, 13, 0x8f, 0xd5, 115)],
    ['Mac Roman', 'MACINTOSH', bytes(100, 0xd5, 0x8e, 0x8f, 97, 0xd5, 115, 32, 0xd5, 116)],
  ])('%s', async (name, iconv, content) => {
    const text = await said('one\n', content)
    expect(text).toContain(`in line 2 that are not; the encoding may be ${name}`)
    expect(text).toContain(`iconv -f ${iconv} -t UTF-8`)
  })
})
