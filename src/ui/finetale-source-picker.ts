// One input of a run: what is chosen, and the ways to choose another: a hub, a folder, files or a zip, by button or by
// dropping them here. It opens no file and asks no hub; choices go up in events.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { pickedFiles, type PickedFile } from '../state/inputs'
import type { Side } from '../state/sources'
import { toErrorData } from '../workers/clients'
import type { HubRef } from '../workers/protocol'
import { acceptedData } from './acceptedData'
import { breakable } from './breakable'
import { carriesFiles, droppedFiles } from './dropped'
import { send } from './events'
import './finetale-hub-form'
import type { FinetaleHubForm, HubField } from './finetale-hub-form'
import { joined, say } from './messages'
import { controls } from './sharedStyles'

/**
 * @fires finetale-files - The files chosen, with the side. @fires finetale-files-refused - Why what was dropped cannot be
 * read. @fires finetale-built-in - Back to the one that ships with the
 * page. @fires finetale-hub - A repository, from the form inside.
 */
@customElement('finetale-source-picker')
export class FinetaleSourcePicker extends LitElement {
  static override styles = [
    controls,
    css`
      .zone {
        position: relative;
        margin: -8px;
        padding: 8px;
        border: 2px dashed transparent;
        border-radius: 10px;
      }
      .zone.over {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0 12px;
        min-height: 28px;
      }
      .top button {
        margin: 0 -8px;
      }
      .kind {
        font-size: 12.5px;
        color: var(--ink-2);
        overflow-wrap: anywhere;
      }
      .label {
        display: block;
        margin-bottom: 10px;
        overflow-wrap: anywhere;
        font-weight: 600;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }
      .help {
        margin-top: 8px;
      }
      .button:focus-within {
        outline: 2px solid var(--accent);
        outline-offset: 2px;
      }
      .button.off {
        opacity: 0.5;
        cursor: not-allowed;
      }
    `,
  ]

  /** Which input this is: it decides labels, and whether a folder or files are chosen. */
  @property() kind: Side = 'model'
  /** What is chosen now. */
  @property() label = ''
  /** Where it comes from, in words. */
  @property() origin = ''
  @property({ type: Boolean }) builtIn = true
  /** The repository that the hub form begins with. */
  @property({ attribute: false }) repository: HubRef | null = null
  @property({ type: Boolean }) hasToken = false
  @property({ type: Boolean }) disabled = false

  @state() private hubOpen = false
  @state() private over = false

  @query('finetale-hub-form') private readonly form!: FinetaleHubForm | null
  @query('.hub') private readonly hubButton!: HTMLButtonElement

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    if (this.disabled) this.hubOpen = false
    // A new choice has been made: the form has done its work.
    if (changed.has('repository') || changed.has('label')) this.hubOpen = false
  }

  /** Opens the hub form with the cursor in a field. */
  async openHub(field: HubField): Promise<void> {
    this.hubOpen = true
    await this.updateComplete
    await this.form?.focusField(field)
  }

  /** Puts the keyboard on the first way to choose files. */
  focusFiles(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.focus()
  }

  override render() {
    const folder = this.kind === 'model'
    return html`
      <div
        class=${this.over ? 'zone over' : 'zone'}
        role="group"
        aria-label=${say(folder ? 'modelLabel' : 'dataLabel')}
        @dragover=${this.dragged}
        @dragleave=${this.left}
        @drop=${this.dropped}
      >
        <div class="top">
          <span class="kind">${joined(say(folder ? 'modelLabel' : 'dataLabel'), this.origin)}</span>
          ${
            this.builtIn
              ? nothing
              : html`<button
                  class="quiet"
                  ?disabled=${this.disabled}
                  @click=${() => send(this, 'finetale-built-in', this.kind)}
                >
                  ${say('useBuiltIn')}
                </button>`
          }
        </div>
        <span class="label">${this.label ? breakable(this.label) : say('none')}</span>
        <div class="buttons">
          <button
            class="hub"
            ?disabled=${this.disabled}
            aria-expanded=${this.hubOpen ? 'true' : 'false'}
            @click=${() => (this.hubOpen ? (this.hubOpen = false) : void this.openHub('id'))}
          >
            ${say('chooseHub')}
          </button>
          ${folder ? nothing : this.renderInput('data-file', 'chooseFile')}
          ${this.renderInput(folder ? 'model-folder' : 'data-folder', 'chooseFolder')}
          ${folder ? this.renderInput('model-zip', 'chooseZip') : nothing}
        </div>
        <p class="muted help">${this.over ? say('dropHere') : say(folder ? 'modelHelp' : 'dataHelp')}</p>
        ${
          this.hubOpen
            ? html`<finetale-hub-form
                .side=${this.kind}
                .repository=${this.repository}
                .hasToken=${this.hasToken}
                @finetale-hub-closed=${this.hubClosed}
              ></finetale-hub-form>`
            : nothing
        }
      </div>
    `
  }

  private renderInput(
    id: 'model-folder' | 'model-zip' | 'data-file' | 'data-folder',
    label: 'chooseFolder' | 'chooseZip' | 'chooseFile',
  ) {
    const accept = {
      'model-folder': nothing,
      'data-folder': nothing,
      'model-zip': '.zip',
      'data-file': acceptedData,
    }[id]
    return html`
      <label class=${this.disabled ? 'button off' : 'button'}>
        ${say(label)}
        <input
          class="hidden"
          type="file"
          id=${id}
          ?webkitdirectory=${id.endsWith('-folder')}
          ?multiple=${id !== 'model-zip'}
          accept=${accept}
          ?disabled=${this.disabled}
          @change=${this.chosen}
        />
      </label>
    `
  }

  private readonly hubClosed = () => {
    this.hubOpen = false
    // The button that had the focus goes with the form.
    this.hubButton.focus()
  }

  private readonly chosen = ({ target }: Event) => {
    if (!(target instanceof HTMLInputElement)) return
    this.take(pickedFiles(target.files ?? []))
    // So that choosing the same file again, after a correction, is heard.
    target.value = ''
  }

  private readonly dragged = (event: DragEvent) => {
    if (this.disabled || !carriesFiles(event)) return
    event.preventDefault()
    this.over = true
  }

  private readonly left = () => {
    this.over = false
  }

  private readonly dropped = (event: DragEvent) => {
    this.over = false
    if (this.disabled || !carriesFiles(event)) return
    event.preventDefault()
    droppedFiles(event).then(
      (files) => this.take(files),
      (thrown: unknown) => send(this, 'finetale-files-refused', toErrorData(thrown)),
    )
  }

  private take(files: readonly PickedFile[]) {
    if (files.length > 0) send(this, 'finetale-files', { side: this.kind, files })
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-source-picker': FinetaleSourcePicker
  }
}
