// Keeps files fetched from a hub: parts first, then one record that publishes them. What is read back is checked, because
// browsers clear storage. Which files belong together, and what is fetched, is for src/hub.

import { completed, type Database } from './db'
import type { HubFile } from './schema'

/** Bytes of a part: browsers refuse large records, and a part is what is held in memory while a file comes. */
export const HUB_PART_BYTES = 32 * 2 ** 20

const LOCK_PREFIX = 'finetale-hub-'

/** The Web Lock that a fetch of a repository holds; its parts' keys begin with the same name. */
export function hubLock(repo: string): string {
  return LOCK_PREFIX + repo
}

/** A key for a part of a file under way: unlike any other, and telling whose it is. */
export function newPartKey(repo: string): string {
  const random = crypto.getRandomValues(new Uint32Array(4))
  return `${repo}|${Array.from(random, (word) => word.toString(16).padStart(8, '0')).join('')}`
}

/** Where fetched files are kept: the database, or memory where there is none. */
export interface HubStore {
  putPart(key: string, part: Blob): Promise<void>
  removeParts(keys: readonly string[]): Promise<void>
  /** Makes a file present, in one transaction; an earlier one under the same key goes. */
  publish(file: HubFile): Promise<void>
  /** The file, whole; one that is not whole any more is removed. */
  read(key: string): Promise<{ readonly file: HubFile; readonly blob: Blob } | null>
  list(): Promise<HubFile[]>
  remove(keys: readonly string[]): Promise<void>
}

/** Joins parts; null when one is gone, has another length or cannot be read any more. */
export async function joinParts(file: HubFile, parts: readonly (Blob | undefined)[]): Promise<Blob | null> {
  const found = parts.filter((part) => part instanceof Blob)
  if (found.length !== file.parts.length) return null
  if (found.reduce((sum, part) => sum + part.size, 0) !== file.byteLength) return null
  try {
    // A Blob whose bytes were cleared keeps its size; only reading tells.
    for (const part of found) {
      const ends = [part.slice(0, 1), part.slice(-1)]
      if (
        part.size > 0 &&
        (await Promise.all(ends.map((end) => end.arrayBuffer()))).some((end) => end.byteLength !== 1)
      )
        return null
    }
  } catch {
    return null
  }
  return new Blob(found)
}

export class DatabaseHubStore implements HubStore {
  readonly #open: () => Promise<Database>

  /** @param open gives the connection; asked at each use, for a lost one is opened anew */
  constructor(open: () => Promise<Database>) {
    this.#open = open
  }

  async putPart(key: string, part: Blob): Promise<void> {
    const tx = (await this.#open()).transaction('hubParts', 'readwrite')
    await completed(tx, () => tx.store.put(part, key))
  }

  async removeParts(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    const tx = (await this.#open()).transaction('hubParts', 'readwrite')
    await completed(tx, () => Promise.all(keys.map((key) => tx.store.delete(key))))
  }

  async publish(file: HubFile): Promise<void> {
    const tx = (await this.#open()).transaction(['hubFiles', 'hubParts'], 'readwrite', { durability: 'strict' })
    await completed(tx, async () => {
      const files = tx.objectStore('hubFiles')
      const old = await files.get(file.key)
      for (const key of old?.parts ?? []) await tx.objectStore('hubParts').delete(key)
      await files.put(file)
    })
  }

  async read(key: string): Promise<{ file: HubFile; blob: Blob } | null> {
    const tx = (await this.#open()).transaction(['hubFiles', 'hubParts'])
    const file = await tx.objectStore('hubFiles').get(key)
    if (file === undefined) return null
    const parts = await Promise.all(file.parts.map((part) => tx.objectStore('hubParts').get(part)))
    const blob = await joinParts(file, parts)
    if (blob !== null) return { file, blob }
    await this.remove([key])
    return null
  }

  async list(): Promise<HubFile[]> {
    return (await this.#open()).getAll('hubFiles')
  }

  async remove(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    const tx = (await this.#open()).transaction(['hubFiles', 'hubParts'], 'readwrite')
    await completed(tx, async () => {
      for (const key of keys) {
        const file = await tx.objectStore('hubFiles').get(key)
        for (const part of file?.parts ?? []) await tx.objectStore('hubParts').delete(part)
        await tx.objectStore('hubFiles').delete(key)
      }
    })
  }
}

/**
 * Removes parts that no file names: a tab was closed in mid-download. Those of a fetch under way in another tab stay.
 * @param own the repository whose lock the caller holds: what is left of it is nobody's
 * @returns how many were removed
 */
export async function sweepHubParts(db: Database, own: string): Promise<number> {
  // Keys first, locks second: a fetch that begins in between has no part among these keys.
  const keys = await db.getAllKeys('hubParts')
  if (keys.length === 0) return 0
  const held = 'locks' in navigator ? ((await navigator.locks.query()).held ?? []).map(({ name }) => name) : null
  const mayGo = (key: string) => {
    const repo = key.slice(0, key.lastIndexOf('|'))
    return repo === own || (held !== null && !held.includes(hubLock(repo)))
  }
  const tx = db.transaction(['hubFiles', 'hubParts'], 'readwrite')
  let removed = 0
  await completed(tx, async () => {
    const named = new Set((await tx.objectStore('hubFiles').getAll()).flatMap((file) => file.parts))
    for (const key of keys) {
      if (named.has(key) || !mayGo(key)) continue
      await tx.objectStore('hubParts').delete(key)
      removed++
    }
  })
  return removed
}
