// The trainer's side of checkpoint.worker.ts: hands snapshots over and waits for what became of them. Where the browser
// starts no such worker, the same code runs here, between the steps.

import { FinetaleError, type ErrorDetails } from '../recipe/error'
import { whenGone } from './alive'
import { writeSnapshot } from './checkpointWrite'
import { DATABASE_NAME, openFinetaleDB } from './db'
import type { CheckpointManifest } from './schema'
import type { Snapshot } from './snapshot'

export interface StoredError {
  readonly message: string
  readonly action: string
  readonly details: ErrorDetails
}

export interface WriterRequest {
  readonly id: number
  /** The database's name. */
  readonly name: string
  readonly snapshot: Snapshot
}

export type WriterAnswer =
  /** `lock` is held for as long as the worker lives. */
  | { readonly kind: 'ready'; readonly lock?: string }
  | { readonly kind: 'saved'; readonly id: number; readonly manifest: CheckpointManifest }
  | { readonly kind: 'failed'; readonly id: number; readonly error: StoredError }

/** An error of a write as data that crosses between threads. */
export function toStoredError(error: unknown): StoredError {
  if (error instanceof FinetaleError) {
    const { message, action, details } = error
    return { message, action, details }
  }
  return { message: error instanceof Error ? error.message : String(error), action: 'Try again.', details: {} }
}

/** How long a new worker may take to answer before the writing is done on this thread. */
const START_MS = 20_000

interface Waiting {
  readonly resolve: (manifest: CheckpointManifest) => void
  readonly reject: (error: FinetaleError) => void
}

function died(): FinetaleError {
  return new FinetaleError(
    'The checkpoint was not saved: the thread that writes it stopped.',
    'The next save tries again; earlier checkpoints are kept.',
  )
}

export class CheckpointWriter {
  readonly #name: string
  readonly #spawn: () => Worker
  readonly #waiting = new Map<number, Waiting>()
  #worker: Promise<Worker | null> | null = null
  /** The worker has answered once, so it can. */
  #ready = false
  #saves = 0

  /** `name` is another database and `spawn` another worker, for tests. */
  constructor(name = DATABASE_NAME, spawn = spawnWriter) {
    this.#name = name
    this.#spawn = spawn
  }

  /** Starts the worker ahead of the first save. */
  start(): Promise<Worker | null> {
    this.#worker ??= this.#begin()
    return this.#worker
  }

  /**
   * Writes a snapshot and makes it current, see writeSnapshot; takes the snapshot's memory.
   * @throws FinetaleError when it was not saved
   */
  async save(snapshot: Snapshot): Promise<CheckpointManifest> {
    const worker = await this.start()
    if (worker === null) return writeSnapshot(() => openFinetaleDB(this.#name), snapshot)
    const id = this.#saves++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      const request: WriterRequest = { id, name: this.#name, snapshot }
      worker.postMessage(
        request,
        snapshot.pieces.map(({ bytes }) => bytes.buffer),
      )
    })
  }

  /** Ends the worker; a save under way is given up, and what it wrote is an orphan that the next sweep removes. */
  close(): void {
    const worker = this.#worker
    this.#worker = null
    void worker?.then((live) => live?.terminate())
    this.#giveUp()
  }

  #begin(): Promise<Worker | null> {
    return new Promise((resolve) => {
      let worker: Worker
      try {
        worker = this.#spawn()
      } catch {
        resolve(null)
        return
      }
      const watching = new AbortController()
      const fail = (event?: Event) => {
        // Left alone, it would also be an error of the trainer's worker, and end that; even after close().
        event?.preventDefault()
        // A worker that was ended may still fail; by then another one may be at work.
        if (watching.signal.aborted) return
        clearTimeout(timer)
        watching.abort()
        worker.terminate()
        // Before its first answer: this browser starts none, and saves go on here. Later: the next save starts another.
        resolve(null)
        if (this.#ready) this.#worker = null
        this.#ready = false
        this.#giveUp()
      }
      const timer = setTimeout(() => fail(), START_MS)
      worker.addEventListener('error', fail)
      worker.addEventListener('messageerror', fail)
      worker.addEventListener('message', ({ data }: MessageEvent<WriterAnswer>) => {
        clearTimeout(timer)
        if (data.kind === 'ready') {
          this.#ready = true
          // A worker that ends in silence sends no event, and a save would wait for it for ever.
          if (data.lock !== undefined)
            whenGone(data.lock, watching.signal).then(
              () => fail(),
              () => {},
            )
          resolve(worker)
          return
        }
        const waiting = this.#waiting.get(data.id)
        this.#waiting.delete(data.id)
        if (data.kind === 'saved') waiting?.resolve(data.manifest)
        else waiting?.reject(new FinetaleError(data.error.message, data.error.action, data.error.details))
      })
    })
  }

  #giveUp(): void {
    for (const { reject } of this.#waiting.values()) reject(died())
    this.#waiting.clear()
  }
}

function spawnWriter(): Worker {
  return new Worker(new URL('./checkpoint.worker.ts', import.meta.url), {
    type: 'module',
    name: 'finetale-checkpoints',
  })
}
