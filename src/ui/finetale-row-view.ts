// One row as the model sees it: the text that is kept, the part that is cut, the padding that follows. Text only.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { RowView } from '../workers/protocol'
import { say } from './messages'
import { controls } from './sharedStyles'
import { sayTerms } from './terms'

const SHOWN_PADS = 24
const SHOWN_TOKENS = 512

@customElement('finetale-row-view')
export class FinetaleRowView extends LitElement {
  static override styles = [
    controls,
    css`
      .counts {
        margin: 2px 0 10px;
      }
      .text {
        max-height: 420px;
        overflow: auto;
        padding: 12px 14px;
        border-radius: 8px;
        background: var(--surface-2);
        font: 15px/1.6 var(--font-text);
        overflow-wrap: anywhere;
      }
      .prose {
        white-space: pre-wrap;
      }
      del {
        color: var(--danger);
        text-decoration-thickness: 1px;
      }
      .pads {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 3px;
        margin-top: 10px;
      }
      .pad {
        width: 14px;
        height: 14px;
        border-radius: 3px;
        background: var(--pad);
      }
      .pads .muted {
        margin-left: 4px;
      }
      details,
      .legend {
        margin-top: 10px;
      }
      .tokens {
        max-height: 220px;
        overflow: auto;
        font: 13px/2 var(--font-mono);
        overflow-wrap: anywhere;
      }
      .token {
        padding: 2px 3px;
        border-radius: 4px;
        white-space: pre-wrap;
      }
      .token:nth-child(odd) {
        background: var(--accent-soft);
      }
      .token:nth-child(even) {
        background: var(--surface-2);
      }
    `,
  ]

  /** 0-based index of the row. */
  @property({ type: Number }) row = 0
  @property({ attribute: false }) view: RowView | null = null
  /** What is said while there is nothing to show. */
  @property() waiting = ''

  override render() {
    const { view } = this
    return html`
      <h3>${say('viewHeading', { row: this.row + 1 })}</h3>
      ${
        view
          ? html`
              <p class="muted counts">
                ${sayTerms('viewCounts', { count: view.realTokens, cut: view.cutTokens, pad: view.padTokens })}
              </p>
              <div class="text" tabindex="0" role="group" aria-label=${say('viewHeading', { row: this.row + 1 })}>
                ${view.cutsStart ? this.renderCut(view.cut) : nothing}<span class="prose">${view.kept}</span
                >${view.cutsStart ? nothing : this.renderCut(view.cut)} ${this.renderPads(view.padTokens)}
              </div>
              <details>
                <summary>${say('viewTokens')}</summary>
                <div class="tokens" tabindex="0" role="group" aria-label=${say('viewTokens')}>
                  ${view.tokens
                    .slice(0, SHOWN_TOKENS)
                    .map(({ id, text }) => html`<span class="token" title=${id}>${visible(text)}</span>`)}
                </div>
                ${
                  view.tokens.length > SHOWN_TOKENS
                    ? html`<p class="muted">${say('viewTokensMore', { count: view.tokens.length - SHOWN_TOKENS })}</p>`
                    : nothing
                }
              </details>
              ${view.cut ? html`<p class="muted legend">${say('viewLegendCut')}</p>` : nothing}
              ${view.padTokens > 0 ? html`<p class="muted legend">${say('viewLegendPad')}</p>` : nothing}
            `
          : html`<p class="muted">${this.waiting || say('rowsLoading')}</p>`
      }
    `
  }

  private renderCut(cut: string) {
    return cut ? html`<del class="prose">${cut}</del>` : nothing
  }

  private renderPads(count: number) {
    if (count === 0) return nothing
    const boxes = Array.from({ length: Math.min(count, SHOWN_PADS) }, () => html`<span class="pad"></span>`)
    return html`<span class="pads">${boxes}<span class="muted">${say('viewPad', { count })}</span></span>`
  }
}

function visible(text: string): string {
  return text.replaceAll('\n', '↵')
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-row-view': FinetaleRowView
  }
}
