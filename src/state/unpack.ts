// Opens a chosen zip into files with paths; anything else passes as it is. The reader of archives is loaded with the first
// one.

import { rowsAmong } from './dataFiles'
import { isLitter, type PickedFile } from './inputs'
import type { Side } from './sources'

const isZip = ({ path }: PickedFile): boolean => /\.zip$/i.test(path)

/** What a model is read from; all else in its folder may be locked, damaged or packed in a way nobody knows. */
const ofModel = /(?:\.json|\.safetensors|\.bin|(?:^|\/)merges\.txt)$/i

/** Tells which files of an archive will be read, by their names. */
async function needsOf(side: Side): Promise<(paths: readonly string[]) => (path: string) => boolean> {
  if (side === 'model') return () => (path) => ofModel.test(path)
  const { dataEnding } = await import('../data/parse/format')
  return (paths) => {
    const files = paths.filter((path) => !isLitter(path)).map((path) => ({ path }))
    const rows = new Set(rowsAmong(files, dataEnding).map(({ path }) => path))
    return (path) => rows.has(path)
  }
}

interface Opened {
  /** The archive's path as a folder; '' for files that lay in none. */
  readonly folder: string
  readonly files: readonly PickedFile[]
}

/** All files together. Archives that hold files of the same path become folders, so that none hides another's. */
function together(opened: readonly Opened[]): PickedFile[] {
  const times = new Map<string, number>()
  for (const { path } of opened.flatMap(({ files }) => files)) times.set(path, (times.get(path) ?? 0) + 1)
  const clashes = ({ path }: PickedFile) => !isLitter(path) && (times.get(path) ?? 0) > 1
  return opened.flatMap(({ folder, files }) =>
    files.some(clashes) ? files.map(({ path, file }) => ({ path: folder + path, file })) : files,
  )
}

/**
 * The files inside the zips among `picked`, and the other files.
 * @throws FinetaleError when an archive is broken, or a file that will be read is damaged or cannot be opened
 */
export async function unpack(picked: readonly PickedFile[], side: Side): Promise<PickedFile[]> {
  if (!picked.some(isZip)) return [...picked]
  const { readZip } = await import('../formats/zip')
  const needs = await needsOf(side)
  const opened: Opened[] = []
  for (const entry of picked) {
    if (!isZip(entry)) opened.push({ folder: '', files: [entry] })
    else {
      const found = await readZip(entry.file, entry.path, { needs })
      const files = [...found].map(([path, file]) => ({ path, file }))
      opened.push({ folder: entry.path.replace(/\.zip$/i, '/'), files })
    }
  }
  return together(opened)
}
