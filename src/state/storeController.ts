// Ties a Lit element to the run store: it re-renders when the store changes. Not a second copy of the state.

import type { ReactiveController, ReactiveControllerHost } from 'lit'
import type { RunStore } from './runStore'

export class StoreController implements ReactiveController {
  readonly #host: ReactiveControllerHost
  readonly #store: () => RunStore | undefined
  readonly #changed: () => void
  #unsubscribe: (() => void) | null = null
  #subscribed: RunStore | undefined

  /** `store` is read when the host updates, because properties arrive after construction. */
  constructor(host: ReactiveControllerHost, store: () => RunStore | undefined, changed: () => void = () => {}) {
    this.#host = host
    this.#store = store
    this.#changed = changed
    host.addController(this)
  }

  hostUpdate(): void {
    const store = this.#store()
    if (store === this.#subscribed) return
    this.#unsubscribe?.()
    this.#subscribed = store
    this.#unsubscribe =
      store?.subscribe(() => {
        this.#host.requestUpdate()
        this.#changed()
      }) ?? null
  }

  hostConnected(): void {
    this.#host.requestUpdate()
  }

  hostDisconnected(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = null
    this.#subscribed = undefined
  }
}
