// From the files of a data set to rows of text and target: format, table, columns, rows. No tokens: those are in tokenize.ts.
// Each format's reader is in parse/; which columns are used is in columns.ts, what a cell is worth in cells.ts.

import { fetchFile, refuseImpostor } from '../hub/hub'
import { FinetaleError } from '../recipe/error'
import type { ColumnMapping, DataRow, DataSource, DatasetPreview } from '../workers/protocol'
import { chooseColumns, sameColumns, type ColumnChoice } from './columns'
import { textPieces, wholeText } from './parse/decode'
import { FORMAT_HEAD_BYTES, formatOf, type Format } from './parse/format'
import type { Table } from './parse/table'
import { countByReason, reasonsAsText, type Incident } from './problems'
import { hasTargets, rowsOfCells, type FileCells } from './rows'

export { reasonsAsText } from './problems'

const MB = 2 ** 20
/** Text is held as strings, twice its size at worst, beside the rows made of it. */
const MAX_TEXT_BYTES = 400 * MB
/** Parquet is read by slices, one row group of one column at a time. */
const MAX_PARQUET_BYTES = 1024 * MB
const PREVIEW_ROWS = 100

export interface Dataset {
  /** None while no columns are chosen. */
  readonly rows: readonly DataRow[]
  /** Rows that cannot be used, counted by reason; the reason names the first lines it was found in. */
  readonly dropped: Readonly<Record<string, number>>
  /** Rows that are used but that the user should know of, counted alike. */
  readonly notes: Readonly<Record<string, number>>
  readonly label: string
  readonly format: string
  readonly columns: readonly string[]
  /** Both '' while no columns are chosen. */
  readonly mapping: ColumnMapping
  readonly layout: string
}

interface NamedTable {
  readonly name: string
  readonly label: string
  readonly table: Table
}

function refuseSize(blob: Blob, label: string, limit: number): void {
  if (blob.size <= limit) return
  throw new FinetaleError(
    `${label}: expected at most ${limit / MB} MB, found ${Math.ceil(blob.size / MB)} MB.`,
    'Cut the file down to the rows you want to train on.',
  )
}

async function readTable(blob: Blob, label: string, name: string): Promise<{ format: Format; table: Table }> {
  await refuseImpostor(blob, label)
  const head = new Uint8Array(await blob.slice(0, FORMAT_HEAD_BYTES).arrayBuffer())
  const format = formatOf(head, name, label)
  refuseSize(blob, label, format === 'parquet' ? MAX_PARQUET_BYTES : MAX_TEXT_BYTES)
  // The readers are loaded when they are needed: most visitors bring one format.
  switch (format) {
    case 'gzip': {
      const { gunzip } = await import('./parse/gzip')
      const inner = name.replace(/\.gz$/i, '')
      if (inner === name && /\.gz$/i.test(label))
        return readTable(await gunzip(blob, label, MAX_TEXT_BYTES), label, label.slice(0, -3))
      return readTable(await gunzip(blob, label, MAX_TEXT_BYTES), label, inner)
    }
    case 'parquet':
      return { format, table: await (await import('./parse/parquet')).readParquetTable(blob, label) }
    case 'json':
      return { format, table: await (await import('./parse/jsonl')).readJsonTable(textPieces(blob, label), label) }
    case 'csv':
    case 'tsv': {
      const { readCsvTable } = await import('./parse/csv')
      return { format: 'csv', table: await readCsvTable(textPieces(blob, label), format === 'tsv') }
    }
    case 'text': {
      const { readTextTable } = await import('./parse/text')
      return { format, table: readTextTable(await wholeText(textPieces(blob, label))) }
    }
  }
}

async function readTables(files: Readonly<Record<string, Blob>>, label: string): Promise<NamedTable[]> {
  const names = Object.keys(files).sort()
  if (names.length === 0) {
    throw new FinetaleError(`${label}: expected a data file, found none.`, 'Choose a file from your disk.')
  }
  const tables: NamedTable[] = []
  let first: Format | null = null
  for (const name of names) {
    const fileLabel = names.length === 1 ? label : name
    const { format, table } = await readTable(files[name]!, fileLabel, name)
    if (first !== null && format !== first) {
      throw new FinetaleError(
        `${label}: expected files of one format, found ${tables[0]!.table.format} (${names[0]}) and ${table.format} (${name}).`,
        'Choose files of one format.',
      )
    }
    first = format
    tables.push({ name, label: fileLabel, table })
  }
  return tables
}

/** The chosen columns of one of the files. @throws FinetaleError when it lacks one that every row needs */
async function cellsOf({ name, label, table }: NamedTable, choice: ColumnChoice, several: boolean): Promise<FileCells> {
  const wanted = [...choice.text, ...choice.target]
  const found = sameColumns(table.columns, wanted)
  const needed = [choice.text[0], choice.target[0]]
  const lacking = wanted.find((column, i) => found[i] === undefined && needed.includes(column))
  if (lacking !== undefined) {
    throw new FinetaleError(
      `${label}: expected the column "${lacking}" as in the other files, found ${listColumns(table.columns)}.`,
      'Choose files with the same columns.',
    )
  }
  const there = found.filter((column) => column !== undefined)
  const { rows, cells, line } = await table.read(there)
  const byColumn = new Map(there.map((column, i) => [column, cells[i]!]))
  const none: undefined[] = []
  return {
    ...{ rows, line, names: wanted, unit: table.unit, file: several ? name : '', textColumns: choice.text.length },
    cells: found.map((column) => byColumn.get(column ?? '') ?? none),
  }
}

export function listColumns(columns: readonly string[]): string {
  const more = columns.length > 12 ? ` and ${columns.length - 12} more` : ''
  return columns.length === 0
    ? 'no columns'
    : columns
        .slice(0, 12)
        .map((name) => `"${name}"`)
        .join(', ') + more
}

/**
 * Parses the files of a data set, in the order of their names.
 * @param label how errors call a single file
 * @param mapping the user's choice of columns; absent: recognised
 * @returns a data set without rows when the columns there are do not tell which to use
 * @throws FinetaleError when a file is none of the known formats, is damaged, or the columns in use hold no usable row
 */
export async function parseDataset(
  files: Readonly<Record<string, Blob>>,
  label: string,
  mapping?: ColumnMapping,
): Promise<Dataset> {
  const tables = await readTables(files, label)
  const several = tables.length > 1
  const dropped: Incident[] = []
  for (const { name, table } of tables) {
    const at = { unit: table.unit, file: several ? name : '' }
    for (const problem of table.problems) dropped.push({ ...problem, ...at })
  }
  const { format, columns } = tables.find(({ table }) => table.columns.length > 0)?.table ?? tables[0]!.table
  if (columns.length === 0) throw noRows(label, columns, countByReason(dropped))
  const about = { label, format, columns }
  const choice = chooseColumns(columns, mapping)
  if (choice === null) {
    return {
      ...about,
      rows: [],
      dropped: countByReason(dropped),
      notes: {},
      mapping: { text: '', target: '' },
      layout: '',
    }
  }

  const cells: FileCells[] = []
  for (const table of tables) if (table.table.columns.length > 0) cells.push(await cellsOf(table, choice, several))
  const twoColumns = choice.target.length > 0 && cells.some(hasTargets)
  const notes: Incident[] = []
  const rows: DataRow[] = []
  for (const file of cells) {
    const found = rowsOfCells(file, twoColumns, (kind, reason, row) => {
      const incident = { reason, line: file.line(row), unit: file.unit, file: file.file }
      ;(kind === 'dropped' ? dropped : notes).push(incident)
    })
    for (const row of found) rows.push(row)
  }
  if (!several) dropped.sort((a, b) => a.line - b.line)
  const counted = countByReason(dropped)
  if (rows.length === 0) throw noRows(label, columns, counted)
  const used = twoColumns ? choice.mapping : { ...choice.mapping, target: '' }
  const layout =
    twoColumns || choice.target.length === 0
      ? choice.layout
      : choice.layout === 'text + target'
        ? 'text'
        : choice.layout
  return { ...about, rows, dropped: counted, notes: countByReason(notes), mapping: used, layout }
}

function noRows(label: string, columns: readonly string[], dropped: Readonly<Record<string, number>>): FinetaleError {
  const where = columns.length === 0 ? '' : ` in ${listColumns(columns)}`
  const broken =
    columns.length === 0 && Object.keys(dropped).some((reason) => /^(?:not valid JSON|a list,)/.test(reason))
  return new FinetaleError(
    `${label}: expected rows with text, found no usable one${where}: ${reasonsAsText(dropped)}.`,
    broken
      ? 'Write one JSON object a line: {"text": "…", "target": "…"}; if it is no JSON, give it the ending of what it is.'
      : 'Give each row a "text", and a "target" if the data set has two columns.',
  )
}

/**
 * Reads a data set from where it is.
 * @throws FinetaleError when a file is missing, is a web page in its place, or cannot be parsed
 */
export async function readDataset(source: DataSource): Promise<Dataset> {
  const { label, mapping } = source
  if (source.kind === 'files') return parseDataset(source.files, label, mapping)
  const file = await fetchFile(source.url, label)
  if (file === null) {
    throw new FinetaleError(`${label}: the file is missing.`, 'Check its address, or choose a file from your disk.')
  }
  const name = new URL(source.url, location.href).pathname.split('/').pop() ?? ''
  return parseDataset({ [name]: file }, label, mapping)
}

/** What the page shows of a data set. */
export function previewOf({ rows, label: _, ...about }: Dataset): DatasetPreview {
  return { ...about, rows: rows.slice(0, PREVIEW_ROWS), totalRows: rows.length }
}
