// One setting of the recipe: plain label, Hugging Face name, input, explanation, complaint, reset. It checks nothing itself.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { rules } from '../recipe/validate'
import type { RecipeField } from '../recipe/validate'
import { breakable } from './breakable'
import { send } from './events'
import { say } from './messages'
import { controls } from './sharedStyles'

/** @fires finetale-field-change - The new value. @fires finetale-field-reset - Back to the preset's value. */
@customElement('finetale-recipe-field')
export class FinetaleRecipeField extends LitElement {
  static override styles = [
    controls,
    css`
      label {
        display: block;
        margin-bottom: 4px;
        font-weight: 550;
      }
      code {
        display: block;
        margin-top: 2px;
        color: var(--ink-2);
        font: 11.5px/1.4 var(--font-mono);
      }
      .line {
        display: flex;
        align-items: center;
        gap: 4px;
      }
      .line > :first-child {
        flex: 1;
        min-width: 0;
      }
      input[aria-invalid='true'] {
        border-color: var(--danger);
        background: var(--danger-soft);
      }
      .help {
        margin-top: 3px;
        color: var(--ink-2);
        font-size: 12.5px;
        line-height: 1.4;
      }
      .problem {
        margin-top: 3px;
        color: var(--danger);
        font-size: 13px;
      }
    `,
  ]

  @property() field: RecipeField = 'seed'
  @property({ attribute: false }) value: number | string | boolean = 0
  /** The preset's value, for reset. */
  @property({ attribute: false }) base: number | string | boolean = 0
  /** What is wrong with the value, or ''. */
  @property() problem = ''

  override render() {
    const label = say(`label_${this.field}`)
    const changed = !Object.is(this.value, this.base)
    return html`
      <label for="input">${label}</label>
      <div class="line">
        ${this.renderInput()}
        ${
          changed
            ? html`<button
                class="quiet"
                title=${say('recipeReset', { label })}
                aria-label=${say('recipeReset', { label })}
                @click=${this.reset}
              >
                ↺
              </button>`
            : nothing
        }
      </div>
      <p class=${this.problem ? 'problem' : 'help'} id="note" role=${this.problem ? 'alert' : nothing}>
        ${this.problem || say(`help_${this.field}`)}
      </p>
      <code>${breakable(this.field)}</code>
    `
  }

  private renderInput() {
    const rule = rules[this.field]
    if (rule.kind === 'choice') {
      return html`<select id="input" aria-describedby="note" @change=${this.selected}>
        ${rule.values.map(
          (value, index) =>
            html`<option value=${index} .selected=${value === this.value}>
              ${typeof value === 'boolean' ? say(value ? 'yes' : 'no') : value}
            </option>`,
        )}
      </select>`
    }
    const text = typeof this.value === 'number' && Number.isNaN(this.value) ? '' : String(this.value)
    return html`<input
      id="input"
      type=${rule.kind === 'text' ? 'text' : 'number'}
      step=${rule.kind === 'integer' ? 1 : 'any'}
      autocomplete="off"
      aria-describedby="note"
      aria-invalid=${this.problem ? 'true' : 'false'}
      .value=${text}
      @change=${this.typed}
    />`
  }

  /** The button goes with the value that it takes back, so the keyboard is put on the field first. */
  private readonly reset = () => {
    this.renderRoot.querySelector<HTMLElement>('#input')?.focus()
    send(this, 'finetale-field-reset', undefined)
  }

  private readonly selected = (event: Event) => {
    const rule = rules[this.field]
    if (!(event.target instanceof HTMLSelectElement) || rule.kind !== 'choice') return
    const value = rule.values[event.target.selectedIndex]
    if (value !== undefined) send(this, 'finetale-field-change', value)
  }

  private readonly typed = (event: Event) => {
    if (!(event.target instanceof HTMLInputElement)) return
    const text = event.target.value
    send(this, 'finetale-field-change', event.target.type === 'text' ? text : Number.parseFloat(text))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-recipe-field': FinetaleRecipeField
  }
}
