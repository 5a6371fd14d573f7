// One input of a run: what is chosen, and the ways to choose another. It opens no file; the chosen files go up in events.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, query } from 'lit/decorators.js'
import { send } from './events'
import { say } from './messages'
import { controls } from './sharedStyles'

/** @fires finetale-files - The files chosen. @fires finetale-use-built-in - Back to the one that ships with the page. */
@customElement('finetale-source-picker')
export class FinetaleSourcePicker extends LitElement {
  static override styles = [
    controls,
    css`
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 12px;
      }
      .what {
        flex: 1 1 180px;
        min-width: 0;
      }
      .kind {
        font-size: 12px;
        color: var(--ink-2);
      }
      .label {
        display: block;
        overflow-wrap: anywhere;
        font-weight: 600;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }
      .help {
        margin-top: 4px;
      }
      .button:focus-within {
        outline: 2px solid var(--accent);
        outline-offset: 2px;
      }
    `,
  ]

  /** Which input this is: it decides labels, and whether a folder or a file is chosen. */
  @property() kind: 'model' | 'data' = 'model'
  /** What is chosen now. */
  @property() label = ''
  @property({ type: Boolean }) builtIn = true
  @property({ type: Boolean }) disabled = false

  @query('input') private readonly input!: HTMLInputElement

  override render() {
    const folder = this.kind === 'model'
    return html`
      <div class="row">
        <div class="what">
          <span class="kind">
            ${say(folder ? 'modelLabel' : 'dataLabel')}${this.builtIn ? html` · ${say('builtIn')}` : nothing}
          </span>
          <span class="label">${this.label || say('none')}</span>
        </div>
        <div class="buttons">
          ${
            this.builtIn
              ? nothing
              : html`<button class="quiet" ?disabled=${this.disabled} @click=${this.useBuiltIn}>
                  ${say('useBuiltIn')}
                </button>`
          }
          <label class="button">
            ${say(folder ? 'chooseFolder' : 'chooseFile')}
            <input
              class="hidden"
              type="file"
              id=${folder ? 'model-folder' : 'data-file'}
              ?webkitdirectory=${folder}
              ?multiple=${folder}
              accept=${folder ? nothing : '.jsonl,.ndjson,.json'}
              ?disabled=${this.disabled}
              @change=${this.chosen}
            />
          </label>
        </div>
      </div>
      <p class="muted help">${say(folder ? 'modelHelp' : 'dataHelp')}</p>
    `
  }

  private readonly chosen = () => {
    const files = Array.from(this.input.files ?? [])
    if (files.length > 0) send(this, 'finetale-files', files)
    // So that choosing the same file again, after a correction, is heard.
    this.input.value = ''
  }

  private readonly useBuiltIn = () => {
    send(this, 'finetale-use-built-in', undefined)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-source-picker': FinetaleSourcePicker
  }
}
