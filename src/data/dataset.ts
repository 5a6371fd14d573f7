// Reads a data set from a Blob or an address into rows of text, and counts by reason what cannot be used.
// Which format a file has is decided here; each format's parser is in parse/. No tokens: those are in tokenize.ts.

import { fetchFile, refuseImpostor } from '../hub/hub'
import { FinetaleError } from '../recipe/error'
import type { DataRow, DataSource } from '../workers/protocol'
import { parseJsonRows, type RowProblem } from './parse/jsonl'

/** A string of JavaScript ends near 512 million characters; a file must stay below it. */
const MAX_BYTES = 400 * 2 ** 20
const LISTED_LINES = 5

const otherFormats: Readonly<Record<string, string>> = {
  csv: 'CSV',
  tsv: 'TSV',
  parquet: 'Parquet',
  arrow: 'Arrow',
  txt: 'plain text',
  md: 'plain text',
  gz: 'a gzip archive',
  zip: 'a zip archive',
  xlsx: 'a spreadsheet',
}

const signatures: readonly (readonly [string, string])[] = [
  ['PAR1', 'Parquet'],
  ['ARROW1', 'Arrow'],
  ['PK\u0003\u0004', 'a zip archive'],
  ['\u001f\u008b', 'a gzip archive'],
]

export interface Dataset {
  readonly rows: readonly DataRow[]
  /** Rows that cannot be used, counted by reason; the reason names the first lines it was found in. */
  readonly dropped: Readonly<Record<string, number>>
}

/** Counts problems by reason and writes the first lines of each into the reason. */
export function countByReason(problems: readonly RowProblem[], unit: string): Record<string, number> {
  const lines = new Map<string, number[]>()
  for (const { reason, line } of problems) {
    const at = lines.get(reason)
    if (at === undefined) lines.set(reason, [line])
    else at.push(line)
  }
  return Object.fromEntries(
    [...lines].map(([reason, at]) => {
      const listed = at.slice(0, LISTED_LINES).join(', ') + (at.length > LISTED_LINES ? ', …' : '')
      return [`${reason} (${unit}${at.length > 1 ? 's' : ''} ${listed})`, at.length]
    }),
  )
}

/** A sentence out of counted reasons, for errors. */
export function reasonsAsText(dropped: Readonly<Record<string, number>>): string {
  const parts = Object.entries(dropped).map(([reason, count]) => `${count} × ${reason}`)
  return parts.length === 0 ? 'it holds no rows' : parts.join('; ')
}

function otherFormat(name: string, head: string): string | null {
  const bySignature = signatures.find(([signature]) => head.startsWith(signature))
  if (bySignature !== undefined) return bySignature[1]
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  return otherFormats[extension] ?? null
}

function fileName(source: DataSource): string {
  if (source.kind === 'url') return new URL(source.url, location.href).pathname.split('/').pop() ?? ''
  return source.file instanceof File ? source.file.name : source.label
}

async function decodeUtf8(blob: Blob, label: string): Promise<string> {
  const bytes = await blob.arrayBuffer()
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FinetaleError(
      `${label}: expected text in UTF-8, found bytes that are not.`,
      'Save the file again with the encoding UTF-8.',
    )
  }
}

/**
 * Parses a data file.
 * @param label how errors call the file
 * @param name the file's own name, whose ending can tell the format
 * @throws FinetaleError when the file is not JSON Lines or a JSON array in UTF-8, or holds no usable row
 */
export async function parseDataset(blob: Blob, label: string, name: string): Promise<Dataset> {
  await refuseImpostor(blob, label)
  const head = String.fromCharCode(...new Uint8Array(await blob.slice(0, 8).arrayBuffer()))
  const other = otherFormat(name, head)
  if (other !== null) {
    throw new FinetaleError(
      `${label}: expected JSON Lines or a JSON list, found ${other}.`,
      'Convert the file to JSON Lines: one object a line, with the columns "text" and "target".',
    )
  }
  if (blob.size > MAX_BYTES) {
    throw new FinetaleError(
      `${label}: expected at most ${MAX_BYTES / 2 ** 20} MB, found ${Math.ceil(blob.size / 2 ** 20)} MB.`,
      'Cut the file down to the rows you want to train on.',
    )
  }

  const parsed = parseJsonRows(await decodeUtf8(blob, label), label)
  const rows = parsed.rows.filter((row) => row.text.trim() !== '' || row.target.trim() !== '')
  const dropped = countByReason(parsed.problems, parsed.unit)
  if (rows.length < parsed.rows.length) dropped['empty text and target'] = parsed.rows.length - rows.length
  if (rows.length === 0) {
    throw new FinetaleError(
      `${label}: expected rows with a "text" column, found no usable one: ${reasonsAsText(dropped)}.`,
      'Give each row a "text", and a "target" if the data set has two columns.',
    )
  }
  return { rows, dropped }
}

/**
 * Reads a data set from where it is.
 * @throws FinetaleError when the file is missing, is a web page in its place, or cannot be parsed
 */
export async function readDataset(source: DataSource): Promise<Dataset> {
  const file = source.kind === 'file' ? source.file : await fetchFile(source.url, source.label)
  if (file === null) {
    throw new FinetaleError(
      `${source.label}: the file is missing.`,
      'Check its address, or choose a file from your disk.',
    )
  }
  return parseDataset(file, source.label, fileName(source))
}
