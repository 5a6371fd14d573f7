// Ready characters to write about, and one made up at each click. It only proposes: the panel around it fills its fields.

import { css, html, LitElement } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { readyCharacters, type Character } from '../state/prompts'
import { surprise } from '../state/surprise'
import { send } from './events'
import { say } from './messages'
import { controls } from './sharedStyles'

/** @fires finetale-character - The character to write about. */
@customElement('finetale-prompt-ideas')
export class FinetalePromptIdeas extends LitElement {
  static override styles = [
    controls,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
      }
      button {
        min-height: 30px;
        padding: 3px 10px;
        border-radius: 15px;
        font-size: 13px;
      }
    `,
  ]

  @property({ type: Boolean }) disabled = false

  override render() {
    return html`<div role="group" aria-label=${say('promptIdeas')}>
      ${readyCharacters.map(
        (character) =>
          html`<button type="button" ?disabled=${this.disabled} @click=${() => this.choose(character)}>
            ${character.name}
          </button>`,
      )}
      <button type="button" id="surprise" ?disabled=${this.disabled} @click=${this.surprised}>
        ${say('surprise')}
      </button>
    </div>`
  }

  private choose(character: Character) {
    send(this, 'finetale-character', character)
  }

  private readonly surprised = () => {
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1))
    this.choose(surprise(seed))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-prompt-ideas': FinetalePromptIdeas
  }
}
