// Speaks the run's state to screen readers: changes of phase at once, progress at most every ten seconds. Not visible.

import { css, html, LitElement } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { controls } from './sharedStyles'

const PAUSE = 10_000

@customElement('finetale-live-region')
export class FinetaleLiveRegion extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        position: absolute;
      }
    `,
  ]

  /** Spoken at once when it changes. */
  @property() urgent = ''
  /** Spoken when ten seconds have passed since the last message. */
  @property() progress = ''

  @state() private spoken = ''

  #last = 0

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    const now = Date.now()
    if (changed.has('urgent') && this.urgent) this.spoken = this.urgent
    else if (changed.has('progress') && this.progress && now - this.#last >= PAUSE) this.spoken = this.progress
    else return
    this.#last = now
  }

  override render() {
    return html`<p class="hidden" role="status" aria-live="polite">${this.spoken}</p>`
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-live-region': FinetaleLiveRegion
  }
}
