// The buttons that steer a run, as its phase allows, and the question Stop asks. It steers nothing itself.

import { css, html, LitElement } from 'lit'
import { customElement, property, query } from 'lit/decorators.js'
import type { RunPhase, StopMode } from '../workers/protocol'
import { send } from './events'
import { FocusKeeper } from './focusKeeper'
import { say } from './messages'
import { controls } from './sharedStyles'

/** @fires finetale-train @fires finetale-pause @fires finetale-continue @fires finetale-step @fires finetale-stop */
@customElement('finetale-run-controls')
export class FinetaleRunControls extends LitElement {
  static override styles = [
    controls,
    css`
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      #train {
        min-width: 120px;
        min-height: 44px;
        font-size: 16px;
      }
      .buttons > button {
        min-height: 44px;
      }
      @media (max-width: 560px) {
        #train {
          flex: 1;
        }
      }
      dialog {
        max-width: min(420px, calc(100vw - 32px));
        padding: 24px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 0.45);
      }
      dialog p {
        margin: 8px 0 20px;
        color: var(--ink-2);
      }
      h2 {
        font-size: 18px;
      }
    `,
  ]

  @property() phase: RunPhase = 'idle'
  /** True when recipe and inputs are fit to train. */
  @property({ type: Boolean }) canTrain = false
  /** True when a run is in the trainer's memory. */
  @property({ type: Boolean }) active = false
  /** Whether the browser keeps what is saved. */
  @property({ type: Boolean }) kept = true

  @query('dialog') private readonly dialog!: HTMLDialogElement

  readonly #focus = new FocusKeeper(this, '.buttons')

  override render() {
    return html`
      <div class="buttons" tabindex="-1" role="group" aria-label=${say('runButtons')}>
        ${this.active ? this.renderActive() : this.renderTrain()}
      </div>
      <dialog aria-labelledby="stop-title" @close=${this.closed}>
        <h2 id="stop-title">${say('stopTitle')}</h2>
        <p>${say(this.kept ? 'stopText' : 'stopTextUnkept')}</p>
        <div class="buttons">
          <button id="stop-save" class="primary" autofocus @click=${() => this.stop('save')}>${say('stopSave')}</button>
          <button id="stop-discard" class="danger" @click=${() => this.stop('discard')}>${say('stopDiscard')}</button>
          <button id="stop-cancel" @click=${() => this.dialog.close()}>${say('cancel')}</button>
        </div>
      </dialog>
    `
  }

  private renderTrain() {
    const again = this.phase === 'finished' || this.phase === 'failed'
    return html`<button
      id="train"
      class="primary"
      ?disabled=${!this.canTrain}
      @click=${() => send(this, 'finetale-train', undefined)}
    >
      ${say(again ? 'trainAgain' : 'train')}
    </button>`
  }

  private renderActive() {
    const paused = this.phase === 'paused'
    const early = this.phase === 'loading' || this.phase === 'tokenizing'
    return html`
      ${
        paused
          ? html`
              <button id="continue" class="primary" @click=${() => send(this, 'finetale-continue', undefined)}>
                ${say('continue')}
              </button>
              <button id="step" @click=${() => send(this, 'finetale-step', undefined)}>${say('step')}</button>
            `
          : html`<button id="pause" ?disabled=${early} @click=${() => send(this, 'finetale-pause', undefined)}>
              ${say('pause')}
            </button>`
      }
      <button id="stop" ?disabled=${early} @click=${() => this.dialog.showModal()}>${say('stop')}</button>
    `
  }

  /** The run may have ended while the question was open, and the button that asked it with it. */
  private readonly closed = () => {
    if (!this.shadowRoot?.activeElement) this.#focus.recover()
  }

  private stop(mode: StopMode) {
    this.dialog.close()
    send(this, 'finetale-stop', mode)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-run-controls': FinetaleRunControls
  }
}
