// A chart's numbers as a table, 25 rows a page: the alternative for whoever cannot see or point at the curve.

import { css, html, LitElement } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { formatNumber } from './format'
import { say } from './messages'
import { controls } from './sharedStyles'

const PAGE = 25

export interface TableColumn {
  readonly label: string
  /** Null where the column has no value. */
  readonly values: readonly (number | null)[]
  readonly format: (value: number) => string
}

@customElement('finetale-chart-table')
export class FinetaleChartTable extends LitElement {
  static override styles = [
    controls,
    css`
      .scroll {
        overflow-x: auto;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 13px;
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 4px 10px;
        border-bottom: 1px solid var(--line);
        text-align: right;
      }
      th {
        color: var(--ink-2);
        font-weight: 550;
      }
      .pager {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 8px;
        margin-top: 8px;
      }
    `,
  ]

  @property() caption = ''
  @property({ attribute: false }) steps: readonly number[] = []
  @property({ attribute: false }) columns: readonly TableColumn[] = []

  @state() private page = 0

  override render() {
    const total = this.steps.length
    const pages = Math.max(1, Math.ceil(total / PAGE))
    const page = Math.min(this.page, pages - 1)
    const from = page * PAGE
    const steps = this.steps.slice(from, from + PAGE)
    return html`
      <div class="scroll">
        <table>
          <caption class="hidden">
            ${this.caption}
          </caption>
          <thead>
            <tr>
              <th scope="col">${say('chartStep')}</th>
              ${this.columns.map(({ label }) => html`<th scope="col">${label}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${steps.map(
              (step, index) => html`
                <tr>
                  <td>${formatNumber(step)}</td>
                  ${this.columns.map(({ values, format }) => {
                    const value = values[from + index] ?? null
                    return html`<td>${value === null ? '' : format(value)}</td>`
                  })}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      <div class="pager">
        <span class="muted">
          ${say('tablePage', { from: total === 0 ? 0 : from + 1, to: from + steps.length, total })}
        </span>
        <button class="quiet" ?disabled=${page === 0} @click=${() => (this.page = page - 1)}>${say('earlier')}</button>
        <button class="quiet" ?disabled=${page >= pages - 1} @click=${() => (this.page = page + 1)}>
          ${say('later')}
        </button>
      </div>
    `
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-chart-table': FinetaleChartTable
  }
}
