// Hands a file to the browser's downloads. The link lives for a moment only; the bytes are let go late, because some
// browsers read them after the click has returned.

import type { LibraryController } from '../state/libraryController'

const LET_GO_MS = 60_000

export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), LET_GO_MS)
}

/** Saves the model of the run shown as it is in memory. */
export async function saveLiveModel(library: LibraryController | null): Promise<void> {
  if (!library) return
  const { name, content } = await library.exportLive()
  saveFile(name, content)
}
