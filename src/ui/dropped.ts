// What was dropped on an element, as files with paths; folders are walked. It opens no file.

import { FinetaleError } from '../recipe/error'
import type { PickedFile } from '../state/inputs'
import { say } from './messages'

/** More than any model folder or data set has; a dropped home folder must not freeze the page. */
const MAX_FILES = 2000

/** True when files hang on the pointer, and not text or a link. */
export function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false
}

/**
 * The files of a drop. Must be called while the event is handled: entries are gone afterwards.
 * @throws FinetaleError when a folder holds too many files, or the browser cannot read it
 */
export async function droppedFiles({ dataTransfer }: DragEvent): Promise<PickedFile[]> {
  const items = Array.from(dataTransfer?.items ?? []).filter(({ kind }) => kind === 'file')
  // Both are asked for before the first wait; where a browser knows no entries, the files themselves must do.
  const dropped = items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found: PickedFile[] = []
  try {
    for (const { entry, file } of dropped) {
      if (entry) await walk(entry, found)
      else if (file) found.push({ path: file.name, file })
    }
  } catch (error) {
    if (error instanceof FinetaleError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new FinetaleError(say('errorDropUnread', { reason }), say('actionDrop'))
  }
  return found
}

async function walk(entry: FileSystemEntry, found: PickedFile[]): Promise<void> {
  if (found.length >= MAX_FILES) {
    throw new FinetaleError(say('errorDropMany', { count: MAX_FILES, last: entry.fullPath }), say('actionDrop'))
  }
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
