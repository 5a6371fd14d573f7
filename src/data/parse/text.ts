// Plain text as documents. Where one ends and the next begins is read off the file; no cell is ever missing.
// Rule: lines that hold only <|endoftext|> separate documents; without them blank lines do; without those each line is one.
// It goes line by line: a pattern over the whole text would try every line end of a long gap once for each of the others.

import type { Table } from './table'

const END_OF_TEXT = /^[ \t]*<\|endoftext\|>[ \t]*$/
const BLANK = /^[ \t]*$/

/** The lines between those that separate, group by group; empty groups are left out. */
function groups(lines: readonly string[], separates: RegExp): string[][] {
  const found: string[][] = []
  let from = 0
  for (let at = 0; at <= lines.length; at++) {
    const line = lines[at]
    if (line !== undefined && !separates.test(line)) continue
    if (at > from) found.push(lines.slice(from, at))
    from = at + 1
  }
  return found
}

/** The lines without the blank ones before and after them. */
function withoutEdges(lines: readonly string[]): readonly string[] {
  let [from, to] = [0, lines.length]
  while (from < to && BLANK.test(lines[from]!)) from++
  while (to > from && BLANK.test(lines[to - 1]!)) to--
  return lines.slice(from, to)
}

/** Cuts a text into documents. Line ends become LF, form feeds end documents, empty documents vanish. */
export function documentsOf(source: string): string[] {
  // A page break may stand at the start of a line, as in book files, or inside one.
  const pages = source
    .replace(/\r\n?/g, '\n')
    .split('\f')
    .map((page) => withoutEdges(page.split('\n')))
  const isSeparated = pages.some((page) => page.some((line) => END_OF_TEXT.test(line)))
  const hasGaps = pages.some((page) => page.some((line) => BLANK.test(line)))
  let documents: readonly (readonly string[])[] = pages
  if (isSeparated) documents = pages.flatMap((page) => groups(page, END_OF_TEXT).map(withoutEdges))
  else if (hasGaps) documents = pages.flatMap((page) => groups(page, BLANK))
  else if (pages.length === 1) documents = pages.flatMap((page) => page.map((line) => [line]))
  return documents.map((lines) => lines.join('\n')).filter((document) => document.trim() !== '')
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
