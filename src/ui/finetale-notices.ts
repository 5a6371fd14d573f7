// What went wrong, with what to do about it, and the notes collected on the way. It decides nothing.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Recipe } from '../recipe/recipe'
import { resumable } from '../state/runStore'
import { emptyState, type StoreState } from '../state/storeState'
import { changeLabel } from './changeLabel'
import { send, type FinetaleEvents } from './events'
import { FocusNext } from './focusNext'
import { say } from './messages'
import { controls } from './sharedStyles'

/** Errors after which the worker is of no use until it is started afresh, by name. */
const deadly: readonly string[] = ['WorkerCrashed', 'HeapAborted', 'HeapFull', 'KernelThreadLostError']

/**
 * @fires finetale-dismiss - What of the state goes. @fires finetale-restart @fires finetale-resume-slower
 * @fires finetale-recipe-set @fires finetale-show-runs @fires finetale-save-model
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
      .warnings .buttons {
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

  constructor() {
    super()
    new FocusNext(this, '.all')
  }

  override render() {
    const { error } = this.state
    return html`<div class="all" tabindex="-1">
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
                  ${error.change ? this.renderChange(error.change) : nothing} ${this.renderDismiss({ error: null })}
                </div>
              </section>
            `
          : nothing
      }
      ${this.renderNotes()}
    </div>`
  }

  /** The list's frame is always there: a status that comes with its words is not read out. */
  private renderNotes() {
    const { notes, warnings: ofRun } = this.state
    // The page and a run may have met the same obstacle.
    const warnings = [...new Set([...notes, ...ofRun])]
    const some = warnings.length > 0
    const actions = [...this.renderActions()]
    // What an action belongs to stays beside it.
    const rest = actions.length > 0 ? ofRun : []
    const dismissable = notes.length > 0 || ofRun.length > rest.length
    return html`<section class=${some ? 'warnings' : ''} aria-label=${some ? say('warnings') : nothing}>
      ${some ? html`<h2>${say('warnings')}</h2>` : nothing}
      <div role="status" aria-atomic="false">
        ${
          some
            ? html`<ul>
                ${warnings.map((warning) => html`<li>${warning}</li>`)}
              </ul>`
            : nothing
        }
      </div>
      ${
        some
          ? html`<div class="buttons">
              ${actions} ${dismissable ? this.renderDismiss({ notes: [], warnings: rest }) : nothing}
            </div>`
          : nothing
      }
    </section>`
  }

  private renderDismiss(rest: FinetaleEvents['finetale-dismiss']) {
    return html`<button data-action="dismiss" @click=${() => send(this, 'finetale-dismiss', rest)}>
      ${say('dismiss')}
    </button>`
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

  /** What to do while nothing can be saved, where room can be made only in a store; and where numbers are spoilt. */
  private *renderActions() {
    const { storage, latest, spoilt } = this.state
    if (storage === 'full') {
      yield html`<button id="free-space" @click=${() => send(this, 'finetale-show-runs', undefined)}>
        ${say('freeSpace')}
      </button>`
    }
    if (storage !== 'works' && latest) {
      yield html`<button id="save-model" @click=${() => send(this, 'finetale-save-model', undefined)}>
        ${say('saveModelNow')}
      </button>`
    }
    const run = resumable(this.state)
    if (!spoilt || !run) return
    yield html`<button
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
