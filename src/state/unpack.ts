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

/**
 * The files inside the zips among `picked`, and the other files.
 * @throws FinetaleError when an archive is broken, or a file that will be read is damaged or cannot be opened
 */
export async function unpack(picked: readonly PickedFile[], side: Side): Promise<PickedFile[]> {
  if (!picked.some(isZip)) return [...picked]
  const { readZip } = await import('../formats/zip')
  const needs = await needsOf(side)
  const files: PickedFile[] = []
  for (const entry of picked) {
    if (!isZip(entry)) files.push(entry)
    else {
      const found = await readZip(entry.file, entry.path, { needs })
      for (const [path, file] of found) files.push({ path, file })
    }
  }
  return files
}
