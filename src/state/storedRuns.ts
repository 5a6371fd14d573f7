// What the page reads from storage at load: the latest run's history, and the runs that were cut off. It writes nothing
// but the removal of a run that no tab owns.

import type { IDBPDatabase } from 'idb'
import { listCheckpoints } from '../storage/checkpointCare'
import { readEvals, readSteps } from '../storage/metrics'
import { deleteRun } from '../storage/runs'
import type { FinetaleDB, RunRecord } from '../storage/schema'
import type { EvalMetrics, GenerationRow, RunPhase, StepMetrics } from '../workers/protocol'
import { forgetRun } from './knownRuns'
import type { InterruptedRun } from './storeState'

export type Database = IDBPDatabase<FinetaleDB>

/** The name of the Web Lock that the owner of a run holds. */
export function runLock(runId: string): string {
  return `finetale-run-${runId}`
}

export interface StoredRuns {
  /**
   * Runs that no tab owns and that can go on, latest first: those cut off or paused, and the very latest also when it was
   * stopped or failed before its end.
   */
  readonly interrupted: readonly InterruptedRun[]
  /** The run touched last that no other tab owns, whatever its state. */
  readonly latest: RunRecord | null
}

export interface RunHistory {
  readonly steps: readonly StepMetrics[]
  readonly evals: readonly EvalMetrics[]
  readonly generations: readonly GenerationRow[]
}

/** Looks through the stored runs. A run marked running whose lock nobody holds was cut off. */
export async function findStoredRuns(db: Database): Promise<StoredRuns> {
  const held = await heldLocks()
  const records = (await db.getAll('runs')).filter((record) => !held.has(runLock(record.id)))
  records.sort((a, b) => b.updatedAt - a.updatedAt)
  const open = records.filter(
    // One that was stopped in its last texts has all its steps and is not finished either.
    ({ state }, index) => state !== 'finished' && (index === 0 || (state !== 'stopped' && state !== 'failed')),
  )
  const interrupted = await Promise.all(open.map((record) => describe(db, record)))
  return { interrupted, latest: records[0] ?? null }
}

/** Names of the locks that some tab holds alone; whoever waits for a run's owner shares its lock for a moment. */
export async function heldLocks(): Promise<ReadonlySet<string | undefined>> {
  if (!('locks' in navigator)) return new Set()
  const { held = [] } = await navigator.locks.query()
  return new Set(held.filter(({ mode }) => mode === 'exclusive').map(({ name }) => name))
}

/** Resolves when the tab that owns the run has let go of it, by ending or by dying, however long that takes. */
export async function ownerGone(runId: string): Promise<void> {
  await navigator.locks.request(runLock(runId), { mode: 'shared' }, () => {})
}

/** Resolves when no tab owns the run, or after `ms`: a worker that was ended holds its lock for a moment longer. */
export async function runReleased(runId: string, ms = 5_000): Promise<void> {
  if (!('locks' in navigator)) return
  await navigator.locks.request(runLock(runId), { signal: AbortSignal.timeout(ms) }, () => {}).catch(() => {})
}

async function describe(db: Database, record: RunRecord): Promise<InterruptedRun> {
  const { id, name, state, step, totalSteps, currentCheckpoint } = record
  const manifests = await listCheckpoints(db, id)
  const manifest = manifests.find((one) => one.id === currentCheckpoint) ?? manifests.at(-1)
  const saved = manifest ? { step: manifest.cursor.step, at: manifest.createdAt } : null
  const cleared = !manifest && currentCheckpoint !== ''
  return { id, name, state, step: Math.max(step, saved?.step ?? 0), totalSteps, saved, cleared }
}

/** A stored run's metrics and generations, in step order. */
export async function readHistory(db: Database, runId: string): Promise<RunHistory> {
  const [steps, evals, generations] = await Promise.all([
    readSteps(db, runId),
    readEvals(db, runId),
    db.getAllFromIndex('generations', 'runId', runId),
  ])
  return { steps, evals, generations: generations.sort((a, b) => a.step - b.step || a.at - b.at) }
}

/** The inputs kept with a run, keyed by file name (`data` is the data set). */
export async function readInputs(db: Database, runId: string): Promise<Record<string, Blob>> {
  const prefix = `${runId}/`
  const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`)
  const [keys, blobs] = await Promise.all([db.getAllKeys('files', range), db.getAll('files', range)])
  const files: Record<string, Blob> = {}
  keys.forEach((key, index) => {
    const blob = blobs[index]
    if (blob) files[key.slice(prefix.length)] = blob
  })
  return files
}

/** Removes a run for good unless another tab owns it; false when one does. */
export async function discardStoredRun(db: Database, runId: string): Promise<boolean> {
  const remove = async () => {
    await deleteRun(db, runId)
    forgetRun(runId)
    return true
  }
  if (!('locks' in navigator)) return remove()
  return navigator.locks.request(runLock(runId), { ifAvailable: true }, (lock) => (lock ? remove() : false))
}

/** The phase to show for a run that is not in memory; a stopped one rests, as it did before the page was closed. */
export function phaseOfStored(record: RunRecord): RunPhase {
  if (record.state === 'failed' || record.state === 'finished') return record.state
  return record.state === 'stopped' ? 'idle' : 'interrupted'
}
