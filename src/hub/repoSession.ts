// One fetch of a repository: takes each file from the cache or brings it there, and remembers which were taken. Which
// files make a model or a data set is for modelFiles.ts and dataFiles.ts.

import { FinetaleError } from '../recipe/error'
import type { HubStore } from '../storage/hubFiles'
import type { HubFile } from '../storage/schema'
import type { HubRef } from '../workers/protocol'
import { fileKey, isInside, repoIn, repoKey } from './address'
import { ImpostorError, isAbsence, missingError } from './answers'
import { download } from './download'
import { listFiles, type ListedFile, type Listing } from './listing'
import type { Meter } from './meter'
import { PartSink } from './partSink'
import { quotaError } from './quota'
import type { RequestContext } from './request'

export interface SessionParts {
  readonly store: HubStore
  readonly meter: Meter
  readonly context: RequestContext
  readonly partBytes: number
}

export interface TakenFile {
  readonly file: HubFile
  readonly blob: Blob
}

export class RepoSession {
  readonly ref: HubRef
  /** What the user should know, in order, without repeats. */
  readonly notes = new Set<string>()
  readonly taken: TakenFile[] = []
  /** What the repository has in place of a list that can be used, to follow its name; '' unless it has such a thing. */
  unlisted = ''
  readonly #parts: SessionParts
  readonly #listings = new Map<string, Promise<Listing | null>>()
  /** Why files were not there, the most telling first. */
  #absence: FinetaleError | null = null

  constructor(ref: HubRef, parts: SessionParts) {
    this.ref = ref
    this.#parts = parts
  }

  /** The files of a revision, asked for once; null when the hub gives no list, or not all of it. */
  list(revision = this.ref.revision): Promise<Listing | null> {
    let listing = this.#listings.get(revision)
    if (listing === undefined) {
      listing = this.#list(revision)
      this.#listings.set(revision, listing)
    }
    return listing
  }

  /**
   * A file that must be there.
   * @param last whether it is the last one that will be asked for
   * @throws FinetaleError why it is not
   */
  async need(path: string, last = false, revision = this.ref.revision): Promise<Blob> {
    if (!isInside(path)) {
      throw new FinetaleError(
        `${this.ref.repo} names the file "${path}", which would lie outside of it.`,
        'Use another copy of the model.',
        { code: 'hub-mismatch' },
      )
    }
    const ref = { ...this.ref, revision }
    const key = fileKey(ref, path)
    const listed = (await this.#listings.get(revision))?.files.get(path)
    const cached = await this.#parts.store.read(key)
    const taken = cached !== null && fits(cached.file, listed) ? cached : await this.#bring(ref, path, last, listed)
    this.taken.push(taken)
    return taken.blob
  }

  /** A file that may be missing: null when it is, or when something else stands in its place. */
  async find(path: string, last = false, revision = this.ref.revision): Promise<Blob | null> {
    try {
      return await this.need(path, last, revision)
    } catch (error) {
      if (!(error instanceof FinetaleError) || !(error instanceof ImpostorError || isAbsence(error))) throw error
      if (weight(error) > weight(this.#absence)) this.#absence = error
      return null
    }
  }

  /** Files of a listing, all needed; their sizes are the plan of the progress. */
  async all(paths: readonly string[], revision = this.ref.revision): Promise<Record<string, Blob>> {
    const listing = await this.list(revision)
    let planned: number | null = 0
    for (const path of paths) {
      const listed = listing?.files.get(path)
      const cached = await this.#parts.store.read(fileKey({ ...this.ref, revision }, path))
      if (cached !== null && fits(cached.file, listed)) continue
      planned = planned === null || listed === undefined ? null : planned + listed.size
    }
    this.#parts.meter.plan(planned)
    const files: Record<string, Blob> = {}
    for (const [index, path] of paths.entries()) {
      files[path] = await this.need(path, index === paths.length - 1, revision)
    }
    return files
  }

  /** The error for when none of several names was found: what stood in their place says more than that one is missing. */
  absent(what: string, listing: Listing | null = null): FinetaleError {
    // Who lists a repository's files does not hide it: a refusal then came from a revision that there is not.
    if (weight(this.#absence) > (listing === null && this.unlisted === '' ? 1 : 2)) return this.#absence!
    if (this.unlisted !== '')
      return missingError(this.ref, what, `; it ${this.unlisted}, so only usual names were tried`)
    const names = listing === null ? [] : [...listing.files.keys()]
    const held = names.slice(0, 4).join(', ') + (names.length > 4 ? ` and ${names.length - 4} more` : '')
    return missingError(this.ref, what, names.length > 0 ? `; it holds ${held}` : '')
  }

  async #list(revision: string): Promise<Listing | null> {
    const listing = await listFiles({ ...this.ref, revision }, this.#parts.context)
    if (listing.files !== null) {
      this.#noteName(listing.repo)
      return listing
    }
    if (revision === this.ref.revision) this.unlisted = listing.why
    return null
  }

  #noteName(name: string | null): void {
    if (name !== null && name !== this.ref.repo) this.notes.add(`${this.ref.repo} is now called ${name}.`)
  }

  async #bring(ref: HubRef, path: string, last: boolean, listed: ListedFile | undefined): Promise<TakenFile> {
    const { store, meter, context, partBytes } = this.#parts
    const repo = repoKey(ref)
    const wanted = { ref, path, size: listed?.size ?? null, sha256: listed?.sha256 ?? null, last }
    try {
      const { sink, blob, sha256, commit, url } = await download(
        wanted,
        () => new PartSink(store, repo, partBytes),
        meter,
        context,
      )
      this.#noteName(repoIn(url, ref))
      const file: HubFile = {
        key: fileKey(ref, path),
        ref,
        path,
        byteLength: sink.byteLength,
        sha256,
        commit,
        parts: [...sink.keys],
        fetchedAt: Date.now(),
      }
      try {
        await store.publish(file)
      } catch (error) {
        await sink.discard()
        throw error
      }
      // Read back, so that the copy in the store is the one in use and no other is held.
      return (await store.read(file.key)) ?? { file, blob }
    } catch (error) {
      throw await quotaError(error, ref, path, wanted.size)
    }
  }
}

/** A cached file is good as long as the hub does not list another one under its name. */
function fits(file: HubFile, listed: ListedFile | undefined): boolean {
  return (
    listed === undefined ||
    (file.byteLength === listed.size && (listed.sha256 === null || listed.sha256 === file.sha256))
  )
}

/** How much an error tells about why a file is not there. */
function weight(error: FinetaleError | null): number {
  if (error === null) return 0
  if (error instanceof ImpostorError) return 3
  return error.details.code === 'hub-refused' ? 2 : 1
}
