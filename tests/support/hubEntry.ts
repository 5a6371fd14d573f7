// The script of hubPage.ts's page: a HubFetcher, with patience that suits a test, and a look at what it stored.

import { FinetaleError } from '../../src/recipe/error'
import { HubFetcher } from '../../src/hub/fetcher'
import { openFinetaleDB } from '../../src/storage/db'
import type { FetchProgress, Fetched, FinetaleErrorData, HubRef } from '../../src/workers/protocol'
import type { FetchOptions, HubWindow, Outcome } from './hubPage'

let running: HubFetcher | null = null
const still = new HubFetcher()

function errorData(error: unknown): FinetaleErrorData {
  if (!(error instanceof FinetaleError)) return { name: 'Fault', message: String(error), action: '' }
  const { name, message, action, details } = error
  return { name, message, action, ...details }
}

let parts = 0

/** A database that refuses every part after the first, as a full disk does. */
async function fullDatabase() {
  const db = await openFinetaleDB()
  return new Proxy(db, {
    get(target, name) {
      if (name !== 'transaction') return Reflect.get(target, name) as unknown
      return (stores: string, mode: IDBTransactionMode) => {
        if (stores === 'hubParts' && mode === 'readwrite' && parts++ > 0) {
          throw new DOMException('full', 'QuotaExceededError')
        }
        return target.transaction(stores as 'hubParts', mode)
      }
    },
  })
}

async function fetchFromHub(ref: HubRef, options: FetchOptions): Promise<Outcome> {
  const { token = '', stallMs = 30_000, backoffMs = [20, 20], storage, partBytes = 100_000, cancelAt } = options
  const open =
    storage === 'none' ? () => Promise.reject(new FinetaleError('Nothing is kept here.', '')) : openFinetaleDB
  const fetcher = new HubFetcher({
    open: storage === 'full' ? fullDatabase : open,
    patience: { stallMs, backoffMs },
    partBytes,
  })
  running = fetcher
  const progress: FetchProgress[] = []
  const onProgress = (step: FetchProgress) => {
    progress.push(step)
    if (cancelAt !== undefined && step.receivedBytes >= cancelAt) void fetcher.cancelFetch()
  }
  try {
    const fetched: Fetched<{ readonly kind: string }> =
      ref.kind === 'model'
        ? await fetcher.fetchModel(ref, token, onProgress)
        : await fetcher.fetchData(ref, token, onProgress)
    const source = fetched.source as unknown as { files: Record<string, Blob>; origin: HubRef }
    const small = Object.entries(source.files).filter(([, blob]) => blob.size <= 2048)
    return {
      files: Object.fromEntries(Object.entries(source.files).map(([name, blob]) => [name, blob.size])),
      texts: Object.fromEntries(
        await Promise.all(small.map(async ([name, blob]) => [name, await blob.text()] as const)),
      ),
      notes: fetched.notes,
      origin: source.origin,
      error: null,
      progress,
    }
  } catch (error) {
    return { files: null, texts: {}, notes: [], origin: null, error: errorData(error), progress }
  }
}

async function damage(path: string, how: 'missing' | 'short'): Promise<void> {
  const db = await openFinetaleDB()
  const file = (await db.getAll('hubFiles')).find((record) => record.path === path)
  const key = file?.parts[0]
  if (key === undefined) throw new Error(`${path} is not stored.`)
  const part = await db.get('hubParts', key)
  if (how === 'missing' || part === undefined) await db.delete('hubParts', key)
  else await db.put('hubParts', part.slice(0, part.size - 1), key)
}

async function stored() {
  const db = await openFinetaleDB()
  return { files: await db.getAllKeys('hubFiles'), parts: await db.getAllKeys('hubParts') }
}

const functions: HubWindow = {
  fetchFromHub,
  cancelFetch: async () => running?.cancelFetch(),
  cachedBytes: (ref) => still.cachedBytes(ref),
  removeCached: (ref) => still.removeCached(ref),
  stored,
  damage,
}
Object.assign(window, functions)
