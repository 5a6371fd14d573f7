// Reads ranges of a Blob and turns what goes wrong there into sentences. No knowledge of any format.

import { FinetaleError } from '../recipe/error'

/**
 * Bytes [begin, end) of a file, as a buffer of their own, so that typed views of any width fit.
 * @param name how errors call the file
 * @throws FinetaleError when the browser cannot read them, for example because the file has changed on the disk
 */
export async function readBytes(blob: Blob, begin: number, end: number, name: string): Promise<ArrayBuffer> {
  let buffer: ArrayBuffer
  try {
    buffer = await blob.slice(begin, end).arrayBuffer()
  } catch (error) {
    throw unreadable(name, begin, end, error instanceof Error ? error.message : String(error))
  }
  if (buffer.byteLength !== end - begin) throw unreadable(name, begin, end, `only ${buffer.byteLength} came`)
  return buffer
}

function unreadable(name: string, begin: number, end: number, why: string): FinetaleError {
  return new FinetaleError(
    `${name}: ${end - begin} bytes at ${begin} could not be read (${why}).`,
    'Choose the file again; if it is very large, close other pages first.',
  )
}

/** A name out of a file, fit for a sentence: no control characters, not longer than a line. */
export function plainName(text: string): string {
  const clean = text.slice(0, 100).replace(/\p{C}/gu, '?')
  return text.length > 80 ? `${clean.slice(0, 77)}...` : clean
}

/** The first five, and how many more. */
export function firstFew(items: readonly string[]): string {
  const shown = items.slice(0, 5).map(plainName).join(', ')
  return items.length > 5 ? `${shown} and ${items.length - 5} more` : shown
}
