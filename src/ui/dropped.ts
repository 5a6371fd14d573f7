// What was dropped on an element, as files with paths; folders are walked. It opens no file.

import type { PickedFile } from '../state/inputs'

/** More than any model folder or data set has; a dropped home folder must not freeze the page. */
const MAX_FILES = 2000

/** True when files hang on the pointer, and not text or a link. */
export function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false
}

/**
 * The files of a drop. Must be called while the event is handled: entries are gone afterwards.
 * @throws Error when the browser cannot read a folder's listing
 */
export async function droppedFiles({ dataTransfer }: DragEvent): Promise<PickedFile[]> {
  const items = Array.from(dataTransfer?.items ?? []).filter(({ kind }) => kind === 'file')
  // Both are asked for before the first wait; where a browser knows no entries, the files themselves must do.
  const dropped = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found: PickedFile[] = []
  for (const { entry, file } of dropped) {
    if (entry) await walk(entry, found)
    else if (file) found.push({ path: file.name, file })
  }
  return found
}

async function walk(entry: FileSystemEntry, found: PickedFile[]): Promise<void> {
  if (found.length >= MAX_FILES) return
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    found.push({ path: entry.fullPath.replace(/^\//, ''), file })
  } else if (isFolder(entry)) {
    const reader = entry.createReader()
    // A call gives some of the entries; an empty answer is the end.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
      if (some.length === 0) return
      for (const member of some) await walk(member, found)
    }
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}
