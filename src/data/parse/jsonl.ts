// Reads JSON Lines, one JSON list, or one JSON object that holds the rows, into a table. Broken lines are listed, not fatal.
// Cells stay JSON values: null and missing are told apart and never made text here.

import { FinetaleError } from '../../recipe/error'
import { isRecord, kindOf } from '../cells'
import { rowsOfObject } from './jsonShapes'
import { jsonPieces, nonFiniteAsNull } from './jsonValues'
import { excerpt, tidyNames, type RowProblem, type Table } from './table'

const BROKEN = 'not valid JSON'

interface Candidate {
  readonly line: number
  readonly value: unknown
}

/** JSON, and what Python's json writes beyond it. */
function parseLenient(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error
    return JSON.parse(nonFiniteAsNull(text))
  }
}

/** The values in a text that is not one value, as written and as read; null when one of them is broken. */
function valuesIn(text: string): { source: string; value: unknown }[] | null {
  try {
    return jsonPieces(text).map(({ source }) => ({ source, value: parseLenient(source) }))
  } catch {
    return null
  }
}

/** What one way of reading finds in a text. */
class Reading {
  readonly rows: Candidate[] = []
  readonly problems: RowProblem[] = []
  /** The first row as it was written: it may be the only one, and hold all the others. */
  first = ''
  /** Characters of the text that stand in objects. */
  inObjects = 0

  add(line: number, value: unknown, source: string): void {
    if (this.rows.length === 0) this.first = source
    this.rows.push({ line, value })
    if (isRecord(value)) this.inObjects += source.length
  }
}

/** Whether a broken line may begin an object that goes on below: brackets are open, and it does not end within a string. */
function mayGoOn(line: string): boolean {
  const parts = line.replace(/\\./g, '').split('"')
  const outside = parts.filter((_, i) => i % 2 === 0).join('')
  return parts.length % 2 === 1 && outside.split(/[{[]/).length > outside.split(/[}\]]/).length
}

/** Reads line by line; a line end inside a row does not occur in JSON Lines, so a text may be read in parts. */
class LineReading extends Reading {
  /** Whether a broken line may be the beginning of an object. */
  goesOn = false
  /** Line ends in the text and before it. */
  readonly lines: number

  /** @param before line ends before the text */
  constructor(text: string, before: number) {
    super()
    let number = before
    // Only CR and LF end a line: JSON strings may hold U+2028 and other characters that split lines elsewhere.
    for (const written of text.split(/\r\n?|\n/)) {
      number++
      const line = written.trim()
      if (line === '') continue
      try {
        this.add(number, parseLenient(line), line)
      } catch {
        // Several values on a line, or a comma behind one.
        const values = valuesIn(line)
        if (values === null) {
          this.problems.push({ line: number, reason: BROKEN })
          this.goesOn ||= mayGoOn(line)
        }
        for (const { value, source } of values ?? []) this.add(number, value, source)
      }
    }
    this.lines = number - 1
  }
}

/** Reads value by value, over whatever lines; broken ones are listed. */
class PieceReading extends Reading {
  /** Whether an object goes over several lines. */
  spread = false

  constructor(text: string, before: number) {
    super()
    for (const { source, line: above } of jsonPieces(text)) {
      const line = before + above + 1
      try {
        const value = parseLenient(source)
        this.add(line, value, source)
        this.spread ||= isRecord(value) && /[\r\n]/.test(source)
      } catch {
        this.problems.push({ line, reason: BROKEN })
      }
    }
  }
}

/**
 * Reads by line, or value by value where lines find no objects, or only those inside of objects that go over several lines.
 * A broken line costs less when lines are read, so they are unless the other reading takes in more of the text.
 */
function readRows(text: string, before: number): Reading {
  const byLine = new LineReading(text, before)
  if (!byLine.goesOn) return byLine
  const byPiece = new PieceReading(text, before)
  const better = byPiece.inObjects > byLine.inObjects && (byPiece.spread || byLine.inObjects === 0)
  return better ? byPiece : byLine
}

/** How a text is read: by line, by line up to an object that goes over several lines, or as a whole. */
type Shape = 'unknown' | 'lines' | 'spread' | 'whole'

function shapeOf(start: string): Shape {
  const head = start.trimStart()
  if (head === '') return 'unknown'
  if (head.startsWith('[')) return 'whole'
  const end = head.search(/[\r\n]/)
  if (end < 0) return 'unknown'
  try {
    parseLenient(head.slice(0, end))
    return 'lines'
  } catch {
    // A broken first line, or an object written over several lines: the whole text will tell.
    return 'whole'
  }
}

const isList = (row: Candidate | undefined): boolean => Array.isArray(row?.value)

interface Parsed {
  readonly format: string
  readonly unit: 'line' | 'item'
  readonly candidates: readonly Candidate[]
  readonly problems: readonly RowProblem[]
}

function asLines(parts: readonly Reading[], label: string): Parsed {
  const rows = parts.flatMap((part) => part.rows)
  const problems = parts.flatMap((part) => part.problems)
  const [only] = rows
  if (rows.length === 1 && problems.length === 0 && isRecord(only?.value)) {
    return asObject(only.value, parts.find((part) => part.rows.length > 0)!.first, label)
  }
  return { format: 'JSON Lines', unit: 'line', candidates: rows, problems }
}

function asObject(value: Record<string, unknown>, source: string, label: string): Parsed {
  const items = rowsOfObject(value, source, label)
  if (items === null) {
    return { format: 'JSON Lines', unit: 'line', candidates: [{ line: 1, value }], problems: [] }
  }
  return { format: 'JSON', unit: 'item', candidates: numbered(items), problems: [] }
}

function numbered(items: readonly unknown[]): Candidate[] {
  return items.map((value, i) => ({ line: i + 1, value }))
}

function parseWhole(source: string, label: string): Parsed {
  let value: unknown
  try {
    value = parseLenient(source)
  } catch (error) {
    const reading = readRows(source, 0)
    // Several lists, one a line, are valid JSON Lines and no rows with columns; the reader of rows says so.
    const lists = reading.rows.length > 1 && isList(reading.rows[0])
    if (source.trimStart().startsWith('[') && !lists) {
      const why = error instanceof Error ? error.message : 'unreadable'
      throw new FinetaleError(
        `${label}: expected one JSON list, as its first character says, found text that is not valid JSON (${why}).`,
        'Repair the file, or write one JSON object a line (JSON Lines).',
      )
    }
    return asLines([reading], label)
  }
  if (Array.isArray(value)) return { format: 'JSON', unit: 'item', candidates: numbered(value), problems: [] }
  if (isRecord(value)) return asObject(value, source, label)
  return { format: 'JSON Lines', unit: 'line', candidates: [{ line: 1, value }], problems: [] }
}

async function parse(pieces: AsyncIterable<string>, label: string): Promise<Parsed> {
  const parts: Reading[] = []
  let shape: Shape = 'unknown'
  let rest = ''
  let lines = 0
  for await (const piece of pieces) {
    const before = rest.length
    rest += piece
    // A line may be longer than many pieces: only the new one is searched for its end.
    const end = piece.lastIndexOf('\n')
    if (shape === 'unknown' && (before === 0 || /[\r\n]/.test(piece))) shape = shapeOf(rest)
    if (end < 0 || shape !== 'lines') continue
    const part = new LineReading(rest.slice(0, before + end + 1), lines)
    // What may go over several lines is read again once all of it is there.
    if (part.goesOn) shape = 'spread'
    else {
      parts.push(part)
      lines = part.lines
      rest = rest.slice(before + end + 1)
    }
  }
  if (shape === 'unknown' || shape === 'whole') return parseWhole(rest, label)
  return asLines([...parts, readRows(rest, lines)], label)
}

/** Names in the order they first occur; no more than a table can show, for objects used as dictionaries. */
const MAX_COLUMNS = 1000

function columnsOf(records: readonly Record<string, unknown>[]): string[] {
  const names = new Set<string>()
  for (const record of records) {
    for (const name of Object.keys(record)) if (names.size < MAX_COLUMNS) names.add(name)
  }
  return [...names]
}

/**
 * Reads JSON rows: objects with columns, or texts alone, which become the column `text`.
 * @param label how errors call the file
 * @throws FinetaleError when the text is a broken JSON list or no JSON at all
 */
export async function readJsonTable(pieces: AsyncIterable<string>, label: string): Promise<Table> {
  const { format, unit, candidates, problems: broken } = await parse(pieces, label)
  const problems = [...broken]
  const textsAlone = candidates.length > 0 && candidates.every(({ value }) => typeof value === 'string')
  const lines: number[] = []
  const records: Record<string, unknown>[] = []
  for (const { line, value } of candidates) {
    if (isRecord(value) || textsAlone) {
      lines.push(line)
      records.push(isRecord(value) ? value : { text: value })
    } else {
      problems.push({ line, reason: `${kindOf(value)}, not an object with columns` })
    }
  }
  refuseErrorMessage(records, label)
  const names = columnsOf(records)
  const columns = tidyNames(names)
  const keys = new Map(columns.map((column, i) => [column, names[i]!]))
  const cell = (record: Record<string, unknown>, key: string) => (Object.hasOwn(record, key) ? record[key] : undefined)
  return {
    format,
    columns,
    unit,
    problems: problems.sort((a, b) => a.line - b.line),
    read: (chosen) =>
      Promise.resolve({
        rows: records.length,
        cells: chosen.map((column) => records.map((record) => cell(record, keys.get(column) ?? column))),
        line: (row) => lines[row]!,
      }),
  }
}

/** A server's refusal saved as a file is one object that says so. */
function refuseErrorMessage(records: readonly Record<string, unknown>[], label: string): void {
  const [only] = records
  if (records.length !== 1 || only === undefined) return
  const said = only.error ?? only.message ?? only.detail
  const names = ['error', 'message', 'detail', 'status', 'statusCode', 'code', 'url', 'documentation_url']
  if (typeof said !== 'string' || Object.keys(only).some((name) => !names.includes(name))) return
  throw new FinetaleError(
    `${label}: expected a data set, found a server's message: ${excerpt(said, 80)}.`,
    'Check that the file exists at its address and can be read without an account, then download it again.',
  )
}
