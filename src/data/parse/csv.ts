// Reads CSV and TSV into a table; papaparse splits the fields. Cells keep their spaces and line ends as typed.
// Empty cells, those that pandas reads as missing, and those that a row ends without, are missing. Wider rows are listed.

import { findDialect, NO_DELIMITER, type SplitRows } from './csvDialect'
import { RowCutter } from './rowCutter'
import { tidyNames, type RowProblem, type Table } from './table'

const SAMPLE_CHARACTERS = 2 ** 16

/** Cells that pandas.read_csv, and so datasets, reads as missing: its documented default list. */
const missing = new Set(
  '|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null'.split('|'),
)

/** Excel's own first line, which names the separator. */
const SEPARATOR_LINE = /^"?sep=([,;\t|])"?(?:\r\n?|\n)/i

const delimiterNames: Readonly<Record<string, string>> = {
  ',': 'CSV',
  ';': 'CSV with semicolons',
  '\t': 'TSV',
  '|': 'CSV with bars',
}

async function splitter(): Promise<SplitRows> {
  const { default: Papa } = await import('papaparse')
  return (rows, delimiter) => {
    if (rows === '') return []
    // Papa takes a byte order mark off each text it gets; here only the file's own is one, and that is gone.
    const text = rows.startsWith('\ufeff') ? `\ufeff${rows}` : rows
    const { data } = Papa.parse<string[]>(text, { delimiter, newline: '\n', quoteChar: '"', header: false })
    // What follows the last LF; an open quote has swallowed that LF.
    if (data.at(-1)?.join() === '') data.pop()
    return data
  }
}

/** Collects rows and keeps count of the file's lines, those inside quotes included. */
class RowReader {
  readonly rows: string[][] = []
  readonly lines: number[] = []
  readonly problems: RowProblem[] = []
  names: string[] | null = null
  #line: number

  readonly #header: boolean

  /** @param line where the rows begin in the file */
  constructor(header: boolean, line: number) {
    this.#header = header
    this.#line = line
  }

  read(rows: readonly string[][]): void {
    for (const row of rows) {
      const line = this.#line
      this.#line += 1 + row.reduce((sum, cell) => sum + lineEnds(cell), 0)
      if (row.length > 1 || row[0] !== '') this.#add(row, line)
    }
  }

  #add(row: string[], line: number): void {
    if (this.names === null) {
      this.names = this.#header ? row : row.map(() => '')
      if (this.#header) return
    }
    const width = this.names.length
    // Spreadsheets end rows with empty fields that no header has.
    while (row.length > width && row.at(-1) === '') row.pop()
    if (row.length <= width) {
      this.rows.push(row)
      this.lines.push(line)
    } else {
      this.problems.push({ line, reason: `more fields than the ${width} expected` })
    }
  }

  /** Lists what was left at the end of the file: a row with a quote that nothing closes. */
  addOpenRow(): void {
    const reason = 'a quote is opened and never closed: the rest of the file went into this row'
    this.problems.push({ line: this.#line, reason })
  }
}

function lineEnds(cell: string): number {
  return /[\r\n]/.test(cell) ? (cell.match(/\r\n?|\n/g)?.length ?? 0) : 0
}

/**
 * Reads comma, semicolon, tab or bar separated rows; a file in which nothing separates has one column.
 * @param pieces the text, cut anywhere: the result is the same
 * @param preferTab the file's name says that tabs separate
 */
export async function readCsvTable(pieces: AsyncIterable<string>, preferTab = false): Promise<Table> {
  const split = await splitter()
  const iterator = pieces[Symbol.asyncIterator]()
  let sample = ''
  let result = await iterator.next()
  while (result.done !== true && sample.length < SAMPLE_CHARACTERS) {
    sample += result.value
    result = await iterator.next()
  }
  const declared = SEPARATOR_LINE.exec(sample)
  if (declared !== null) sample = sample.slice(declared[0].length)
  const { delimiter, header } = findDialect(sample, result.done === true, preferTab, split, declared?.[1])
  const cutter = new RowCutter(delimiter)
  const reader = new RowReader(header, declared === null ? 1 : 2)
  let piece = sample
  for (; result.done !== true; result = await iterator.next()) {
    reader.read(split(cutter.push(piece, false), delimiter))
    piece = result.value
  }
  const rest = split(cutter.push(piece, true), delimiter)
  // The last row of a file whose last quote is never closed is no row.
  if (cutter.open) rest.pop()
  reader.read(rest)
  if (cutter.open) reader.addOpenRow()

  const columns = tidyNames(reader.names ?? [])
  const { rows, lines } = reader
  const name = delimiter === NO_DELIMITER ? 'CSV with one column' : (delimiterNames[delimiter] ?? 'CSV')
  const cell = (row: readonly string[], index: number) => {
    const value = row[index]
    return value === undefined || missing.has(value) ? undefined : value
  }
  return {
    format: header ? name : `${name}, no header line`,
    columns,
    unit: 'line',
    problems: reader.problems,
    read: (chosen) =>
      Promise.resolve({
        rows: rows.length,
        cells: chosen.map((column) => {
          const index = columns.indexOf(column)
          return rows.map((row) => cell(row, index))
        }),
        line: (row) => lines[row]!,
      }),
  }
}
