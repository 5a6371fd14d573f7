// How long the rows are in tokens: a histogram with the same numbers as a table, and what is cut and padded. It counts
// nothing; it asks when it is opened.

import { css, html, LitElement, nothing, svg } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { DatasetStatistics } from '../workers/protocol'
import { send } from './events'
import { formatNumber, formatPercent } from './format'
import { say, type MessageKey } from './messages'
import { controls } from './sharedStyles'

const WIDTH = 640
const HEIGHT = 120

/** @fires finetale-count - The rows' lengths are wanted. */
@customElement('finetale-lengths')
export class FinetaleLengths extends LitElement {
  static override styles = [
    controls,
    css`
      dl {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 28px;
        margin: 8px 0 12px;
      }
      dt {
        color: var(--ink-2);
        font-size: 12.5px;
      }
      dd {
        margin: 0;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
      svg {
        display: block;
        width: 100%;
        max-width: 720px;
        height: 120px;
      }
      rect {
        fill: var(--chart-line);
      }
      rect.cut {
        fill: var(--eval);
      }
      line {
        stroke: var(--line-strong);
        vector-effect: non-scaling-stroke;
      }
      line.cap {
        stroke: var(--eval);
        stroke-width: 1.5;
        stroke-dasharray: 5 4;
      }
      .scale {
        display: grid;
        grid-template-columns: 1fr auto 1fr;
        gap: 0 12px;
        max-width: 720px;
        margin: 2px 0 12px;
        color: var(--ink-2);
        font-size: 12.5px;
        font-variant-numeric: tabular-nums;
      }
      .scale .end {
        grid-column: 3;
        text-align: right;
      }
      .cap::before {
        content: '';
        display: inline-block;
        width: 20px;
        margin-right: 6px;
        border-top: 2px dashed var(--eval);
        vertical-align: middle;
      }
      .why {
        max-width: 720px;
        margin-top: 6px;
      }
      .table {
        max-height: 240px;
        overflow: auto;
      }
      table {
        border-collapse: collapse;
        font-size: 13px;
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 3px 16px 3px 0;
        border-bottom: 1px solid var(--line);
        text-align: right;
      }
      th {
        color: var(--ink-2);
        font-weight: 550;
      }
    `,
  ]

  @property({ attribute: false }) statistics: DatasetStatistics | null = null
  /** True once there are rows and a tokenizer to count with. */
  @property({ type: Boolean }) ready = false
  @property({ type: Number }) maxLength = 0

  #asked = false
  #open = false

  override updated() {
    if (this.statistics) this.#asked = false
    else if (this.#open && this.ready && !this.#asked) this.#ask()
    if (!this.ready) this.#asked = false
  }

  #ask() {
    this.#asked = true
    send(this, 'finetale-count', undefined)
  }

  override render() {
    return html`
      <details @toggle=${this.toggled}>
        <summary>${say('lengthsHeading')}</summary>
        ${
          this.statistics
            ? this.renderStatistics(this.statistics)
            : html`<p class="muted" role="status">${say(this.ready ? 'lengthsCounting' : 'lengthsNone')}</p>`
        }
      </details>
    `
  }

  private readonly toggled = ({ target }: Event) => {
    if (!(target instanceof HTMLDetailsElement) || target.parentNode !== this.renderRoot) return
    this.#open = target.open
    this.requestUpdate()
  }

  private renderStatistics(statistics: DatasetStatistics) {
    const { meanTokens, maxTokens, cutRows, rows, paddingShare, histogram } = statistics
    const shareCut = rows === 0 ? 0 : cutRows / rows
    return html`
      <p class="muted why">${say('lengthsWhy')}</p>
      <dl>
        ${entry('lengthsMean', say('lengthsTokens', { count: Math.round(meanTokens) }))}
        ${entry('lengthsMax', say('lengthsTokens', { count: maxTokens }))}
        ${entry('lengthsCut', `${formatNumber(cutRows)} (${formatPercent(shareCut)})`)}
        ${entry('lengthsPadding', formatPercent(paddingShare))}
      </dl>
      ${this.renderChart(histogram)}
      <details>
        <summary>${say('lengthsTable')}</summary>
        <div class="table" tabindex="0" role="group" aria-label=${say('lengthsChart')}>
          <table>
            <thead>
              <tr>
                <th scope="col">${say('lengthsFrom')}</th>
                <th scope="col">${say('lengthsRows')}</th>
              </tr>
            </thead>
            <tbody>
              ${histogram.map(
                (bin) =>
                  html`<tr>
                    <td>${say('lengthsRange', { from: bin.from, to: bin.to - 1 })}</td>
                    <td>${formatNumber(bin.rows)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
      </details>
    `
  }

  /** Bars stretch to the width there is; the words stand below, in the page's own size. */
  private renderChart(histogram: DatasetStatistics['histogram']) {
    const end = histogram.at(-1)?.to ?? 0
    if (end === 0) return nothing
    const most = Math.max(1, ...histogram.map(({ rows }) => rows))
    const x = (tokens: number) => (tokens / end) * WIDTH
    const bars = histogram.map(({ from, to, rows }) => {
      const height = (rows / most) * HEIGHT
      return svg`<rect class=${from >= this.maxLength ? 'cut' : ''} x=${x(from) + 0.5} y=${HEIGHT - height}
        width=${Math.max(0.5, x(to) - x(from) - 1)} height=${height}></rect>`
    })
    const capped = this.maxLength < end
    const cap = x(this.maxLength)
    return html`
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${say('lengthsChart')}>
        ${bars}
        <line x1="0" x2=${WIDTH} y1=${HEIGHT} y2=${HEIGHT}></line>
        ${capped ? svg`<line class="cap" x1=${cap} x2=${cap} y1="0" y2=${HEIGHT}></line>` : nothing}
      </svg>
      <p class="scale">
        <span>${formatNumber(histogram[0]?.from ?? 0)}</span>
        ${capped ? html`<span class="cap">${say('lengthsCap', { max: this.maxLength })}</span>` : nothing}
        <span class="end">${say('lengthsTokens', { count: end })}</span>
      </p>
    `
  }
}

function entry(label: MessageKey, value: string) {
  return html`<div>
    <dt>${say(label)}</dt>
    <dd>${value}</dd>
  </div>`
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-lengths': FinetaleLengths
  }
}
