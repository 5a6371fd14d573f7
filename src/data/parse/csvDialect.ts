// Finds out how a CSV file is written from its first rows: what separates fields, and whether a header names them.
// It guesses from names and widths, and where the first line could be either, from how the rows below differ from it; the
// user can always choose the columns.

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

/** A number, a date or time, or a word for true or false: what a table's column may hold from top to bottom. */
function isValue(cell: string): boolean {
  const bare = cell.trim().replace(/(?:am|pm|gmt|utc)(?![a-z])/gi, '')
  if (/^(?:true|false|yes|no)$/i.test(bare)) return true
  return bare.length <= 60 && /\d/.test(bare) && /^[-+\d.,:/%TZ ]+$/.test(bare)
}

const isQuestion = (cell: string): boolean => /\?["'”’]?$/.test(cell.trim())

/** A heading may be a sentence, as forms have them, but not a paragraph. */
const couldBeHeading = (cell: string): boolean => cell.trim() !== '' && cell.length <= 300 && !/[\n\r]/.test(cell)

/** True when a column shows that its first cell is of another kind: words above values, or a question above answers. */
function standsAbove(cell: string, below: readonly string[]): boolean {
  const filled = below.filter((other) => other.trim() !== '')
  if (filled.length === 0 || isValue(cell)) return false
  return filled.every(isValue) || (isQuestion(cell) && !filled.some(isQuestion))
}

function isHeader([first = [], ...others]: readonly string[][]): boolean {
  if (first.some(isKnownName)) return true
  if (first.some((cell) => cell.trim() !== '') && first.every(couldBeName)) return true
  // A line of prose may hold a question too; in a table one column tells of the others.
  if (first.length < 2 || !first.every(couldBeHeading) || new Set(first).size < first.length) return false
  if (first.some(isValue)) return false
  const below = (i: number) => others.map((row) => row[i] ?? '')
  return first.some((cell, i) => standsAbove(cell, below(i)))
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
  return { delimiter, header: isHeader(sampleRows(sample, whole, delimiter, split)) }
}
