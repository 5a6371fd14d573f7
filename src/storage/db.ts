// Opens the IndexedDB database that keeps runs: schema version, upgrades, and what happens when a connection is lost.
// It reads and writes no records.

import { openDB, type IDBPDatabase, type OpenDBCallbacks } from 'idb'
import { FinetaleError } from '../recipe/error'
import type { FinetaleDB } from './schema'

export type Database = IDBPDatabase<FinetaleDB>

export const DATABASE_NAME = 'finetale'
const VERSION = 2

/** How long an upgrade may wait for the other tabs to let go before the user is asked to close them. */
const BLOCKED_MS = 3000

interface Connection {
  /** Settles when the browser has opened the database or refused it; while another tab blocks it, not at all. */
  readonly opened: Promise<Database>
  /** Rejects once another tab has held an older version for too long. One clock for all that wait for this connection. */
  readonly heldTooLong: Promise<never>
  db: Database | null
}

/** Connections of this thread by database name; a lost one is forgotten, so that the next call opens anew. */
const connections = new Map<string, Connection>()

function upgrade(db: Database, oldVersion: number): void {
  if (oldVersion < 1) {
    db.createObjectStore('runs', { keyPath: 'id' }).createIndex('updatedAt', 'updatedAt')
    db.createObjectStore('metrics', { keyPath: ['runId', 'kind', 'first'] })
    db.createObjectStore('generations', { keyPath: 'id' }).createIndex('runId', 'runId')
    db.createObjectStore('checkpoints', { keyPath: 'id' }).createIndex('runId', 'runId')
    db.createObjectStore('parts')
    db.createObjectStore('files')
  }
  if (oldVersion < 2) {
    db.createObjectStore('hubFiles', { keyPath: 'key' })
    db.createObjectStore('hubParts')
  }
}

function connect(name: string): Connection {
  let clock: ReturnType<typeof setTimeout> | undefined
  let giveUp = (_reason: FinetaleError) => {}
  const heldTooLong = new Promise<never>((_resolve, reject) => (giveUp = reject))
  heldTooLong.catch(() => {})
  const forget = () => {
    if (connections.get(name) === connection) connections.delete(name)
  }
  const callbacks: OpenDBCallbacks<FinetaleDB> = {
    upgrade,
    blocked: () => (clock = setTimeout(() => giveUp(heldByOldTab()), BLOCKED_MS)),
    blocking(_current, _blocked, event) {
      // Another tab wants to upgrade or delete the database; holding on would block it for ever.
      forget()
      if (event.target instanceof IDBDatabase) event.target.close()
    },
    terminated: forget,
  }
  // Where storage is denied the call itself throws; inside `then` that becomes a rejection like the others.
  const opened = Promise.resolve()
    .then(() => openDB(name, VERSION, callbacks))
    .then(
      (db) => (connection.db = db),
      (error: unknown) => {
        forget()
        throw refusal(error)
      },
    )
    .finally(() => clearTimeout(clock))
  opened.catch(() => {})
  const connection: Connection = { opened, heldTooLong, db: null }
  connections.set(name, connection)
  return connection
}

function refusal(error: unknown): FinetaleError {
  if (error instanceof DOMException && error.name === 'VersionError') {
    return new FinetaleError(
      'Saved runs cannot be opened: a newer version of Finetale has been used in this browser.',
      'Reload this tab.',
    )
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new FinetaleError(
    `This browser lets the page keep nothing (${reason}); runs would be lost when the tab closes.`,
    'Leave private browsing, or allow this site to store data, then reload the page.',
    { code: 'no-storage' },
  )
}

function heldByOldTab(): FinetaleError {
  return new FinetaleError(
    'Saved runs cannot be opened yet: another tab holds an older version of Finetale open.',
    'Close the other tab with Finetale; this one then goes on by itself.',
    { code: 'blocked' },
  )
}

/**
 * The connection to the database, opened at the first call. Ask for it again at each use rather than keeping it: it is
 * closed when another tab upgrades or deletes the database, and the next call opens a new one.
 * @param name another database, for tests
 * @throws FinetaleError when the browser keeps nothing (code 'no-storage'), or when another tab has held an older version
 *   for three seconds (code 'blocked'; databaseOpened tells when it has let go)
 */
export async function openFinetaleDB(name = DATABASE_NAME): Promise<Database> {
  const { db, opened, heldTooLong } = connections.get(name) ?? connect(name)
  // While the other tab holds on, every call after the first is refused at once: nobody waits for what was waited for.
  return db ?? Promise.race([opened, heldTooLong])
}

/** Like openFinetaleDB, but waits for as long as another tab blocks it. */
export async function databaseOpened(name = DATABASE_NAME): Promise<Database> {
  return (connections.get(name) ?? connect(name)).opened
}

/** Errors of a connection that the browser has closed or lost under us, and not of what was asked of it. */
function isLost(error: unknown): error is DOMException {
  return error instanceof DOMException && ['InvalidStateError', 'AbortError', 'UnknownError'].includes(error.name)
}

/**
 * Does `work` on a connection; when it was lost meanwhile, once more on a new one. `work` must bear being done twice.
 * @param open openFinetaleDB, or the same with a name
 */
export async function onConnection<T>(open: () => Promise<Database>, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await open()
  try {
    return await work(db)
  } catch (error) {
    // What was asked for may have put it into words already.
    const thrown = error instanceof FinetaleError ? error.cause : error
    if (!isLost(thrown)) throw error
    // The event that tells of the loss may come later than the error. A transaction can also end on a sound connection.
    if (thrown.name !== 'AbortError') {
      for (const [name, connection] of connections) if (connection.db === db) connections.delete(name)
    }
    return work(await open())
  }
}

function isQuotaError(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError'
}

/**
 * Waits until the requests of `work` are done and their transaction is complete. A failure in `work` aborts the
 * transaction, so that nothing of it stays; a transaction that ran out of room says so, whichever error came first.
 */
export async function completed<T>(tx: { done: Promise<void>; abort(): void }, work: () => Promise<T>): Promise<T> {
  const running = work().catch((error: unknown) => {
    try {
      tx.abort()
    } catch {
      // It has ended already.
    }
    throw error
  })
  const [result, end] = await Promise.allSettled([running, tx.done])
  if (end.status === 'rejected' && isQuotaError(end.reason)) throw end.reason
  if (result.status === 'rejected') throw result.reason
  if (end.status === 'rejected') throw end.reason
  return result.value
}

/**
 * Says what went wrong in storage, for people, with the browser's own error as its cause. `what` begins the sentence, for
 * example 'The checkpoint was not saved'.
 */
export function storageError(what: string, error: unknown): FinetaleError {
  if (error instanceof FinetaleError) return error
  const told = inWords(what, error)
  told.cause = error
  return told
}

function inWords(what: string, error: unknown): FinetaleError {
  if (isQuotaError(error)) {
    return new FinetaleError(
      `${what}: the space this browser gives to the page is used up.`,
      'Delete old runs, export this one, or free disk space; the next save tries again. What was saved before is kept.',
      { code: 'quota' },
    )
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new FinetaleError(`${what}: ${reason}`, 'Try again; if it fails again, reload the page. Saved runs are kept.')
}
