// A word with a dotted underline that opens what it means: a button and a native popover, which closes by Escape or a click
// elsewhere. It knows no term; name and definition are given.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { controls } from './sharedStyles'

const WIDTH = 300
const MARGIN = 12
const GAP = 6

@customElement('finetale-term')
export class FinetaleTerm extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: inline;
      }
      button {
        display: inline;
        min-height: 0;
        padding: 2px 0;
        border: 0;
        border-radius: 3px;
        background: none;
        color: inherit;
        font: inherit;
        line-height: inherit;
        text-decoration: underline dotted var(--line-strong);
        text-decoration-thickness: 1.5px;
        text-underline-offset: 3px;
        cursor: help;
      }
      button:hover:not(:disabled) {
        background: none;
        color: var(--accent);
        text-decoration-color: var(--accent);
      }
      #definition {
        position: absolute;
        inset: auto;
        margin: 0;
        padding: 12px 14px;
        border: 1px solid var(--line-strong);
        border-radius: 8px;
        background: var(--surface);
        box-shadow: var(--shadow);
        color: var(--ink);
        font: 14px/1.5 var(--font);
        text-align: left;
        white-space: normal;
        overflow-wrap: normal;
      }
      strong {
        display: block;
        margin-bottom: 2px;
      }
    `,
  ]

  /** The term, as the popover's heading. */
  @property() name = ''
  @property() definition = ''

  /** While closed the definition is not in the page, so that no search of it finds the text twice. */
  @state() private open = false

  @query('button') private readonly button!: HTMLButtonElement
  @query('#definition') private readonly popup!: HTMLElement

  override render() {
    return html`<button type="button" popovertarget="definition"><slot></slot></button
      ><span
        id="definition"
        popover
        role="note"
        aria-label=${this.name}
        @beforetoggle=${this.toggles}
        @toggle=${this.toggled}
        >${this.open ? html`<strong>${this.name}</strong>${this.definition}` : nothing}</span
      >`
  }

  /** Below the word and inside the page's width. Styles go by the object model: the content policy forbids attributes. */
  private readonly toggles = ({ newState }: ToggleEvent) => {
    this.open = newState === 'open'
    if (!this.open) return
    const page = document.documentElement.clientWidth
    const width = Math.min(WIDTH, page - 2 * MARGIN)
    const word = this.button.getBoundingClientRect()
    const left = Math.max(MARGIN, Math.min(word.left, page - MARGIN - width))
    Object.assign(this.popup.style, {
      width: `${width}px`,
      left: `${left + scrollX}px`,
      top: `${word.bottom + GAP + scrollY}px`,
    })
  }

  /** Above the word when there is no room below. */
  private readonly toggled = ({ newState }: ToggleEvent) => {
    if (newState !== 'open') return
    const word = this.button.getBoundingClientRect()
    const { height, bottom } = this.popup.getBoundingClientRect()
    if (bottom <= document.documentElement.clientHeight || word.top < height + GAP) return
    this.popup.style.top = `${word.top - GAP - height + scrollY}px`
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-term': FinetaleTerm
  }
}
