// Says that the page runs on one thread where more could be had, with the one button that turns them on. It decides nothing.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { turnOnThreads } from '../state/isolation'
import { isActive, RunStore } from '../state/runStore'
import { StoreController } from '../state/storeController'
import { say } from './messages'
import { controls } from './sharedStyles'

@customElement('finetale-thread-notice')
export class FinetaleThreadNotice extends LitElement {
  static override styles = [
    controls,
    css`
      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 10px 24px;
        margin-bottom: 12px;
        padding: 14px 18px;
        border-radius: var(--radius);
        background: var(--warn-soft);
      }
      .text {
        flex: 1 1 280px;
      }
      h2 {
        color: var(--warn);
        font-size: 15px;
        font-weight: 600;
      }
    `,
  ]

  @property({ attribute: false }) store = new RunStore()

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const { singleThreaded, writing } = this.store.state
    if (!singleThreaded) return nothing
    const { times, canTurnOn } = singleThreaded
    const title = say('singleThreaded', { times })
    return html`
      <section aria-label=${title}>
        <div class="text">
          <h2>${title}</h2>
          <p class="muted">${say(canTurnOn ? 'singleThreadedWhy' : 'singleThreadedCannot')}</p>
        </div>
        ${
          canTurnOn
            ? html`<button
                id="turn-on-threads"
                ?disabled=${isActive(this.store.state) || writing !== null}
                @click=${() => void turnOnThreads(this.store)}
              >
                ${say('turnOnThreads')}
              </button>`
            : nothing
        }
      </section>
    `
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-thread-notice': FinetaleThreadNotice
  }
}
