// The page's ends of the workers: creates them, wraps them with Comlink, and turns a worker's crash into an error
// that pending calls see. It holds no run state and imports nothing that computes.

import { proxy, wrap } from 'comlink'
import type { Remote } from 'comlink'
import { FinetaleError, type ErrorDetails } from '../recipe/error'
import type { BundleApi, Decode, FinetaleErrorData, Living, RunEvent, TokenizerApi, TrainerApi } from './protocol'

export const WORKER_CRASHED = 'WorkerCrashed'

export interface WorkerClient<Api> {
  /** Calls the worker; rejects with FinetaleErrorData, also when the worker dies while the call is pending. */
  call<T>(use: (api: Remote<Api>) => Promise<T>): Promise<T>
  /** Ends the worker and starts a fresh one; calls still pending reject. */
  restart(): void
  terminate(): void
}

/** Makes error data of whatever was thrown on either side. */
export function toErrorData(thrown: unknown): FinetaleErrorData {
  const reload = 'Try again; if it happens again, reload the page. Saved runs are kept.'
  if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: String(thrown), action: reload }
  const name = 'name' in thrown && typeof thrown.name === 'string' ? thrown.name : 'Error'
  const message = 'message' in thrown && typeof thrown.message === 'string' ? thrown.message : 'Something went wrong.'
  const action = 'action' in thrown && typeof thrown.action === 'string' && thrown.action ? thrown.action : reload
  return { name, message, action, ...detailsOf(thrown) }
}

/** The details of an error that crossed as data, or of a FinetaleError of this side. */
function detailsOf(thrown: object): ErrorDetails {
  if (thrown instanceof FinetaleError) return thrown.details
  const { code, retryAfter, change }: ErrorDetails = thrown
  return {
    ...(code === undefined ? {} : { code }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(change === undefined ? {} : { change }),
  }
}

interface Live<Api> {
  readonly worker: Worker
  readonly api: Remote<Api>
  /** Never resolves; rejects when the worker dies. */
  readonly died: Promise<never>
  readonly kill: (reason: FinetaleErrorData) => void
  /** Ends the waiting for the worker's death. */
  readonly watched: AbortController
}

/** Calls `died` when a worker is gone that sent no event: when the lock comes free that it holds for as long as it lives. */
async function watchLife(api: Remote<Living>, died: () => void, signal: AbortSignal): Promise<void> {
  if (!('locks' in navigator)) return
  const name = `finetale-alive-${crypto.randomUUID()}`
  await api.holdForLife(name)
  await navigator.locks.request(name, { signal }, () => {})
  died()
}

interface ClientOptions<Api> {
  readonly label: string
  readonly spawn: () => Worker
  readonly onStart: (api: Remote<Api>, died: () => void, watched: AbortSignal) => void
  /** What the error of a crash is called, and what the user can do. */
  readonly crash: Pick<FinetaleErrorData, 'name' | 'action'>
  readonly onCrash: (error: FinetaleErrorData) => void
}

/** After a crash of a worker that a run needs. */
const fatal = { name: WORKER_CRASHED, action: 'Restart the worker, then resume the run from its last checkpoint.' }
/** After a crash of one that no run needs: no reason to restart those that are sound. */
const harmless = {
  name: 'BundleWorkerCrashed',
  action: 'Try again. A run that is training goes on; saved runs are kept.',
}

function createClient<Api>({ label, spawn, onStart, crash, onCrash }: ClientOptions<Api>): WorkerClient<Api> {
  let live: Live<Api> | null = null

  function start(): Live<Api> {
    const worker = spawn()
    const api = wrap<Api>(worker)
    let kill: (reason: FinetaleErrorData) => void = () => {}
    const died = new Promise<never>((_resolve, reject) => {
      kill = reject
    })
    died.catch(() => {})
    const watched = new AbortController()
    const crashed = (event?: Event) => {
      if (watched.signal.aborted) return
      watched.abort()
      const told = event instanceof ErrorEvent ? event.message : ''
      const reason = told || (event ? 'it could not be loaded or ran out of memory' : 'the browser ended it')
      const error: FinetaleErrorData = {
        ...crash,
        message: `The ${label} worker stopped: ${reason.replace(/^Uncaught /, '').replace(/\.$/, '')}.`,
      }
      // What is left of it must not go on sending events, nor hold the run's lock.
      worker.terminate()
      if (live?.worker === worker) live = null
      kill(error)
      onCrash(error)
    }
    worker.addEventListener('error', crashed)
    worker.addEventListener('messageerror', crashed)
    const started = { worker, api, died, kill, watched }
    live = started
    onStart(api, () => crashed(), watched.signal)
    return started
  }

  function end() {
    live?.kill({ name: 'WorkerRestarted', message: `The ${label} worker was restarted.`, action: 'Try again.' })
    live?.watched.abort()
    live?.worker.terminate()
    live = null
  }

  return {
    async call<T>(use: (api: Remote<Api>) => Promise<T>): Promise<T> {
      const { api, died } = live ?? start()
      try {
        return await Promise.race([use(api), died])
      } catch (thrown) {
        // Error data is what the interface promises; the class of the thrown value does not survive the port anyway.
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw toErrorData(thrown)
      }
    },
    restart() {
      end()
      start()
    },
    terminate: end,
  }
}

/** A browser that gives no locks, or ends the waiting, watches nothing; the error events of the worker remain. */
function watch(api: Remote<Living>, died: () => void, watched: AbortSignal): void {
  watchLife(api, died, watched).catch(() => {})
}

/** Starts the tokenizer worker at the first call. */
export function createTokenizerClient(onCrash: (error: FinetaleErrorData) => void): WorkerClient<TokenizerApi> {
  const spawn = () =>
    new Worker(new URL('./tokenizer.worker.ts', import.meta.url), { type: 'module', name: 'finetale-tokenizer' })
  return createClient<TokenizerApi>({ label: 'tokenizer', spawn, onStart: watch, crash: fatal, onCrash })
}

/** Starts the bundle worker at the first call. Of its crash only the call hears that it broke off. */
export function createBundleClient(): WorkerClient<BundleApi> {
  const spawn = () =>
    new Worker(new URL('./bundle.worker.ts', import.meta.url), { type: 'module', name: 'finetale-bundle' })
  return createClient<BundleApi>({ label: 'bundle', spawn, onStart: watch, crash: harmless, onCrash: () => {} })
}

export interface TrainerOptions {
  readonly emit: (event: RunEvent) => void
  readonly decode: Decode
  readonly onCrash: (error: FinetaleErrorData) => void
}

/** Starts the trainer worker at the first call and connects its events and its decoder, again after each restart. */
export function createTrainerClient({ emit, decode, onCrash }: TrainerOptions): WorkerClient<TrainerApi> {
  const spawn = () =>
    new Worker(new URL('./trainer.worker.ts', import.meta.url), { type: 'module', name: 'finetale-trainer' })
  const connect = (api: Remote<TrainerApi>, died: () => void, watched: AbortSignal) => {
    watch(api, died, watched)
    // What a worker has sent before it died may arrive after its death, and would bring a run that failed to life again.
    const hear = (event: RunEvent) => {
      if (!watched.aborted) emit(event)
    }
    api.connect(proxy(hear), proxy(decode)).catch((thrown: unknown) => onCrash(toErrorData(thrown)))
  }
  return createClient<TrainerApi>({ label: 'trainer', spawn, onStart: connect, crash: fatal, onCrash })
}
