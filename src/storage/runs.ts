// Run records and the input files kept with each run. Metrics, generations and checkpoints have their own files;
// deleting a run removes those as well.

import { FinetaleError } from '../recipe/error'
import { demo } from '../recipe/presets'
import { completed, storageError, type Database } from './db'
import type { RunRecord } from './schema'

/** All string keys that begin with `${prefix}/`. */
export function keysBelow(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(`${prefix}/`, `${prefix}/\uffff`)
}

/** Writes a new run record, in place of one with the same id. */
export async function createRun(db: Database, run: RunRecord): Promise<void> {
  try {
    await db.put('runs', run)
  } catch (error) {
    throw storageError('The run was not saved', error)
  }
}

/** A record as this version knows it: recipe fields that are younger than the record take their defaults. */
function upToDate(run: RunRecord): RunRecord {
  return { ...run, recipe: { ...demo(), ...run.recipe } }
}

export async function getRun(db: Database, id: string): Promise<RunRecord | undefined> {
  const run = await db.get('runs', id)
  return run === undefined ? undefined : upToDate(run)
}

/** All runs, the one touched last first. */
export async function listRuns(db: Database): Promise<RunRecord[]> {
  return (await db.getAllFromIndex('runs', 'updatedAt')).reverse().map(upToDate)
}

/**
 * Changes fields of a run in one transaction and stamps updatedAt.
 * @throws FinetaleError when there is no such run, or it cannot be written
 */
export async function updateRun(db: Database, id: string, change: Partial<Omit<RunRecord, 'id'>>): Promise<RunRecord> {
  const tx = db.transaction('runs', 'readwrite')
  const write = async () => {
    const run = await tx.store.get(id)
    if (run === undefined) throw missingRun()
    const changed = { ...run, updatedAt: Date.now(), ...change }
    await tx.store.put(changed)
    return changed
  }
  try {
    return await completed(tx, write)
  } catch (error) {
    throw storageError('The run was not saved', error)
  }
}

/** The error for a run that was deleted while something was still to be written for it. */
export function missingRun(): FinetaleError {
  return new FinetaleError('The run is no longer stored: it was deleted.', 'Start a new run.')
}

/** Removes a run with everything that belongs to it, in one transaction. */
export async function deleteRun(db: Database, id: string): Promise<void> {
  const tx = db.transaction(['runs', 'metrics', 'generations', 'checkpoints', 'parts', 'files'], 'readwrite')
  const remove = async () => {
    await tx.objectStore('runs').delete(id)
    await tx.objectStore('metrics').delete(IDBKeyRange.bound([id], [id, []]))
    await tx.objectStore('files').delete(keysBelow(id))
    const generations = tx.objectStore('generations')
    for (const key of await generations.index('runId').getAllKeys(id)) await generations.delete(key)
    const checkpoints = tx.objectStore('checkpoints')
    for (const key of await checkpoints.index('runId').getAllKeys(id)) {
      await tx.objectStore('parts').delete(keysBelow(key))
      await checkpoints.delete(key)
    }
  }
  try {
    await completed(tx, remove)
  } catch (error) {
    throw storageError('The run was not deleted', error)
  }
}

/** Keeps a run's inputs, by file name, so that it resumes without its sources. */
export async function putFiles(db: Database, runId: string, files: Readonly<Record<string, Blob>>): Promise<void> {
  const tx = db.transaction('files', 'readwrite')
  const puts = () => Promise.all(Object.entries(files).map(([name, blob]) => tx.store.put(blob, `${runId}/${name}`)))
  try {
    await completed(tx, puts)
  } catch (error) {
    throw storageError("The run's inputs were not saved", error)
  }
}

/** A run's inputs by file name; empty when none are kept. */
export async function getFiles(db: Database, runId: string): Promise<Record<string, Blob>> {
  const tx = db.transaction('files')
  const [keys, blobs] = await Promise.all([tx.store.getAllKeys(keysBelow(runId)), tx.store.getAll(keysBelow(runId))])
  return Object.fromEntries(keys.map((key, i) => [key.slice(runId.length + 1), blobs[i]!]))
}
