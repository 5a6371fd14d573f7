// The commands behind the download card: fetches the repositories chosen on a hub, ends a fetch, asks and clears the cache.
// It chooses nothing. Tokens live here alone, each for one hub's address, until the tab is closed.

import { proxy } from 'comlink'
import { FinetaleError } from '../recipe/error'
import { toErrorData } from '../workers/clients'
import type { DataSource, FetchProgress, FinetaleErrorData, ModelSource } from '../workers/protocol'
import type { ControllerParts } from './controllerParts'
import { presetRepositories } from './presetSources'
import { missingSides, sameRef, type Side } from './sources'
import { isActive, type StoreState } from './storeState'

/** What the controller of runs does for those of inputs. */
export interface InputUser {
  /** Loads inputs and shows their first rows; false when they were refused. */
  prepare(model: ModelSource | null, data: DataSource | null): Promise<boolean>
  /** What was trained or written belongs to other inputs and leaves the page, not the storage. */
  inputsChanged(model: boolean): void
}

const noBytes: FetchProgress = { file: '', receivedBytes: 0, totalBytes: null, bytesPerSecond: 0, secondsLeft: null }

export class HubController {
  readonly #parts: ControllerParts
  readonly #user: InputUser
  /** Tokens by the address of the hub they were typed for. */
  readonly #tokens = new Map<string, string>()
  /** The fetch under way; a later choice or Cancel makes it another's. */
  #fetching: symbol | null = null
  #fetched: Promise<boolean> = Promise.resolve(true)
  /** What the page said before the fetch: of a stored run it is still true afterwards. */
  #before: Pick<StoreState, 'phase' | 'detail' | 'error'> = { phase: 'idle', detail: '', error: null }

  constructor(parts: ControllerParts, user: InputUser) {
    this.#parts = parts
    this.#user = user
  }

  /** Keeps a token for this session, for the hub at `base` only; '' forgets it. */
  setToken(base: string, token: string): void {
    if (token.trim() === '') this.#tokens.delete(base)
    else this.#tokens.set(base, token.trim())
  }

  hasToken(base: string): boolean {
    return this.#tokens.has(base)
  }

  /**
   * Fetches what is missing and loads it; a call while one is under way waits for that one. Nothing is fetched under a run.
   * @returns true when nothing is missing any more
   */
  download(): Promise<boolean> {
    const { store } = this.#parts
    if (this.#fetching) return this.#fetched
    if (missingSides(store.state.hub).length === 0) return Promise.resolve(true)
    if (isActive(store.state)) return Promise.resolve(false)
    const mine = Symbol('fetch')
    this.#fetching = mine
    const { phase, detail, error } = store.state
    this.#before = { phase, detail, error: phase === 'failed' ? error : null }
    store.update({ phase: 'downloading', detail: '', error: this.#before.error })
    this.#fetched = this.#fetchAll(mine).finally(() => {
      if (this.#fetching !== mine) return
      this.#fetching = null
      this.#rest()
    })
    return this.#fetched
  }

  /** The page says again what it said before the fetch, unless something else has begun since. */
  #rest(): void {
    const { store } = this.#parts
    if (store.state.phase !== 'downloading') return
    const { phase, detail, error } = this.#before
    store.update({ phase, detail, error: store.state.error ?? error })
  }

  async #fetchAll(mine: symbol): Promise<boolean> {
    const { store } = this.#parts
    for (const side of missingSides(store.state.hub)) {
      if (!(await this.#fetch(side, mine))) return false
    }
    return true
  }

  /** Fetches one side. A failure is told where the side is shown. */
  async #fetch(side: Side, mine: symbol): Promise<boolean> {
    const { store, tokenizer } = this.#parts
    const ref = store.state.hub[side]?.ref
    if (!ref) return true
    const current = () => this.#fetching === mine && store.state.hub[side]?.ref === ref
    store.updateHub(side, { progress: noBytes, error: null })
    const onProgress = proxy((progress: FetchProgress) => {
      if (current() && store.state.hub[side]?.progress) store.updateHub(side, { progress })
    })
    const token = this.#tokens.get(ref.base) ?? ''
    try {
      const change =
        side === 'model'
          ? await tokenizer.call((api) => api.fetchModel(ref, token, onProgress))
          : await tokenizer.call((api) => api.fetchData(ref, token, onProgress))
      if (!current()) return false
      change.notes.forEach((note) => store.note(note))
      const cachedBytes = await tokenizer.call((api) => api.cachedBytes(ref))
      if (!current()) return false
      const { model, data } = store.state
      const loaded = await (side === 'model'
        ? this.#user.prepare(change.source, data)
        : this.#user.prepare(model, change.source))
      if (!current()) return false
      if (!loaded) throw refusal(store.state.error)
      store.updateHub(side, { progress: null, fetched: true, cachedBytes, error: null })
      return true
    } catch (thrown) {
      // What the choice has moved on from is nobody's failure.
      if (current()) this.#failed(side, thrown)
      return false
    }
  }

  #failed(side: Side, thrown: unknown): void {
    const { store } = this.#parts
    const { model, data } = store.state
    store.updateHub(side, { progress: null, error: toErrorData(thrown) })
    store.update({ model: side === 'model' ? null : model, data: side === 'data' ? null : data, error: null })
  }

  /** Ends the fetch under way; what had come whole stays in the browser. */
  cancel(): void {
    const { store, tokenizer, say } = this.#parts
    if (!this.#fetching) return
    this.#fetching = null
    tokenizer.call((api) => api.cancelFetch()).catch(() => undefined)
    const text = { message: say('errorCancelled'), action: say('actionCancelled') }
    const error: FinetaleErrorData = { name: 'FinetaleError', code: 'cancelled', ...text }
    for (const side of missingSides(store.state.hub)) {
      if (store.state.hub[side]?.progress) store.updateHub(side, { progress: null, error })
    }
    this.#rest()
  }

  /** Removes a repository's files from this browser; what is loaded stays loaded. Returns the bytes freed. */
  async remove(side: Side): Promise<number> {
    const { store, tokenizer } = this.#parts
    const ref = store.state.hub[side]?.ref
    if (!ref) return 0
    const freed = await tokenizer.call((api) => api.removeCached(ref))
    if (store.state.hub[side]?.ref !== ref) return freed
    // Its files are gone from under the page's hands, so it has to be fetched again before the next run.
    const { model, data } = store.state
    store.updateHub(side, { cachedBytes: 0, fetched: false, error: null })
    await this.#user.prepare(side === 'model' ? null : model, side === 'data' ? null : data)
    return freed
  }

  /** Makes room: removes what this browser keeps of the presets' repositories that are not chosen now. */
  async freeOthers(): Promise<number> {
    const { store, tokenizer } = this.#parts
    const { model, data } = store.state.hub
    const chosen = [model?.ref, data?.ref].filter((ref) => ref !== undefined)
    let freed = 0
    for (const ref of presetRepositories(chosen.map(({ base }) => base))) {
      if (chosen.some((other) => sameRef(other, ref))) continue
      freed += await tokenizer.call((api) => api.removeCached(ref))
    }
    return freed
  }

  /** Asks the cache what it keeps of the chosen repositories, and loads those it has whole. */
  async lookUp(): Promise<void> {
    const { store, tokenizer } = this.#parts
    for (const side of missingSides(store.state.hub)) {
      const ref = store.state.hub[side]?.ref
      if (!ref) continue
      const cachedBytes = await cached(() => tokenizer.call((api) => api.cachedBytes(ref)))
      if (store.state.hub[side]?.ref !== ref) return
      store.updateHub(side, { cachedBytes })
    }
    const whole = missingSides(store.state.hub).every((side) => (store.state.hub[side]?.cachedBytes ?? 0) > 0)
    if (whole) await this.download()
  }
}
/** Without storage nothing is kept, which is no reason to refuse a choice. */
async function cached(ask: () => Promise<number>): Promise<number> {
  try {
    return await ask()
  } catch {
    return 0
  }
}

function refusal(error: { message: string; action: string } | null): FinetaleError {
  return new FinetaleError(error?.message ?? '', error?.action ?? '')
}
