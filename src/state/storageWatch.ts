// What the page says about the browser's storage: runs that the browser has cleared, whether it promises to keep those
// there are, and an old tab that blocks an upgrade. It asks and tells; runs are written elsewhere.

import { spaceReported } from '../storage/space'
import { toErrorData } from '../workers/clients'
import type { RunEvent } from '../workers/protocol'
import { lostRuns, rememberRuns } from './knownRuns'
import { askPersistence } from './persistence'
import type { RunStore } from './runStore'
import type { Database } from './storedRuns'

type Message = 'noteRunsLost' | 'noteKept' | 'noteMayBeCleared'

export interface StorageWatchParts {
  readonly store: RunStore
  readonly openDatabase: () => Promise<Database>
  /** Resolves when the database opens, however long another tab blocks it. */
  readonly opened: () => Promise<Database>
  /** Reads storage anew, after another tab has let go of it. */
  readonly restore: () => Promise<void>
  readonly say: (key: Message, values?: Record<string, string | number>) => string
}

export class StorageWatch {
  readonly #parts: StorageWatchParts
  #asked = false
  /** True once the runs of the last visit were compared with those stored. */
  #compared = false

  constructor(parts: StorageWatchParts) {
    this.#parts = parts
    let { library } = parts.store.state
    parts.store.subscribe(() => {
      if (parts.store.state.library === library) return
      library = parts.store.state.library
      void this.#remember()
      // A run that was deleted or imported changes what is in use.
      void spaceReported().then((space) => parts.store.update({ space }))
    })
  }

  /** At load: tells which runs of the last visit are gone, and waits out a tab that blocks the database. */
  async begin(): Promise<void> {
    const { store, openDatabase, opened, restore, say } = this.#parts
    let db: Database
    try {
      db = await openDatabase()
    } catch (thrown) {
      const { code, message, action } = toErrorData(thrown)
      // What else keeps the page from its storage is told where the runs are read.
      if (code !== 'blocked') return
      const note = `${message} ${action}`
      store.note(note, true)
      const freed = await opened().catch(() => null)
      store.update({ notes: store.state.notes.filter((other) => other !== note) })
      await restore()
      if (freed === null) return
      db = freed
    }
    const lost = lostRuns(await db.getAll('runs'))
    if (lost.length > 0) {
      store.note(say('noteRunsLost', { count: lost.length, names: lost.map(({ name }) => name).join(', ') }), true)
    }
    this.#compared = true
    await this.#remember()
    store.update({ space: await spaceReported() })
  }

  /** At the first checkpoint the browser is asked to keep what is stored, and its answer is told. */
  async receive(event: RunEvent): Promise<void> {
    if (event.kind !== 'checkpoint') return
    const { store, say } = this.#parts
    if (!this.#asked) {
      this.#asked = true
      const kept = await askPersistence()
      if (kept !== null) store.note(say(kept ? 'noteKept' : 'noteMayBeCleared'), true)
    }
    await this.#remember()
    store.update({ space: await spaceReported() })
  }

  async #remember(): Promise<void> {
    if (!this.#compared) return
    try {
      rememberRuns(await (await this.#parts.openDatabase()).getAll('runs'))
    } catch {
      // What was known stays known.
    }
  }
}
