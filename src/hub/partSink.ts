// Cuts a body that streams in into parts and hands each to the store when it is full. It publishes nothing.

import type { HubStore } from '../storage/hubFiles'
import { newPartKey } from '../storage/hubFiles'
import type { Sink } from './download'

export class PartSink implements Sink {
  readonly #store: HubStore
  readonly #repo: string
  readonly #partBytes: number
  readonly #keys: string[] = []
  readonly #parts: Blob[] = []
  #pieces: Uint8Array<ArrayBuffer>[] = []
  #pending = 0
  #written = 0

  constructor(store: HubStore, repo: string, partBytes: number) {
    this.#store = store
    this.#repo = repo
    this.#partBytes = partBytes
  }

  /** Keys of the parts so far, in order. */
  get keys(): readonly string[] {
    return this.#keys
  }

  get byteLength(): number {
    return this.#written + this.#pending
  }

  async write(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let start = 0; start < piece.length;) {
      const end = Math.min(piece.length, start + this.#partBytes - this.#pending)
      this.#pieces.push(piece.subarray(start, end))
      this.#pending += end - start
      start = end
      if (this.#pending === this.#partBytes) await this.#flush()
    }
  }

  async finish(): Promise<Blob> {
    if (this.#pending > 0) await this.#flush()
    return new Blob(this.#parts)
  }

  async discard(): Promise<void> {
    this.#pieces = []
    this.#pending = 0
    try {
      await this.#store.removeParts(this.#keys)
    } catch {
      // The next fetch sweeps what is left.
    }
  }

  async #flush(): Promise<void> {
    // The Blob takes its copy here, so the pieces can go before the store is done.
    const part = new Blob(this.#pieces)
    this.#pieces = []
    this.#written += this.#pending
    this.#pending = 0
    const key = newPartKey(this.#repo)
    this.#keys.push(key)
    await this.#store.putPart(key, part)
    this.#parts.push(part)
  }
}
