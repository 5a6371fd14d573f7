// Keeps fetched files for as long as the tab lives, where the browser lets the page keep nothing. Blobs, so that large
// ones need not lie in the worker's heap.

import type { HubFile } from '../storage/schema'
import { joinParts, type HubStore } from '../storage/hubFiles'

export class MemoryHubStore implements HubStore {
  readonly #files = new Map<string, HubFile>()
  readonly #parts = new Map<string, Blob>()

  async putPart(key: string, part: Blob): Promise<void> {
    this.#parts.set(key, part)
  }

  async removeParts(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#parts.delete(key)
  }

  async publish(file: HubFile): Promise<void> {
    await this.remove([file.key])
    this.#files.set(file.key, file)
  }

  async read(key: string): Promise<{ file: HubFile; blob: Blob } | null> {
    const file = this.#files.get(key)
    if (file === undefined) return null
    const blob = await joinParts(
      file,
      file.parts.map((part) => this.#parts.get(part)),
    )
    return blob === null ? null : { file, blob }
  }

  async list(): Promise<HubFile[]> {
    return [...this.#files.values()]
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.removeParts(this.#files.get(key)?.parts ?? [])
      this.#files.delete(key)
    }
  }
}
