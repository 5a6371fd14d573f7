// Keeps the keyboard among buttons that replace one another: where the one that has the focus is taken away or disabled, the
// focus would fall to the page, and whoever goes by keys would begin at its top again.

import type { LitElement, ReactiveController } from 'lit'

/** Works on the first element inside the host that `selector` finds; a tabindex of -1 lets it hold the focus itself. */
export class FocusKeeper implements ReactiveController {
  readonly #host: LitElement
  readonly #selector: string
  /** What had the focus before the update; null when that was nothing in the place. */
  #focused: Element | null = null
  /** The id of the button that lost the focus last: the way back leads there. */
  #left = ''

  constructor(host: LitElement, selector: string) {
    this.#host = host
    this.#selector = selector
    host.addController(this)
  }

  hostUpdate(): void {
    const at = this.#host.shadowRoot?.activeElement ?? null
    this.#focused = this.#place?.contains(at) ? at : null
  }

  hostUpdated(): void {
    const at = this.#focused
    const held = at?.isConnected && !at.matches(':disabled')
    // The place itself holds the focus only until a button can.
    if (at === null || (held && at !== this.#place)) return
    const { id } = at
    this.recover()
    if (!held) this.#left = id
  }

  /** Focuses the button that was left, else the first that can be used, else the place. */
  recover(): void {
    const buttons = [...(this.#place?.querySelectorAll<HTMLElement>('button:enabled') ?? [])]
    const to = buttons.find(({ id }) => id === this.#left) ?? buttons[0] ?? this.#place
    to?.focus()
  }

  get #place(): HTMLElement | null {
    return this.#host.shadowRoot?.querySelector<HTMLElement>(this.#selector) ?? null
  }
}
