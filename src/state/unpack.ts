// Opens a chosen zip into files with paths; anything else passes as it is. The reader of archives is loaded with the first
// one.

import type { PickedFile } from './inputs'

const isZip = ({ path }: PickedFile): boolean => /\.zip$/i.test(path)

/**
 * The files inside the zips among `picked`, and the other files.
 * @throws FinetaleError when an archive is broken or of a kind that cannot be read
 */
export async function unpack(picked: readonly PickedFile[]): Promise<PickedFile[]> {
  if (!picked.some(isZip)) return [...picked]
  const { readZip } = await import('../formats/zip')
  const files: PickedFile[] = []
  for (const entry of picked) {
    if (!isZip(entry)) files.push(entry)
    else {
      for (const [path, file] of await readZip(entry.file, entry.path)) files.push({ path, file })
    }
  }
  return files
}
