// Reads rows of text from JSON Lines or from one JSON array. Good rows load, the others are listed by line and reason.
// Null and missing values are never text. It does not judge the text itself; dataset.ts does.

import { FinetaleError } from '../../recipe/error'
import type { DataRow } from '../../workers/protocol'

/** A row that could not be used. */
export interface RowProblem {
  /** 1-based line of the file, or 1-based item of the array. */
  readonly line: number
  /** Why, in a few words that follow 'row dropped:'. */
  readonly reason: string
}

export interface ParsedRows {
  readonly rows: readonly DataRow[]
  readonly problems: readonly RowProblem[]
  /** What `line` counts. */
  readonly unit: 'line' | 'item'
}

interface Candidate {
  readonly line: number
  readonly value: unknown
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** The reason why a column of a row cannot be used, or null. */
function columnProblem(row: Record<string, unknown>, column: string): string | null {
  if (!Object.hasOwn(row, column)) return `"${column}" is missing`
  const value = row[column]
  return typeof value === 'string' ? null : `"${column}" is ${kindOf(value)}, not text`
}

function* jsonLines(source: string, problems: RowProblem[]): Generator<Candidate> {
  let line = 0
  // Only the line feed ends a line: JSON strings may hold U+2028 and other characters that split lines elsewhere.
  for (const text of source.split('\n')) {
    line++
    if (text.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      problems.push({ line, reason: 'not valid JSON' })
      continue
    }
    yield { line, value }
  }
}

function jsonArray(source: string, name: string): Candidate[] {
  let value: unknown
  try {
    value = JSON.parse(source)
  } catch (error) {
    throw new FinetaleError(
      `${name}: it begins as one JSON list, but is not valid JSON (${error instanceof Error ? error.message : 'unreadable'}).`,
      'Repair the file, or write one JSON object a line (JSON Lines).',
    )
  }
  return (value as unknown[]).map((item, i) => ({ line: i + 1, value: item }))
}

/**
 * Parses JSON Lines or one JSON array of objects with the columns `text` and `target`, or `text` alone. When any row
 * has a text in `target`, the data set has two columns and a row without it is dropped. Other columns are ignored.
 * @param name how errors call the file
 * @throws FinetaleError when the text is a broken JSON array
 */
export function parseJsonRows(source: string, name: string): ParsedRows {
  const problems: RowProblem[] = []
  const isArray = /^\s*\[/.test(source)
  const good: { line: number; row: Record<string, unknown> }[] = []
  for (const { line, value } of isArray ? jsonArray(source, name) : jsonLines(source, problems)) {
    if (!isRecord(value)) {
      problems.push({ line, reason: `${kindOf(value)}, not an object with columns` })
      continue
    }
    const reason = columnProblem(value, 'text')
    if (reason === null) good.push({ line, row: value })
    else problems.push({ line, reason })
  }

  const twoColumns = good.some(({ row }) => typeof row.target === 'string')
  const rows: DataRow[] = []
  for (const { line, row } of good) {
    const reason = twoColumns ? columnProblem(row, 'target') : null
    if (reason === null) rows.push({ text: row.text as string, target: twoColumns ? (row.target as string) : '' })
    else problems.push({ line, reason })
  }
  problems.sort((a, b) => a.line - b.line)
  return { rows, problems, unit: isArray ? 'item' : 'line' }
}
