// A text that was just written, with who it is about, and a button that copies it. Text only, never HTML.

import { css, html, LitElement, type PropertyValues } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { GenerationRow } from '../workers/protocol'
import { say, type MessageKey } from './messages'
import { promptName } from './promptName'
import { controls, written } from './sharedStyles'

@customElement('finetale-written')
export class FinetaleWritten extends LitElement {
  static override styles = [
    controls,
    written,
    css`
      p {
        margin-bottom: 4px;
      }
      .foot {
        display: flex;
        align-items: center;
        gap: 10px;
        margin-top: 6px;
      }
    `,
  ]

  @property({ attribute: false }) row!: GenerationRow

  /** What became of the last copy. */
  @state() private told: MessageKey | null = null

  override willUpdate(changed: PropertyValues<this>) {
    if (changed.has('row')) this.told = null
  }

  override render() {
    return html`
      <p class="muted">${promptName(this.row.prompt)}</p>
      <span class="output" role="group" aria-label=${say('outputWritten')}>${this.row.generation}</span>
      <div class="foot">
        <button class="quiet" id="copy" @click=${this.copy}>${say('copyText')}</button>
        <span class="muted" role="status">${this.told ? say(this.told) : ''}</span>
      </div>
    `
  }

  private readonly copy = async () => {
    try {
      await navigator.clipboard.writeText(this.row.generation.trim())
      this.told = 'copied'
    } catch {
      this.told = 'copyRefused'
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-written': FinetaleWritten
  }
}
