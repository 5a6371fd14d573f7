// What went wrong, with what to do about it, and the notes collected on the way. It decides nothing.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Recipe } from '../recipe/recipe'
import { resumable } from '../state/runStore'
import { emptyState, type StoreState } from '../state/storeState'
import { changeLabel } from './changeLabel'
import { send } from './events'
import { say } from './messages'
import { controls } from './sharedStyles'

/** Errors after which the worker is of no use until it is started afresh, by name. */
const deadly: readonly string[] = ['WorkerCrashed', 'HeapAborted', 'HeapFull', 'KernelThreadLostError']

/**
 * @fires finetale-dismiss @fires finetale-restart @fires finetale-resume-slower @fires finetale-recipe-set
 * @fires finetale-show-runs @fires finetale-save-model
 */
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
      .warnings .buttons:not(:empty) {
        margin-top: 10px;
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

  @property({ attribute: false }) state: StoreState = emptyState

  override render() {
    const { error, notes, warnings: ofRun } = this.state
    // The page and a run may have met the same obstacle.
    const warnings = [...new Set([...notes, ...ofRun])]
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
                  ${deadly.includes(error.name) ? this.renderRestart() : nothing}
                  ${error.change ? this.renderChange(error.change) : nothing}
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
                <div class="buttons">${this.renderStorage()} ${this.renderSlower()}</div>
              </section>
            `
          : nothing
      }
    `
  }

  /** One click starts the worker afresh and goes on from the last checkpoint, where there is one. */
  private renderRestart() {
    const run = resumable(this.state)
    return html`<button id="restart" class="primary" @click=${() => send(this, 'finetale-restart', run?.id ?? '')}>
      ${run ? say('restartAndResume', { step: run.step }) : say('restartWorker')}
    </button>`
  }

  private renderChange(change: Partial<Recipe>) {
    return html`<button id="apply" class="primary" @click=${() => send(this, 'finetale-recipe-set', change)}>
      ${changeLabel(change)}
    </button>`
  }

  /** What to do while nothing can be saved: room can be made only where there is a store. */
  private renderStorage() {
    const { storage, latest } = this.state
    if (storage === 'works') return nothing
    return html`
      ${
        storage === 'full'
          ? html`<button id="free-space" @click=${() => send(this, 'finetale-show-runs', undefined)}>
              ${say('freeSpace')}
            </button>`
          : nothing
      }
      ${
        latest
          ? html`<button id="save-model" @click=${() => send(this, 'finetale-save-model', undefined)}>
              ${say('saveModelNow')}
            </button>`
          : nothing
      }
    `
  }

  private renderSlower() {
    const run = resumable(this.state)
    if (!this.state.spoilt || !run) return nothing
    return html`<button
      id="resume-slower"
      class="primary"
      @click=${() => send(this, 'finetale-resume-slower', undefined)}
    >
      ${say('resumeSlower', { step: run.step })}
    </button>`
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-notices': FinetaleNotices
  }
}
