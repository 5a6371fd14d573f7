// The runs kept in this browser: what each is, what it takes on disk, and what can be done with it. Reads storage for the
// list; bundles are written and read by their own worker, and removing a run asks its lock first.

import { proxy, type Remote } from 'comlink'
import type { RunRecord } from '../storage/schema'
import { listRuns, updateRun } from '../storage/runs'
import type { WorkerClient } from '../workers/clients'
import type { BundleApi, Exported, ForkedModel, ModelSource } from '../workers/protocol'
import type { LibraryRun } from './storeState'
import { discardStoredRun, heldLocks, runLock, type Database } from './storedRuns'
import { storedTrainerState } from './trainerState'

export type LibraryProgress = (doneBytes: number, totalBytes: number) => void

export class RunLibrary {
  readonly #openDatabase: () => Promise<Database>
  readonly #bundles: WorkerClient<BundleApi>
  /** Calls of the bundle worker under way. */
  #calls = 0

  constructor(openDatabase: () => Promise<Database>, bundles: WorkerClient<BundleApi>) {
    this.#openDatabase = openDatabase
    this.#bundles = bundles
  }

  /** All runs, the one touched last first. */
  async list(): Promise<LibraryRun[]> {
    const db = await this.#openDatabase()
    const held = await heldLocks()
    return Promise.all((await listRuns(db)).map((record) => describe(db, record, held.has(runLock(record.id)))))
  }

  async rename(runId: string, name: string): Promise<void> {
    await updateRun(await this.#openDatabase(), runId, { name })
  }

  /** Removes a run for good; false when a tab owns it. */
  async remove(runId: string): Promise<boolean> {
    return discardStoredRun(await this.#openDatabase(), runId)
  }

  async exportRun(runId: string, onProgress: LibraryProgress): Promise<Exported> {
    const state = await storedTrainerState(await this.#openDatabase(), runId)
    const extra: Record<string, string> =
      state === null ? {} : { 'trainer_state.json': `${JSON.stringify(state, null, 2)}\n` }
    return this.#call((api) => api.exportRun(runId, extra, proxy(onProgress)))
  }

  exportModel(runId: string, onProgress: LibraryProgress): Promise<Exported> {
    return this.#call((api) => api.exportModel(runId, {}, proxy(onProgress)))
  }

  zipModel(model: ModelSource, weights: Blob, onProgress: LibraryProgress): Promise<Blob> {
    return this.#call((api) => api.zipModel(model, weights, proxy(onProgress)))
  }

  /** Returns the id of the run that was stored. */
  importRun(bundle: File, onProgress: LibraryProgress): Promise<string> {
    return this.#call((api) => api.importRun(bundle, bundle.name, proxy(onProgress)))
  }

  /** The model of a run's current checkpoint, for a new run. */
  modelOf(runId: string): Promise<ForkedModel> {
    return this.#call<ForkedModel>((api) => api.runAsModel(runId))
  }

  /** The worker lives while it is called: what it has read does not stay in memory. */
  async #call<T>(use: (api: Remote<BundleApi>) => Promise<T>): Promise<T> {
    this.#calls++
    try {
      return await this.#bundles.call(use)
    } finally {
      if (--this.#calls === 0) this.#bundles.terminate()
    }
  }
}

async function describe(db: Database, record: RunRecord, owned: boolean): Promise<LibraryRun> {
  const { id, name, state, step, totalSteps, currentCheckpoint, parent } = record
  const { modelLabel, dataLabel, createdAt, updatedAt } = record
  const last = await lastLosses(db, id)
  const manifests = await db.getAllFromIndex('checkpoints', 'runId', id)
  const bytes = manifests.reduce((sum, manifest) => sum + manifest.bytes, 0)
  return {
    ...{ id, name, step, totalSteps, parent, modelLabel, dataLabel, createdAt, updatedAt, ...last },
    state: owned ? 'running' : state === 'running' ? 'interrupted' : state,
    bytes: bytes + (await inputBytes(db, id)),
    checkpoints: manifests.length,
    hasCheckpoint: manifests.some((manifest) => manifest.id === currentCheckpoint),
  }
}

/** The last losses, read from the last block of each kind alone. */
async function lastLosses(db: Database, runId: string): Promise<{ loss: number | null; evalLoss: number | null }> {
  const last = async (kind: 'step' | 'eval') => {
    const range = IDBKeyRange.bound([runId, kind], [runId, kind, []])
    const cursor = await db.transaction('metrics').store.openCursor(range, 'prev')
    return cursor?.value.rows.at(-1)?.loss ?? null
  }
  return { loss: await last('step'), evalLoss: await last('eval') }
}

async function inputBytes(db: Database, runId: string): Promise<number> {
  const blobs = await db.getAll('files', IDBKeyRange.bound(`${runId}/`, `${runId}/\uffff`))
  return blobs.reduce((sum, { size }) => sum + size, 0)
}
