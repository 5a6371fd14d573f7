// Plain text as documents. Where one ends and the next begins is read off the file; no cell is ever missing.
// Rule: lines that hold only <|endoftext|> separate documents; without them blank lines do; without those each line is one.

import type { Table } from './table'

const END_OF_TEXT = /^[ \t]*<\|endoftext\|>[ \t]*$/m
const BLANK = /\n(?:[ \t]*\n)+/

/** Cuts a text into documents. Line ends become LF, form feeds end documents, empty documents vanish. */
export function documentsOf(source: string): string[] {
  // A page break may stand at the start of a line, as in book files, or inside one.
  const text = source.replace(/\r\n?/g, '\n').replace(/\n*\f\n*/g, '\n\f\n')
  const pages = text.split('\f').map((page) => page.replace(/^(?:[ \t]*\n)+|(?:\n[ \t]*)+$/g, ''))
  let separator: RegExp | string = '\n'
  if (END_OF_TEXT.test(text)) separator = new RegExp(END_OF_TEXT.source, 'gm')
  else if (pages.some((page) => BLANK.test(page))) separator = BLANK
  else if (pages.length > 1) return pages.filter((page) => page.trim() !== '')
  return pages
    .flatMap((page) => page.split(separator))
    .map((document) => document.replace(/^(?:[ \t]*\n)+|(?:\n[ \t]*)+$/g, ''))
    .filter((document) => document.trim() !== '')
}

/** A text file as a table with the one column `text`. */
export function readTextTable(source: string): Table {
  const documents = documentsOf(source)
  return {
    format: 'Plain text',
    columns: ['text'],
    unit: 'document',
    problems: [],
    read: (columns) =>
      Promise.resolve({ rows: documents.length, cells: columns.map(() => documents), line: (row) => row + 1 }),
  }
}
