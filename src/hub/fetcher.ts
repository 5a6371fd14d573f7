// Fetches models and data sets from a hub into the browser's cache and gives them as sources: the hub's part of the
// tokenizer worker. One fetch of a repository at a time in all tabs; what is whole in the cache is opened without a request.

import { FinetaleError } from '../recipe/error'
import { openFinetaleDB, type Database } from '../storage/db'
import {
  DatabaseHubStore,
  hubLock,
  HUB_PART_BYTES,
  newPartKey,
  sweepHubParts,
  type HubStore,
} from '../storage/hubFiles'
import type { HubFile } from '../storage/schema'
import type { DataSource, Fetched, FetchProgress, HubRef, ModelSource, TokenizerApi } from '../workers/protocol'
import { checkRef, fileKey, repoKey } from './address'
import { cancelledError } from './answers'
import { collectData } from './dataFiles'
import { MemoryHubStore } from './memoryStore'
import { Meter } from './meter'
import { collectModel } from './modelFiles'
import { RepoSession } from './repoSession'
import { patient, readToken, type Patience } from './request'

export interface HubFetcherOptions {
  readonly open?: () => Promise<Database>
  readonly patience?: Patience
  readonly partBytes?: number
}

/** The record that makes a repository whole: which files belong to it. Its content is a Manifest as JSON. */
const MANIFEST = '.files'

interface Manifest {
  readonly files: readonly { readonly revision: string; readonly path: string }[]
  readonly used: readonly string[]
  readonly notes: readonly string[]
}

type Files = Record<string, Blob>
type OnProgress = (progress: FetchProgress) => void

export class HubFetcher implements Pick<
  TokenizerApi,
  'fetchModel' | 'fetchData' | 'cancelFetch' | 'cachedBytes' | 'removeCached'
> {
  readonly #open: () => Promise<Database>
  readonly #patience: Patience
  readonly #partBytes: number
  readonly #memory = new MemoryHubStore()
  readonly #running = new Set<AbortController>()

  constructor({ open = openFinetaleDB, patience = patient, partBytes = HUB_PART_BYTES }: HubFetcherOptions = {}) {
    this.#open = () => open()
    this.#patience = patience
    this.#partBytes = partBytes
  }

  async fetchModel(ref: HubRef, token: string, onProgress: OnProgress): Promise<Fetched<ModelSource>> {
    const { files, notes } = await this.#fetch(ref, token, onProgress, collectModel)
    return { source: { kind: 'files', label: ref.repo, files, origin: ref }, notes }
  }

  async fetchData(ref: HubRef, token: string, onProgress: OnProgress): Promise<Fetched<DataSource>> {
    const { files, notes } = await this.#fetch(ref, token, onProgress, collectData)
    return { source: { kind: 'files', label: ref.repo, files, origin: ref }, notes }
  }

  async cancelFetch(): Promise<void> {
    for (const controller of this.#running) controller.abort()
  }

  async cachedBytes(ref: HubRef): Promise<number> {
    const { store } = await this.#store()
    return (await openWhole(store, ref))?.bytes ?? 0
  }

  async removeCached(ref: HubRef): Promise<number> {
    const { store } = await this.#store()
    const manifest = await readManifest(store, ref)
    const revisions = new Set([ref.revision, ...(manifest?.files ?? []).map(({ revision }) => revision)])
    const repo = repoKey(ref)
    const gone = (await store.list()).filter((file) => repoKey(file.ref) === repo && revisions.has(file.ref.revision))
    await store.remove(gone.map(({ key }) => key))
    return gone.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** The database, or memory and a note that says why. */
  async #store(): Promise<{ store: HubStore; db: Database | null; note: string }> {
    try {
      const db = await this.#open()
      return { store: new DatabaseHubStore(this.#open), db, note: '' }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { store: this.#memory, db: null, note: `What is downloaded is gone when this tab closes. ${reason}` }
    }
  }

  async #fetch(
    ref: HubRef,
    typedToken: string,
    onProgress: OnProgress,
    collect: (session: RepoSession) => Promise<Files>,
  ): Promise<{ files: Files; notes: readonly string[] }> {
    checkRef(ref)
    const token = readToken(typedToken)
    const controller = new AbortController()
    const { signal } = controller
    this.#running.add(controller)
    try {
      return await alone(repoKey(ref), signal, async () => {
        const { store, db, note } = await this.#store()
        const withNote = (notes: readonly string[]) => (note === '' ? notes : [...notes, note])
        const whole = await openWhole(store, ref)
        if (whole !== null) return { files: whole.files, notes: withNote(whole.notes) }
        if (db !== null) await sweep(db, ref)
        const meter = new Meter(onProgress)
        const context = { token, signal, patience: this.#patience }
        const session = new RepoSession(ref, { store, meter, context, partBytes: this.#partBytes })
        const files = await collect(session)
        await writeManifest(store, session, files)
        return { files, notes: withNote([...session.notes]) }
      })
    } finally {
      this.#running.delete(controller)
    }
  }
}

/** Runs `work` when no other tab fetches the same repository; what that one fetched is then found in the cache. */
async function alone<T>(repo: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return work()
  let begun = false
  try {
    return await navigator.locks.request(hubLock(repo), { signal }, () => {
      begun = true
      return work()
    })
  } catch (error) {
    if (!begun && signal.aborted) throw cancelledError()
    throw error
  }
}

async function sweep(db: Database, ref: HubRef): Promise<void> {
  try {
    await sweepHubParts(db, repoKey(ref))
  } catch {
    // Only space is lost; the next fetch tries again.
  }
}

async function readManifest(store: HubStore, ref: HubRef): Promise<Manifest | null> {
  const record = await store.read(fileKey(ref, MANIFEST))
  if (record === null) return null
  try {
    return JSON.parse(await record.blob.text()) as Manifest
  } catch {
    return null
  }
}

/** All files of a repository from the cache; null when one is not there any more. */
async function openWhole(store: HubStore, ref: HubRef) {
  const manifest = await readManifest(store, ref)
  if (manifest === null) return null
  const files: Files = {}
  let bytes = 0
  for (const { revision, path } of manifest.files) {
    const found = await store.read(fileKey({ ...ref, revision }, path))
    if (found === null) return null
    bytes += found.file.byteLength
    if (manifest.used.includes(path)) files[path] = found.blob
  }
  return { files, bytes, notes: manifest.notes }
}

async function writeManifest(store: HubStore, { ref, taken, notes }: RepoSession, files: Files): Promise<void> {
  const manifest: Manifest = {
    files: taken.map(({ file }) => ({ revision: file.ref.revision, path: file.path })),
    used: Object.keys(files),
    notes: [...notes],
  }
  const blob = new Blob([JSON.stringify(manifest)])
  const part = newPartKey(repoKey(ref))
  const file: HubFile = {
    key: fileKey(ref, MANIFEST),
    ref,
    path: MANIFEST,
    byteLength: blob.size,
    sha256: '',
    commit: '',
    parts: [part],
    fetchedAt: Date.now(),
  }
  try {
    await store.putPart(part, blob)
    await store.publish(file)
  } catch (error) {
    // The files are there and checked; without the record they are only asked for once more.
    if (error instanceof FinetaleError) throw error
  }
}
