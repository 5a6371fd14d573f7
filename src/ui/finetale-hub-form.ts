// Names a repository on a hub: id and revision, and under "Mirror and access token" the hub's address and a token. It asks
// for nothing; what was typed goes up as a reference, and the token beside it.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { DEFAULT_HUB, readTyped } from '../state/hubForm'
import { hostOf, type Side } from '../state/sources'
import { toErrorData } from '../workers/clients'
import type { HubRef } from '../workers/protocol'
import { send } from './events'
import { say } from './messages'
import { controls } from './sharedStyles'

export type HubField = 'id' | 'revision' | 'base' | 'token'

/** @fires finetale-hub - The repository and a token. @fires finetale-hub-closed - The form is not wanted any more. */
@customElement('finetale-hub-form')
export class FinetaleHubForm extends LitElement {
  static override styles = [
    controls,
    css`
      form {
        display: grid;
        grid-template-columns: minmax(0, 2fr) minmax(0, 1fr);
        gap: 12px;
        margin-top: 12px;
        padding: 14px;
        border-radius: 8px;
        background: var(--surface-2);
      }
      label > span {
        display: block;
        margin-bottom: 4px;
        font-weight: 550;
      }
      label small {
        display: block;
        margin-top: 3px;
        color: var(--ink-2);
        font-size: 12.5px;
      }
      details,
      .buttons,
      .problem {
        grid-column: 1 / -1;
      }
      .advanced {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr));
        gap: 12px;
        padding-top: 8px;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .problem {
        color: var(--danger);
        font-size: 14px;
        overflow-wrap: anywhere;
      }
      @media (max-width: 480px) {
        form {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ]

  @property() side: Side = 'model'
  /** What the fields begin with. */
  @property({ attribute: false }) repository: HubRef | null = null
  /** True when a token for this hub was typed before. */
  @property({ type: Boolean }) hasToken = false

  @state() private problem = ''
  @state() private base = ''
  @state() private advanced = false

  @query('#id') private readonly idInput!: HTMLInputElement
  @query('#revision') private readonly revisionInput!: HTMLInputElement
  @query('#token') private readonly tokenInput!: HTMLInputElement

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    if (!changed.has('repository')) return
    this.base = this.repository?.base ?? DEFAULT_HUB
    this.problem = ''
  }

  /** Opens what hides the field, and puts the cursor there. */
  async focusField(field: HubField): Promise<void> {
    if (field === 'base' || field === 'token') this.advanced = true
    await this.updateComplete
    this.renderRoot.querySelector<HTMLInputElement>(`#${field}`)?.focus()
  }

  override render() {
    const model = this.side === 'model'
    const host = hostOf({ ...refless, base: this.base })
    return html`
      <form @submit=${this.submitted} novalidate>
        <label>
          <span>${say(model ? 'hubIdModel' : 'hubIdData')}</span>
          <input
            id="id"
            .value=${this.repository?.repo ?? ''}
            required
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            aria-invalid=${this.problem ? 'true' : 'false'}
          />
          <small>${say('hubIdHelp')}</small>
        </label>
        <label>
          <span>${say('hubRevision')}</span>
          <input
            id="revision"
            .value=${this.repository?.revision ?? ''}
            placeholder="main"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
          />
          <small>${say('hubRevisionHelp')}</small>
        </label>
        <details ?open=${this.advanced} @toggle=${this.toggled}>
          <summary>${say('hubAdvanced')}</summary>
          <div class="advanced">
            <label>
              <span>${say('hubBase')}</span>
              <input
                id="base"
                type="url"
                .value=${this.base}
                autocomplete="off"
                @input=${(event: Event) => (this.base = valueOf(event))}
              />
              <small>${say('hubBaseHelp')}</small>
            </label>
            <label>
              <span>${say('hubToken')}</span>
              <input id="token" type="password" autocomplete="off" spellcheck="false" />
              <small>${say(this.hasToken ? 'hubTokenKept' : 'hubTokenHelp', { host })}</small>
            </label>
          </div>
        </details>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
        <div class="buttons">
          <button type="submit" class="primary">${say('hubUse')}</button>
          <button type="button" @click=${() => send(this, 'finetale-hub-closed', undefined)}>
            ${say('hubCancel')}
          </button>
        </div>
      </form>
    `
  }

  private readonly toggled = (event: Event) => {
    if (event.target instanceof HTMLDetailsElement) this.advanced = event.target.open
  }

  private readonly submitted = (event: Event) => {
    event.preventDefault()
    try {
      const { value: id } = this.idInput
      const kind = this.side === 'model' ? 'model' : 'dataset'
      const ref = readTyped(kind, { id, revision: this.revisionInput.value, base: this.base })
      this.problem = ''
      send(this, 'finetale-hub', { side: this.side, ref, token: this.tokenInput.value })
      this.tokenInput.value = ''
      // A token alone changes no choice, so nothing else would tell that the form has done its work.
      send(this, 'finetale-hub-closed', undefined)
    } catch (thrown) {
      const { message, action } = toErrorData(thrown)
      this.problem = say('problem', { message, action })
    }
  }
}

const refless = { kind: 'model', repo: '', revision: '' } as const

function valueOf({ target }: Event): string {
  return target instanceof HTMLInputElement ? target.value : ''
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-hub-form': FinetaleHubForm
  }
}
