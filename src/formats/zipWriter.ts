// Writes a zip whose entries are stored, not deflated: weights do not shrink. Piece by piece into Blobs, so that a bundle
// of hundreds of megabytes never lies in memory whole. Reading is in zip.ts.

import { Zip, ZipPassThrough } from 'fflate'
import { FinetaleError } from '../recipe/error'

/** Bytes read and written at a time. */
export const PIECE_BYTES = 16 * 2 ** 20
/** Plain zip counts in 32 bits; some room is left for the directory. */
const MAX_BYTES = 2 ** 32 - 2 ** 24

export class ZipWriter {
  readonly #name: string
  readonly #done: Blob[] = []
  readonly #zip: Zip
  #bytes = 0
  #error: Error | null = null

  /** @param name how errors call the file */
  constructor(name: string) {
    this.#name = name
    this.#zip = new Zip((error, chunk) => {
      if (error !== null) this.#error = error
      // The Blob takes its copy at once, and the browser may keep it on disk.
      else this.#done.push(new Blob([chunk]))
    })
  }

  /**
   * Adds one file.
   * @param eachPiece sees the bytes in order as they pass
   * @throws FinetaleError when the zip would pass 4 GiB
   */
  async add(
    path: string,
    content: Blob,
    eachPiece: (piece: Uint8Array<ArrayBuffer>) => void = () => {},
  ): Promise<void> {
    this.#bytes += content.size
    if (this.#bytes > MAX_BYTES) {
      throw new FinetaleError(
        `${this.#name}: expected at most 4 GB in one zip, found more (at ${path}).`,
        'Download the model alone, without the state of the optimizer.',
      )
    }
    const entry = new ZipPassThrough(path)
    this.#zip.add(entry)
    for (let start = 0, last = false; !last; start += PIECE_BYTES) {
      const piece = new Uint8Array(await content.slice(start, start + PIECE_BYTES).arrayBuffer())
      last = start + PIECE_BYTES >= content.size
      eachPiece(piece)
      entry.push(piece, last)
      if (this.#error !== null) throw this.#error
    }
  }

  /** Ends the zip. */
  finish(): Blob {
    this.#zip.end()
    if (this.#error !== null) throw this.#error
    return new Blob(this.#done, { type: 'application/zip' })
  }
}
