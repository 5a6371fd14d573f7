// What went wrong, with what to do about it, and the notes collected on the way. It decides nothing.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { FinetaleErrorData } from '../workers/protocol'
import { send } from './events'
import { say } from './messages'
import { controls } from './sharedStyles'

/** Errors after which the worker is of no use until it is started afresh. */
const deadly: readonly string[] = ['WorkerCrashed', 'HeapAborted']

/** @fires finetale-dismiss @fires finetale-restart @fires finetale-resume-slower */
@customElement('finetale-notices')
export class FinetaleNotices extends LitElement {
  static override styles = [
    controls,
    css`
      h2 {
        font-size: 15px;
        font-weight: 600;
      }
      .error,
      .warnings {
        margin-bottom: 12px;
        padding: 14px 18px;
        border-radius: var(--radius);
      }
      .error {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 10px 24px;
        border: 1px solid var(--danger);
        background: var(--danger-soft);
      }
      .text {
        flex: 1 1 280px;
        overflow-wrap: anywhere;
      }
      .error h2 {
        color: var(--danger);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .warnings {
        background: var(--warn-soft);
        font-size: 14px;
      }
      .warnings h2 {
        color: var(--warn);
        font-size: 13px;
      }
      ul {
        max-height: 160px;
        margin: 0;
        padding-left: 18px;
        overflow: auto;
        overflow-wrap: anywhere;
      }
    `,
  ]

  @property({ attribute: false }) error: FinetaleErrorData | null = null
  @property({ attribute: false }) warnings: readonly string[] = []
  /** The step of the last good checkpoint of a run whose numbers are no longer finite; null when all is well. */
  @property({ attribute: false }) lastGood: number | null = null

  override render() {
    const { error, warnings } = this
    return html`
      ${
        error
          ? html`
              <section class="error" aria-label=${say('errorTitle')}>
                <div class="text" role="alert">
                  <h2>${say('errorTitle')}</h2>
                  <p>${error.message}</p>
                  <p class="muted">${error.action}</p>
                </div>
                <div class="buttons">
                  ${
                    deadly.includes(error.name)
                      ? html`<button
                          id="restart"
                          class="primary"
                          @click=${() => send(this, 'finetale-restart', undefined)}
                        >
                          ${say('restartWorker')}
                        </button>`
                      : nothing
                  }
                  <button @click=${() => send(this, 'finetale-dismiss', undefined)}>${say('dismiss')}</button>
                </div>
              </section>
            `
          : nothing
      }
      ${
        warnings.length > 0
          ? html`
              <section class="warnings" aria-label=${say('warnings')}>
                <h2>${say('warnings')}</h2>
                <ul>
                  ${warnings.map((warning) => html`<li>${warning}</li>`)}
                </ul>
                ${
                  this.lastGood === null
                    ? nothing
                    : html`<button
                        id="resume-slower"
                        class="primary"
                        @click=${() => send(this, 'finetale-resume-slower', undefined)}
                      >
                        ${say('resumeSlower', { step: this.lastGood })}
                      </button>`
                }
              </section>
            `
          : nothing
      }
    `
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-notices': FinetaleNotices
  }
}
