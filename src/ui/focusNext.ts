// Keeps the keyboard in an element whose buttons go when they are pressed: on the next one, if any. Not for buttons that take
// one another's place: that is FocusKeeper's, which also hands the focus to whatever button comes later.

import type { LitElement, ReactiveController } from 'lit'

/** `selector` finds a frame inside the host that is always there and has a tabindex of -1. */
export class FocusNext implements ReactiveController {
  readonly #host: LitElement
  readonly #selector: string
  #focused: Element | null = null

  constructor(host: LitElement, selector: string) {
    this.#host = host
    this.#selector = selector
    host.addController(this)
  }

  hostUpdate(): void {
    this.#focused = this.#host.shadowRoot?.activeElement ?? null
  }

  hostUpdated(): void {
    if (!this.#focused || this.#focused.isConnected) return
    const root = this.#host.renderRoot
    const to = root.querySelector('button') ?? root.querySelector<HTMLElement>(this.#selector)
    to?.focus()
  }
}
