// The commands behind the list of runs, and behind a run that another tab owns: open, watch, rename, delete, begin anew
// from, carry out and in. It starts no training.

import { toErrorData } from '../workers/clients'
import type { ModelSource, RunEvent } from '../workers/protocol'
import { reporting } from './reports'
import type { RunLibrary } from './runLibrary'
import type { RunStore } from './runStore'
import type { LiveSnapshot, Tabs } from './tabs'

export interface LibraryParts {
  readonly store: RunStore
  readonly library: RunLibrary
  readonly tabs: Tabs
  /** Shows a stored run's history on the page. */
  readonly show: (runId: string) => Promise<void>
  /** Takes a model for the next run once it has been read; false when it was refused. */
  readonly useModel: (model: Promise<ModelSource>) => Promise<boolean>
  /** The weights of a run in memory, their step, and the model they belong to. */
  readonly live: (runId: string) => Promise<{ model: ModelSource; weights: Blob; step: number }>
  readonly say: (key: 'runExporting' | 'runImporting' | 'runImported' | 'runForked', values: Values) => string
}

type Values = Record<string, string | number>

/** Pauses before each look at whether a run that has ended is let go. */
const LET_GO_MS = [0, 100, 400, 1500, 4000] as const

export class LibraryController {
  readonly #parts: LibraryParts

  constructor(parts: LibraryParts) {
    this.#parts = parts
  }

  /** Reads the list anew. */
  async refresh(): Promise<void> {
    const { store, library } = this.#parts
    try {
      store.update({ library: await library.list() })
    } catch {
      // Without storage there are no runs to list; the page has said so.
      store.update({ library: [] })
    }
  }

  /** The list follows what happens to the runs of this tab. */
  receive(event: RunEvent): void {
    this.#parts.tabs.send(event)
    const phase = event.kind === 'phase' ? event.phase : null
    // 'idle' is the end of a run that was stopped.
    if (phase === 'finished' || phase === 'idle' || event.kind === 'failed') void this.#letGo(event.runId)
    else if (phase === 'paused' || event.kind === 'checkpoint' || event.kind === 'started') void this.refresh()
  }

  /** A run's lock is held a moment longer than its last event comes: until then the list would call it live elsewhere. */
  async #letGo(runId: string): Promise<void> {
    for (const ms of LET_GO_MS) {
      await new Promise((resolve) => setTimeout(resolve, ms))
      await this.refresh()
      const run = this.#parts.store.state.library.find(({ id }) => id === runId)
      if (run?.state !== 'running') return
    }
  }

  async open(runId: string): Promise<void> {
    this.unwatch()
    await this.#parts.show(runId)
  }

  async rename(runId: string, name: string): Promise<void> {
    const { store, library } = this.#parts
    await library.rename(runId, name)
    if (store.state.runId === runId) store.update({ runName: name })
    await this.refresh()
  }

  /** False when a tab owns the run. */
  async remove(runId: string): Promise<boolean> {
    const { store, library } = this.#parts
    const removed = await library.remove(runId)
    if (removed && store.state.runId === runId) store.clearRun()
    store.update({ interrupted: store.state.interrupted.filter(({ id }) => !removed || id !== runId) })
    await this.refresh()
    return removed
  }

  /** The next run begins from the weights of this one's current checkpoint. */
  async fork(runId: string): Promise<void> {
    const { store, library, useModel, say } = this.#parts
    const model = library.modelOf(runId)
    if (await useModel(model)) store.note(say('runForked', { ...(await model).parent }))
  }

  /** The zip of a run, or of its model alone. */
  async export(runId: string, what: 'run' | 'model'): Promise<{ name: string; content: Blob }> {
    const { store, library, say } = this.#parts
    const name = store.state.library.find(({ id }) => id === runId)?.name ?? runId
    const label = say('runExporting', { name })
    return this.#carrying(label, async (onProgress) => {
      // The file is named by the checkpoint in it; a live run is further.
      const { step, content } =
        what === 'run' ? await library.exportRun(runId, onProgress) : await library.exportModel(runId, onProgress)
      return { name: `${slug(name)}-${what === 'run' ? 'run' : 'model'}-step${step}.zip`, content }
    })
  }

  /** The zip of the model as it is in memory: for a run of which nothing, or not the latest, could be stored. */
  async exportLive(): Promise<{ name: string; content: Blob }> {
    const { store, library, live, say } = this.#parts
    const { runId, runName } = store.state
    return this.#carrying(say('runExporting', { name: runName }), async (onProgress) => {
      const { model, weights, step } = await live(runId)
      const content = await library.zipModel(model, weights, onProgress)
      return { name: `${slug(runName)}-model-step${step}.zip`, content }
    })
  }

  async import(bundle: File): Promise<void> {
    const { store, library, show, say } = this.#parts
    const runId = await this.#carrying(say('runImporting', { name: bundle.name }), (onProgress) =>
      library.importRun(bundle, onProgress),
    )
    await this.refresh()
    const run = store.state.library.find(({ id }) => id === runId)
    store.note(say('runImported', { name: run?.name ?? bundle.name }))
    await show(runId)
  }

  /** Shows a run that another tab owns, as it goes on there. */
  async watch(runId: string): Promise<void> {
    const { store, tabs, show } = this.#parts
    await show(runId)
    // Another run may have been shown or started meanwhile.
    if (store.state.runId !== runId) return
    store.update({ watching: runId })
    tabs.watch(
      runId,
      store.state.latest?.step ?? 0,
      (snapshot) => this.#take(snapshot),
      () => void this.#ownerGone(runId),
    )
  }

  unwatch(): void {
    this.#parts.tabs.unwatch()
    if (this.#parts.store.state.watching !== '') this.#parts.store.update({ watching: '' })
  }

  #take({ runId, phase, detail, totalSteps, steps, evals, generations }: LiveSnapshot): void {
    const { store } = this.#parts
    store.update({ totalSteps })
    for (const metrics of steps) store.apply({ kind: 'step', runId, metrics })
    for (const metrics of evals) store.apply({ kind: 'eval', runId, metrics })
    store.addGenerations(generations)
    store.apply({ kind: 'phase', runId, phase, detail })
  }

  async #ownerGone(runId: string): Promise<void> {
    const { store, show } = this.#parts
    // Another run may be on the page by now.
    if (store.state.watching !== runId) return
    await show(runId).catch((thrown: unknown) => store.update({ error: toErrorData(thrown) }))
    await this.refresh()
  }

  async #carrying<T>(
    label: string,
    work: (onProgress: (done: number, total: number) => void) => Promise<T>,
  ): Promise<T> {
    const { store } = this.#parts
    const tell = (done: number, total: number) =>
      store.update({ transfer: { label, share: total > 0 ? done / total : 0 } })
    tell(0, 0)
    try {
      return await reporting(tell, work)
    } finally {
      store.update({ transfer: null })
    }
  }
}

/** A run's name as part of a file's name. */
function slug(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'run'
}
