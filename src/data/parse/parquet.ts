// Reads Parquet through hyparquet, which is loaded on first use: names from the footer, then the chosen columns, one row
// group at a time by slices of the file. Decompressors are loaded only for a codec that needs them.

import type { AsyncBuffer, ColumnData, CompressionCodec, Compressors, FileMetaData } from 'hyparquet'
import { FinetaleError } from '../../recipe/error'
import { cellParsers, textFromBytes } from './parquetCells'
import { tidyNames, type Table } from './table'

/** Codecs that hyparquet reads by itself. */
const builtIn: readonly unknown[] = ['UNCOMPRESSED', 'SNAPPY']

async function loadCompressors(): Promise<Compressors> {
  const more = await import('hyparquet-compressors')
  return {
    GZIP: (input, length) => more.gunzip(input, new Uint8Array(length)),
    BROTLI: more.decompressBrotli,
    ZSTD: (input) => more.decompressZstd(input),
    LZ4: more.decompressLz4,
    LZ4_RAW: more.decompressLz4Raw,
  }
}

function damaged(label: string, thrown: unknown): FinetaleError {
  if (thrown instanceof FinetaleError) return thrown
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  return new FinetaleError(
    `${label}: expected a whole Parquet file, found one that is damaged or uses what cannot be read here (${why}).`,
    'Download it again, or write it anew, for example in Python: datasets.Dataset.to_parquet.',
  )
}

async function footer(blob: Blob, file: AsyncBuffer, label: string): Promise<FileMetaData> {
  const end = await blob.slice(Math.max(0, blob.size - 8)).bytes()
  const mark = String.fromCharCode(...end.slice(-4))
  const length = end.length < 8 ? 0 : new DataView(end.buffer).getUint32(0, true)
  if (mark !== 'PAR1' || blob.size < 12 || length > blob.size - 12) {
    throw new FinetaleError(
      `${label}: expected a Parquet file that ends with its footer, found one that is cut off (${blob.size} bytes).`,
      'Download the file again.',
    )
  }
  const { parquetMetadataAsync } = await import('hyparquet')
  try {
    return await parquetMetadataAsync(file, { parsers: cellParsers, geoparquet: false })
  } catch (error) {
    throw damaged(label, error)
  }
}

/** The codecs of the columns named. @throws FinetaleError when a column is encrypted */
function codecsOf(
  metadata: FileMetaData,
  columns: readonly string[],
  label: string,
): Set<CompressionCodec | undefined> {
  const codecs = new Set<CompressionCodec | undefined>()
  for (const group of metadata.row_groups) {
    for (const { meta_data: meta, crypto_metadata: key } of group.columns) {
      const name = meta?.path_in_schema[0] ?? ''
      // Only what is in use must be readable. Where the footer hides a column's place too, its name is not known.
      if (meta === undefined || (key !== undefined && columns.includes(name))) {
        const which = meta === undefined ? 'encrypted ones' : `"${name}" encrypted`
        throw new FinetaleError(
          `${label}: expected columns that can be read, found ${which}.`,
          'Decrypt the file first, or choose another file or other columns.',
        )
      }
      if (columns.includes(name)) codecs.add(meta.codec)
    }
  }
  return codecs
}

async function compressorsFor(codecs: Set<CompressionCodec | undefined>, label: string): Promise<Compressors> {
  const needed = [...codecs].filter((codec) => !builtIn.includes(codec))
  if (needed.length === 0) return {}
  const compressors = await loadCompressors()
  const unknown = needed.find((codec) => codec === undefined || compressors[codec] === undefined)
  if (needed.includes(undefined) || unknown !== undefined) {
    throw new FinetaleError(
      `${label}: expected a column packed with Snappy, gzip, Zstandard, Brotli or LZ4, found ${unknown ?? 'an unknown codec'}.`,
      'Write the file again with another compression, for example snappy.',
    )
  }
  return compressors
}

/** Gives the columns their tidy names, in the footer too: hyparquet reads all columns of one name as one. */
function renameColumns(metadata: FileMetaData): string[] {
  const { schema } = metadata
  const skip = (index: number): number => {
    let next = index + 1
    for (let i = schema[index]?.num_children ?? 0; i > 0 && next < schema.length; i--) next = skip(next)
    return next
  }
  const tops: number[] = []
  for (let index = 1; index < schema.length; index = skip(index)) tops.push(index)
  const names = tidyNames(tops.map((index) => schema[index]!.name))
  const leaves: string[] = []
  for (const [i, top] of tops.entries()) {
    const last = tops[i + 1] ?? schema.length
    for (let index = top; index < last; index++) if ((schema[index]!.num_children ?? 0) === 0) leaves.push(names[i]!)
    schema[top]!.name = names[i]!
  }
  for (const { columns } of metadata.row_groups) {
    // The chunks of a group stand in the order of the schema's leaves.
    for (const [i, { meta_data: meta }] of columns.entries()) if (meta && leaves[i]) meta.path_in_schema[0] = leaves[i]
  }
  return names
}

async function readColumns(
  file: AsyncBuffer,
  metadata: FileMetaData,
  names: readonly string[],
  compressors: Compressors,
): Promise<unknown[][]> {
  const { parquetRead } = await import('hyparquet')
  const cells = names.map((): unknown[] => [])
  let rowStart = 0
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows)
    for (const [i, name] of names.entries()) {
      const column = cells[i]!
      const onChunk = ({ columnData }: ColumnData) => {
        // Typed arrays become plain ones; no spread, for a group may have a million rows.
        for (let row = 0; row < columnData.length; row++) column.push(columnData[row])
      }
      const options = { file, metadata, columns: [name], rowStart, rowEnd, compressors, parsers: cellParsers }
      await parquetRead({ ...options, onChunk })
      if (column.length !== rowEnd) throw new Error(`column "${name}" has ${column.length} of ${rowEnd} rows`)
    }
    rowStart = rowEnd
  }
  return cells
}

/**
 * Reads a Parquet file's footer; cells are decoded when they are asked for.
 * @throws FinetaleError when the file is cut off or damaged; `read` also for a codec, by its name
 */
export async function readParquetTable(blob: Blob, label: string): Promise<Table> {
  const file: AsyncBuffer = {
    byteLength: blob.size,
    slice: (start, end) => blob.slice(start, end).arrayBuffer(),
  }
  const metadata = await footer(blob, file, label)
  const columns = renameColumns(metadata)
  const read = async (chosen: readonly string[]) => {
    const compressors = await compressorsFor(codecsOf(metadata, chosen, label), label)
    let cells: unknown[][]
    try {
      cells = await readColumns(file, metadata, chosen, compressors)
    } catch (error) {
      throw damaged(label, error)
    }
    // A null cell comes as undefined or null; a column of Parquet has no missing cells.
    return {
      rows: Number(metadata.num_rows),
      cells: cells.map((column) =>
        column.map((cell) => (cell instanceof Uint8Array ? textFromBytes(cell) : cell) ?? null),
      ),
      line: (row: number) => row + 1,
    }
  }
  return { format: 'Parquet', columns, unit: 'row', problems: [], read }
}
