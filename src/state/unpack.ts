// Opens a chosen zip into files with paths; anything else passes as it is. The reader of archives is loaded with the first
// one.

import { dataFromFiles, type PickedFile } from './inputs'
import type { Side } from './sources'

const isZip = ({ path }: PickedFile): boolean => /\.zip$/i.test(path)

/** What a model is read from; all else in its folder may be locked, damaged or packed in a way nobody knows. */
const ofModel = /(?:\.json|\.safetensors|\.bin|(?:^|\/)merges\.txt)$/i

/** Whether a file of an archive is one that will be read. */
function needs(side: Side, paths: readonly string[]): (path: string) => boolean {
  if (side === 'model') return (path) => ofModel.test(path)
  const file = new Blob([])
  try {
    const chosen = dataFromFiles(paths.map((path) => ({ path, file })))
    return (path) => chosen.kind !== 'files' || Object.hasOwn(chosen.files, path)
  } catch {
    // Nothing in it looks like rows: that is told when the files are chosen from.
    return () => false
  }
}

/**
 * The files inside the zips among `picked`, and the other files.
 * @throws FinetaleError when an archive is broken, or a file that will be read is damaged or cannot be opened
 */
export async function unpack(picked: readonly PickedFile[], side: Side): Promise<PickedFile[]> {
  if (!picked.some(isZip)) return [...picked]
  const { readZip } = await import('../formats/zip')
  const files: PickedFile[] = []
  for (const entry of picked) {
    if (!isZip(entry)) files.push(entry)
    else {
      const found = await readZip(entry.file, entry.path, { needs: (paths) => needs(side, paths) })
      for (const [path, file] of found) files.push({ path, file })
    }
  }
  return files
}
