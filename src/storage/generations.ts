// The table of generated texts: rows are written once and never changed.

import type { GenerationRow } from '../workers/protocol'
import { storageError, type Database } from './db'

/** Stores a row. @throws FinetaleError when there is no room */
export async function putGeneration(db: Database, row: GenerationRow): Promise<void> {
  try {
    await db.put('generations', row)
  } catch (error) {
    throw storageError('The generated text was not saved', error)
  }
}

/** A run's generated texts, by step and then by time. */
export async function listGenerations(db: Database, runId: string): Promise<GenerationRow[]> {
  const rows = await db.getAllFromIndex('generations', 'runId', runId)
  return rows.sort((a, b) => a.step - b.step || a.at - b.at)
}
