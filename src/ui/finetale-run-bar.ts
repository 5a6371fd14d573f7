// The bar that stays in view: what the run is doing, how far it is, and its buttons. It shows; the app decides.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { isBusy } from '../state/runStore'
import type { RunPhase } from '../workers/protocol'
import './finetale-run-controls'
import { say } from './messages'
import { controls } from './sharedStyles'

@customElement('finetale-run-bar')
export class FinetaleRunBar extends LitElement {
  static override styles = [
    controls,
    css`
      .bar {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 8px 24px;
        align-items: center;
        padding: 12px 16px 12px 20px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow);
      }
      .line {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 2px 12px;
      }
      .phase {
        font-size: 17px;
        font-weight: 650;
      }
      .phase::before {
        content: '';
        display: inline-block;
        width: 9px;
        height: 9px;
        margin-right: 9px;
        border: 2px solid var(--ink-2);
        border-radius: 50%;
        vertical-align: 1px;
      }
      .busy .phase::before,
      .finished .phase::before {
        border-color: var(--accent);
        background: var(--accent);
      }
      /* A ring, and no pulse: without a GPU an endless animation keeps the cores drawing beside training. */
      .busy .phase::before {
        box-shadow: 0 0 0 3px var(--accent-soft);
      }
      .failed .phase::before {
        border-color: var(--danger);
        background: var(--danger);
      }
      .summary {
        color: var(--ink-2);
        font-size: 14px;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
      progress {
        grid-column: 1 / -1;
        width: 100%;
        height: 6px;
        overflow: hidden;
        border: 0;
        border-radius: 3px;
        background: var(--surface-2);
        appearance: none;
      }
      progress::-webkit-progress-bar {
        background: var(--surface-2);
      }
      progress::-webkit-progress-value {
        border-radius: 3px;
        background: var(--accent);
      }
      progress::-moz-progress-bar {
        background: var(--accent);
      }
      .fix {
        color: var(--danger);
      }
      @media (max-width: 560px) {
        .bar {
          grid-template-columns: minmax(0, 1fr);
          padding: 12px 14px;
        }
      }
    `,
  ]

  @property() phase: RunPhase = 'idle'
  /** The phase in words. */
  @property() label = ''
  @property() summary = ''
  /** 0 to 1, or null when there is no run to measure. */
  @property({ attribute: false }) share: number | null = null
  /** Whether the browser keeps what is saved. */
  @property({ type: Boolean }) kept = true
  @property({ type: Boolean }) active = false
  @property({ type: Boolean }) canTrain = false
  @property({ type: Boolean }) invalid = false

  override render() {
    const kind = isBusy(this.phase) ? 'busy' : this.phase
    return html`
      <section class="bar ${kind}" aria-label=${say('runBarLabel')}>
        <div class="line">
          <span class="phase">${this.label}</span>
          ${
            this.invalid
              ? html`<span class="summary fix">${say('fixRecipe')}</span>`
              : html`<span class="summary">${this.summary}</span>`
          }
        </div>
        <finetale-run-controls
          .phase=${this.phase}
          .canTrain=${this.canTrain}
          .active=${this.active}
          .kept=${this.kept}
        ></finetale-run-controls>
        ${
          this.share === null
            ? nothing
            : html`<progress max="1" .value=${this.share} aria-label=${say('progressLabel')}></progress>`
        }
      </section>
    `
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-run-bar': FinetaleRunBar
  }
}
