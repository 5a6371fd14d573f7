// A chart's numbers as a table, 25 rows a page: the alternative for whoever cannot see or point at the curve.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { formatNumber } from './format'
import { say } from './messages'
import { controls } from './sharedStyles'

const PAGE = 25

export interface TableColumn {
  readonly label: string
  /** Of a row; undefined where the column has no value. */
  readonly value: (row: number) => number | undefined
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
  /** How many rows there are, and the step of each. */
  @property({ type: Number }) rows = 0
  @property({ attribute: false }) step: (row: number) => number = () => 0
  /** What happened, by row. */
  @property({ attribute: false }) notes: ReadonlyMap<number, readonly string[]> = new Map()
  @property({ attribute: false }) columns: readonly TableColumn[] = []

  @state() private page = 0

  override render() {
    const total = this.rows
    const noted = this.notes.size > 0
    const pages = Math.max(1, Math.ceil(total / PAGE))
    const page = Math.min(this.page, pages - 1)
    const from = page * PAGE
    const shown = Array.from({ length: Math.min(PAGE, total - from) }, (_, i) => from + i)
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
              ${noted ? html`<th scope="col">${say('chartNotes')}</th>` : nothing}
            </tr>
          </thead>
          <tbody>
            ${shown.map(
              (row) => html`
                <tr>
                  <td>${formatNumber(this.step(row))}</td>
                  ${this.columns.map(({ value: valueOf, format }) => {
                    const value = valueOf(row)
                    return html`<td>
                      ${value === undefined ? '' : Number.isFinite(value) ? format(value) : String(value)}
                    </td>`
                  })}
                  ${noted ? html`<td>${(this.notes.get(row) ?? []).join('; ')}</td>` : nothing}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      <div class="pager">
        <span class="muted">
          ${say('tablePage', { from: total === 0 ? 0 : from + 1, to: from + shown.length, total })}
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
