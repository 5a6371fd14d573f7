// Finds out how a CSV file is written from its first rows: what separates fields, and whether a header names them.
// It guesses from names and widths only; the user can always choose the columns.

import { isKnownName } from '../columns'
import { RowCutter } from './rowCutter'

/** Stands for 'nothing separates fields': a noncharacter, which no text has. */
export const NO_DELIMITER = '\uffff'

const SAMPLE_ROWS = 50

export interface Dialect {
  readonly delimiter: string
  readonly header: boolean
}

/** Splits whole rows, each ended by LF, into fields. */
export type SplitRows = (rows: string, delimiter: string) => string[][]

function sampleRows(sample: string, whole: boolean, delimiter: string, split: SplitRows): string[][] {
  const cutter = new RowCutter(delimiter)
  const rows = cutter.push(sample, whole)
  return split(rows, delimiter)
    .filter((row) => row.length > 1 || row[0] !== '')
    .slice(0, SAMPLE_ROWS)
}

/** A name is short and is neither a sentence nor a number. */
function couldBeName(cell: string): boolean {
  const name = cell.trim()
  return (
    name.length <= 40 &&
    name.split(/\s+/).length <= 4 &&
    !/[\n\r]|[.!?…]["'”’]?$/.test(name) &&
    !/^[-+\d.,]+$/.test(name)
  )
}

function isHeader(row: readonly string[]): boolean {
  return row.some(isKnownName) || (row.some((cell) => cell.trim() !== '') && row.every(couldBeName))
}

/**
 * @param sample the file's beginning
 * @param whole the sample is the whole file
 * @param preferTab the file's name says that tabs separate
 * @param declared what the file itself says that separates
 */
export function findDialect(
  sample: string,
  whole: boolean,
  preferTab: boolean,
  split: SplitRows,
  declared?: string,
): Dialect {
  const order = preferTab ? ['\t', ',', ';', '|'] : [',', ';', '\t', '|']
  let best = { delimiter: NO_DELIMITER, score: 0 }
  for (const delimiter of order) {
    const rows = sampleRows(sample, whole, delimiter, split)
    const width = rows[0]?.length ?? 0
    if (width < 2) continue
    const alike = rows.filter((row) => row.length === width).length / rows.length
    // Names that are known decide; then that rows have one width; then the order above.
    const score = 1 + 10 * rows[0]!.filter(isKnownName).length + alike
    if (score > best.score) best = { delimiter, score }
  }
  const delimiter = declared ?? best.delimiter
  const first = sampleRows(sample, whole, delimiter, split)[0] ?? []
  return { delimiter, header: isHeader(first) }
}
