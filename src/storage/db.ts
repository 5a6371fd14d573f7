// Opens the IndexedDB database that keeps runs: schema version, upgrades, and what happens when a connection is lost.
// It reads and writes no records.

import { openDB, type IDBPDatabase, type OpenDBCallbacks } from 'idb'
import { FinetaleError } from '../recipe/error'
import type { FinetaleDB } from './schema'

export type Database = IDBPDatabase<FinetaleDB>

export const DATABASE_NAME = 'finetale'
const VERSION = 1

/** Open connections of this thread by database name; a lost one is forgotten, so that the next call opens anew. */
const connections = new Map<string, Promise<Database>>()

function upgrade(db: Database, oldVersion: number): void {
  if (oldVersion < 1) {
    db.createObjectStore('runs', { keyPath: 'id' }).createIndex('updatedAt', 'updatedAt')
    db.createObjectStore('metrics', { keyPath: ['runId', 'kind', 'first'] })
    db.createObjectStore('generations', { keyPath: 'id' }).createIndex('runId', 'runId')
    db.createObjectStore('checkpoints', { keyPath: 'id' }).createIndex('runId', 'runId')
    db.createObjectStore('parts')
    db.createObjectStore('files')
  }
}

function open(name: string): Promise<Database> {
  return new Promise((resolve, reject) => {
    let refused = false
    const forget = () => connections.delete(name)
    const callbacks: OpenDBCallbacks<FinetaleDB> = {
      upgrade,
      blocked() {
        refused = true
        reject(
          new FinetaleError(
            'Saved runs cannot be opened: another tab holds an older version of Finetale open.',
            'Close the other Finetale tabs, then reload this one.',
          ),
        )
      },
      blocking(_current, _blocked, event) {
        // Another tab wants to upgrade or delete the database; holding on would block it for ever.
        forget()
        if (event.target instanceof IDBDatabase) event.target.close()
      },
      terminated: forget,
    }
    // Where storage is denied the call itself throws; inside `then` that becomes a rejection like the others.
    void Promise.resolve()
      .then(() => openDB(name, VERSION, callbacks))
      .then(
        (db) => (refused ? db.close() : resolve(db)),
        (error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error)
          reject(
            new FinetaleError(
              `This browser lets the page keep nothing (${reason}); runs would be lost when the tab closes.`,
              'Leave private browsing, or allow this site to store data, then reload the page.',
            ),
          )
        },
      )
  })
}

/**
 * The connection to the database, opened at the first call. Ask for it again at each use rather than keeping it: it is
 * closed when another tab upgrades or deletes the database, and the next call opens a new one.
 * @param name another database, for tests
 * @throws FinetaleError when the browser keeps nothing, or another tab holds an older version
 */
export function openFinetaleDB(name = DATABASE_NAME): Promise<Database> {
  let connection = connections.get(name)
  if (connection === undefined) {
    connection = open(name)
    connections.set(name, connection)
    connection.catch(() => connections.delete(name))
  }
  return connection
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

/** Says what went wrong in storage, for people. `what` begins the sentence, for example 'The checkpoint was not saved'. */
export function storageError(what: string, error: unknown): FinetaleError {
  if (error instanceof FinetaleError) return error
  if (isQuotaError(error)) {
    return new FinetaleError(
      `${what}: the space this browser gives to the page is used up.`,
      'Delete old runs or free disk space, then save again. What was saved before is kept.',
    )
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new FinetaleError(`${what}: ${reason}`, 'Try again; if it fails again, reload the page. Saved runs are kept.')
}
