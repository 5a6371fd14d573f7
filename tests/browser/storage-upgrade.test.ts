// The database across versions and tabs: an old tab that lets go, one that does not, and a newer one.

import { deleteDB } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { databaseOpened, openFinetaleDB } from '../../src/storage/db'

let names = 0
let name = ''

beforeEach(() => {
  name = `finetale-test-upgrade-${Date.now()}-${names++}`
})

afterEach(() => {
  vi.restoreAllMocks()
  return deleteDB(name)
})

/** A connection as another tab has it, at a version and with what it does when asked to let go. */
function elsewhere(version: number, letsGo: boolean): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    request.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion > 0) return
      const { result } = request
      result.createObjectStore('runs', { keyPath: 'id' }).createIndex('updatedAt', 'updatedAt')
      result.createObjectStore('metrics', { keyPath: ['runId', 'kind', 'first'] })
      result.createObjectStore('generations', { keyPath: 'id' }).createIndex('runId', 'runId')
      result.createObjectStore('checkpoints', { keyPath: 'id' }).createIndex('runId', 'runId')
      result.createObjectStore('parts')
      result.createObjectStore('files')
      request.transaction?.objectStore('runs').put({ id: 'old', updatedAt: 1 })
    }
    request.onerror = () => reject(request.error ?? new Error('not opened'))
    request.onsuccess = () => {
      if (letsGo) request.result.onversionchange = () => request.result.close()
      resolve(request.result)
    }
  })
}

test('an old tab that lets go is no hindrance, and what it stored is there', async () => {
  await elsewhere(1, true)
  const db = await openFinetaleDB(name)
  expect((await db.get('runs', 'old'))?.id).toBe('old')
  expect([...db.objectStoreNames]).toContain('hubFiles')
})

test('an old tab that holds on is named, and once it is closed all goes on', async () => {
  const old = await elsewhere(1, false)
  await expect(openFinetaleDB(name)).rejects.toMatchObject({ details: { code: 'blocked' } })
  await expect(openFinetaleDB(name)).rejects.toThrow('another tab')
  const opened = databaseOpened(name)
  old.close()
  const db = await opened
  expect(await openFinetaleDB(name)).toBe(db)
  expect((await db.get('runs', 'old'))?.id).toBe('old')
})

test('all that wait for a blocked database wait together, and later calls not at all', async () => {
  const old = await elsewhere(1, false)
  const begun = performance.now()
  const blocked = { details: { code: 'blocked' } }
  const first = expect(openFinetaleDB(name)).rejects.toMatchObject(blocked)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await Promise.all([first, expect(openFinetaleDB(name)).rejects.toMatchObject(blocked)])
  expect(performance.now() - begun).toBeLessThan(4000)
  const again = performance.now()
  for (let i = 0; i < 3; i++) await expect(openFinetaleDB(name)).rejects.toMatchObject(blocked)
  expect(performance.now() - again).toBeLessThan(500)
  old.close()
  await databaseOpened(name)
  expect((await openFinetaleDB(name)).version).toBe(2)
})

test('a newer version asks this tab to be reloaded', async () => {
  const db = await openFinetaleDB(name)
  const newer = await elsewhere(99, true)
  // Our connection gave way to it.
  expect(() => db.transaction('runs')).toThrow()
  await expect(openFinetaleDB(name)).rejects.toMatchObject({ action: 'Reload this tab.' })
  newer.close()
})

test('a connection that the browser drops is opened anew', async () => {
  const db = await openFinetaleDB(name)
  db.dispatchEvent(new Event('close'))
  const again = await openFinetaleDB(name)
  expect(again).not.toBe(db)
  db.close()
})
