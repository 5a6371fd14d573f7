// The numbers of the run shown, as files. It writes nothing itself: state/exports.ts makes the text, the browser saves it.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { exportFiles, exportNames, type ExportName } from '../state/exports'
import { isActive, RunStore } from '../state/runStore'
import { StoreController } from '../state/storeController'
import { say } from './messages'
import { saveFile } from './saveFile'
import { controls, panel } from './sharedStyles'

@customElement('finetale-export-panel')
export class FinetaleExportPanel extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .panel {
        margin-top: 20px;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 12px;
      }
      button {
        font-family: var(--font-mono);
        font-size: 13px;
      }
    `,
  ]

  @property({ attribute: false }) store = new RunStore()

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const { latest } = this.store.state
    if (!latest || isActive(this.store.state)) return nothing
    return html`
      <section class="panel" aria-labelledby="title">
        <h3 id="title">${say('exportHeading')}</h3>
        <p class="muted">${say('exportText')}</p>
        <div class="buttons">
          ${exportNames.map((name) => html`<button @click=${() => this.save(name)}>${name}</button>`)}
        </div>
      </section>
    `
  }

  private save(name: ExportName) {
    saveFile(name, new Blob([exportFiles(this.store)[name]], { type: 'text/plain' }))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-export-panel': FinetaleExportPanel
  }
}
