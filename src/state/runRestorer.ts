// What the page shows of stored runs: the latest one at load, one chosen from the list, and those that can go on, which
// another tab's run can once that tab is gone. It starts no run; it writes only the removal of a run that no tab owns.

import { missingRun } from '../storage/runs'
import type { RunRecord } from '../storage/schema'
import { toErrorData } from '../workers/clients'
import type { ControllerParts } from './controllerParts'
import type { InterruptedRun } from './storeState'
import { discardStoredRun, findStoredRuns, ownerGone, phaseOfStored, readHistory } from './storedRuns'
import type { Database } from './storedRuns'

export class RunRestorer {
  readonly #parts: ControllerParts
  /** The run in this tab's trainer, or on its way there; '' when there is none. */
  readonly #live: () => string
  /** Counts what was asked to be shown: of several the last is. */
  #loads = 0
  /** Runs of other tabs whose end is waited for. */
  readonly #awaited = new Set<string>()

  constructor(parts: ControllerParts, live: () => string) {
    this.#parts = parts
    this.#live = live
    const { store } = parts
    let { library } = store.state
    store.subscribe(() => {
      if (store.state.library === library) return
      library = store.state.library
      for (const { id, state } of library) if (state === 'running' && id !== live()) void this.#awaitOwner(id)
    })
  }

  /** Reads storage at load: shows the latest run's history and lists the runs that can go on. */
  async restore(): Promise<void> {
    const { store, openDatabase, say } = this.#parts
    try {
      const db = await openDatabase()
      const { interrupted, latest } = await findStoredRuns(db)
      if (latest && store.state.runId === '') await this.load(db, latest)
      this.#list(interrupted)
    } catch (thrown) {
      const { code, message, action } = toErrorData(thrown)
      // A tab that blocks the database may let go; storageWatch.ts tells of it and reads again then.
      if (code === 'blocked') return
      store.note(code === 'no-storage' ? say('warnNoStorage') : `${message} ${action}`, true)
      store.update({ storage: 'none' })
    }
  }

  /** Shows a stored run's history, unless a run is in the trainer's hands. @throws as recordOf does */
  async show(runId: string): Promise<void> {
    if (this.#live() !== '') return
    const db = await this.#parts.openDatabase()
    await this.load(db, await this.recordOf(db, runId))
    await this.findInterrupted()
  }

  /** @throws FinetaleError when the run was deleted, in another tab perhaps; then the page names it no longer. */
  async recordOf(db: Database, runId: string): Promise<RunRecord> {
    const record = await db.get('runs', runId)
    if (record) return record
    const { store, runsRemoved } = this.#parts
    if (store.state.runId === runId) store.clearRun()
    await this.findInterrupted()
    await runsRemoved()
    throw missingRun()
  }

  /** Puts a stored run's history on the page, unless another run was shown or started while it was read. */
  async load(db: Database, record: RunRecord): Promise<void> {
    const { store } = this.#parts
    const mine = ++this.#loads
    const { id: runId } = record
    const { steps, evals, generations } = await readHistory(db, runId)
    const live = this.#live()
    if (mine !== this.#loads || (live !== '' && live !== runId)) return
    const { name, recipe, totalSteps, environment, error, state, changes = [], resumes = [] } = record
    store.beginRun({ id: runId, name, recipe, totalSteps, phase: phaseOfStored(record) })
    store.restoreRun(steps, evals)
    store.update({ environment, changes, resumes, runModel: record.modelLabel, runData: record.dataLabel })
    store.addGenerations(generations)
    store.update({ size: record.size ?? null, error: state === 'failed' ? error : null })
  }

  /** Removes a stored run for good. */
  async discard(runId: string): Promise<void> {
    const { store, openDatabase, runsRemoved, say } = this.#parts
    const removed = await discardStoredRun(await openDatabase(), runId)
    if (!removed) store.note(say('warnOtherTab'))
    else if (store.state.runId === runId) store.clearRun()
    await this.findInterrupted()
    await runsRemoved()
  }

  /** Lists the runs anew once the tab that owns this one is gone. One wait is enough, however often the list is read. */
  async #awaitOwner(runId: string): Promise<void> {
    if (this.#awaited.has(runId)) return
    this.#awaited.add(runId)
    const gone = await ownerGone(runId).then(
      () => true,
      () => false,
    )
    this.#awaited.delete(runId)
    if (!gone) return
    await this.findInterrupted()
    await this.#parts.runsRemoved()
  }

  /** Lists anew the runs that can go on. */
  async findInterrupted(): Promise<void> {
    try {
      this.#list((await findStoredRuns(await this.#parts.openDatabase())).interrupted)
    } catch {
      // Without storage there is nothing to go on with; restore() has said so.
    }
  }

  #list(interrupted: readonly InterruptedRun[]): void {
    this.#parts.store.update({ interrupted: interrupted.filter((run) => run.id !== this.#live()) })
  }
}
