// Tells what a data file is: by its first bytes where they say it, else by the ending of its name. Reads nothing further.
// What is no data file, or one that this page cannot read, is refused by its own name.

import { FinetaleError } from '../../recipe/error'
import { chooseColumns } from '../columns'
import { excerpt } from './table'

export type Format = 'parquet' | 'json' | 'csv' | 'tsv' | 'text' | 'gzip'

/** First bytes that `formatOf` wants. */
export const FORMAT_HEAD_BYTES = 4096

const endings: Readonly<Record<string, Format>> = {
  parquet: 'parquet',
  pq: 'parquet',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  txt: 'text',
  text: 'text',
  md: 'text',
}

/** The end of a name that says a file holds rows, also when it is packed. */
export const dataEnding = new RegExp(`\\.(?:${Object.keys(endings).join('|')})(?:\\.gz)?$`, 'i')

/** Bytes that no text has: control characters other than white space, the end of a file and those between records. */
const NO_TEXT = /[\x00-\x08\x0e-\x19\x1b]/

/** Marks that are words as well: in what is else text they are its first word. */
const words: readonly string[] = ['PARE', 'ARROW1', 'BZh', 'Rar!', 'SQLite format 3', 'ORC']

/** First bytes, as Latin-1, of files that are not read here. */
const others: readonly (readonly [string, string])[] = [
  ['PARE', 'Parquet with an encrypted footer'],
  ['ARROW1', 'an Arrow file'],
  ['\xff\xff\xff\xff', 'an Arrow stream'],
  ['PK\x03\x04', 'a zip archive'],
  ['PK\x05\x06', 'an empty zip archive'],
  ['BZh', 'a bzip2 archive'],
  ['\xfd7zXZ', 'an xz archive'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard archive'],
  ['7z\xbc\xaf', 'a 7z archive'],
  ['Rar!', 'a rar archive'],
  ['%PDF', 'a PDF'],
  ['{\\rtf', 'rich text (RTF)'],
  ['\xd0\xcf\x11\xe0', 'an old Office document'],
  ['SQLite format 3', 'a SQLite database'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x89HDF', 'an HDF5 file'],
  ['Obj\x01', 'an Avro file'],
  ['ORC', 'an ORC file'],
  ['\x89PNG', 'an image (PNG)'],
  ['\xff\xd8\xff', 'an image (JPEG)'],
  ['\x80\x02', 'a Python pickle'],
  ['\x80\x03', 'a Python pickle'],
  ['\x80\x04\x95', 'a Python pickle'],
  ['\x80\x05\x95', 'a Python pickle'],
]

/** Endings of files that carry no mark of their own. */
const otherEndings: Readonly<Record<string, string>> = {
  arrow: 'an Arrow file',
  feather: 'a Feather file',
  xlsx: 'a spreadsheet',
  xls: 'a spreadsheet',
  zip: 'a zip archive',
  zst: 'a Zstandard archive',
  bz2: 'a bzip2 archive',
  xz: 'an xz archive',
  safetensors: 'weights of a model',
  bin: 'a binary file',
  pdf: 'a PDF',
  docx: 'a Word document',
  html: 'a web page',
  py: 'a program',
  yaml: 'YAML',
  yml: 'YAML',
  xml: 'XML',
}

function otherByContent(head: string, ending: string): string | null {
  const textFollows = endings[ending] !== 'parquet' && !NO_TEXT.test(head)
  const isMark = (mark: string) => head.startsWith(mark) && !(textFollows && words.includes(mark))
  const other = others.find(([mark]) => isMark(mark))?.[1] ?? null
  if (head.startsWith('ustar', 257)) return 'a tar archive'
  if (other !== 'a zip archive') return other
  if (head.includes('xl/') || ending === 'xlsx') return 'a spreadsheet (xlsx)'
  if (head.includes('word/') || head.includes('[Content_Types].xml')) return 'an Office document'
  return other
}

function actionFor(other: string): string {
  if (other.includes('archive')) return 'Unpack it and choose the data file in it.'
  if (other.includes('spreadsheet')) return 'Save the sheet as CSV (UTF-8) and choose that file.'
  if (other === 'an Arrow stream') return 'In Python: datasets.Dataset.from_file(FILE).to_parquet("rows.parquet").'
  if (other === 'an Arrow file') return 'In Python: pandas.read_feather(FILE).to_parquet("rows.parquet").'
  return 'Choose a Parquet, JSON Lines, JSON, CSV, TSV or plain text file.'
}

/**
 * The format of a file.
 * @param head its first bytes, FORMAT_HEAD_BYTES of them where there are as many
 * @param name its name, whose ending counts where the bytes say nothing
 * @throws FinetaleError naming what it is, when that is nothing to read here
 */
export function formatOf(head: Uint8Array, name: string, label: string): Format {
  const start = String.fromCharCode(...head)
  if (start.startsWith('\x1f\x8b')) return 'gzip'
  if (start.startsWith('PAR1')) return 'parquet'
  // A server that says Content-Encoding: gzip has the file unpacked on the way, and its name still ends in .gz.
  const ending = /\.([a-z0-9]+)$/i.exec(name.trim().replace(/\.gz$/i, ''))?.[1]?.toLowerCase() ?? ''
  const format = endings[ending] ?? null
  const text = start.replace(/^\xef\xbb\xbf/, '')
  const other =
    otherByContent(start, ending) ??
    (/^\s*<\?xml/i.test(text) && format !== 'text' ? 'XML' : null) ??
    (format === null ? (otherEndings[ending] ?? null) : null)
  if (other !== null) {
    throw new FinetaleError(
      `${label}: expected a data set in Parquet, JSON, CSV or text, found ${other}.`,
      actionFor(other),
    )
  }
  if (format === 'parquet') {
    throw new FinetaleError(
      `${label}: expected Parquet, which begins with PAR1, found ${excerpt(text.replace(/[^\x20-\x7e]/g, '?'), 12)}.`,
      'Download the file again, or choose another.',
    )
  }
  // JSON under another name: no header and hardly a story begins like this.
  if (/^\s*(\{\s*"|\[\s*\{\s*")/.test(text)) return 'json'
  return format === null || format === 'text' ? (tableIn(text) ?? 'text') : format
}

/** The format of a table that is called text, or nothing: its first line names the columns of a known layout. */
function tableIn(text: string): Format | null {
  // Of UTF-16 without its mark and zero bytes the names are left, which are all that counts here.
  const [first = ''] = text
    .replace(/^(\xff\xfe|\xfe\xff)/, '')
    .replaceAll('\0', '')
    .trimStart()
    .split(/[\r\n]/, 1)
  for (const delimiter of ['\t', ',', ';', '|']) {
    const names = first.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
    if (names.length < 2 || !names.every((name) => /^[\w -]{0,40}$/.test(name))) continue
    if ((chooseColumns(names)?.target.length ?? 0) > 0) return delimiter === '\t' ? 'tsv' : 'csv'
  }
  return null
}
