// The sentences with which the trainer refuses a command: what is missing or in the way, and what to do.

import { FinetaleError } from '../recipe/error'
import { misfit } from '../recipe/fit'
import type { ModelSize } from '../recipe/memory'
import type { Recipe } from '../recipe/recipe'
import type { Database } from '../storage/db'
import { getRun } from '../storage/runs'
import type { RunRecord } from '../storage/schema'
import type { TokenizedDataset, TokenRows } from '../workers/protocol'

/** The stored run. Throws FinetaleError when it is gone. */
export async function requireRecord(db: Database, runId: string): Promise<RunRecord> {
  const record = await getRun(db, runId)
  if (record !== undefined) return record
  throw new FinetaleError('This run is no longer stored in this browser.', 'Start a new run.')
}

/** Throws FinetaleError when nothing is left to train on. */
export function requireRows(dataset: TokenizedDataset): void {
  if (dataset.train.rows > 0) return
  throw new FinetaleError(
    'The data set has no rows to train on.',
    'Choose another file, or check which rows were dropped.',
  )
}

/** Throws FinetaleError when the rows are not those the run was trained on. */
export function requireSameData(record: RunRecord, dataset: TokenizedDataset): void {
  if (record.dataFingerprint === dataset.fingerprint) return
  throw new FinetaleError(
    'The data set is not the one this run was trained on, so going on would not be the same run.',
    'Start a new run with this data set.',
  )
}

/** Throws FinetaleError with the largest setting that fits when the model has too few positions or memory too little room. */
export function requireFit(size: ModelSize, recipe: Recipe, dataset: TokenizedDataset, threads: number): void {
  const rowsSize = ({ rows, lengths }: TokenRows) => ({ rows, longest: lengths.reduce((a, b) => Math.max(a, b), 0) })
  const work = { size, recipe, threads, train: rowsSize(dataset.train), held: rowsSize(dataset.eval) }
  const problem = misfit(work)
  if (problem === null) return
  const { message, action, change } = problem
  throw new FinetaleError(message, action, change === null ? {} : { change })
}

/** For what needs the weights that a stored run began with. */
export function noFirstWeights(label: string): FinetaleError {
  return new FinetaleError(
    `A stored run keeps the weights it has trained, not those that "${label}" began with.`,
    'Choose the model again in step 1, or take the trained weights by "New run from this" in the list of runs.',
  )
}

/** For what must wait until no run is live. */
export function busy(): FinetaleError {
  return new FinetaleError('A run is live in this tab.', 'Stop it first, or wait until it has finished.')
}

/** For a text whose model cannot be found again. */
export function notInMemory(): FinetaleError {
  return new FinetaleError('The model for this text is not loaded.', 'Load the model again.')
}
