// The first rows of the data set, a few at a time, with its columns and what had to be left out. It reads no file.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { canMap } from '../state/sources'
import type { DataRow, DatasetPreview } from '../workers/protocol'
import { send } from './events'
import { say } from './messages'
import { controls, panel } from './sharedStyles'

const PAGE = 4

/** @fires finetale-row - The index of the row to show as the model sees it. @fires finetale-mapping - Columns chosen. */
@customElement('finetale-rows')
export class FinetaleRows extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .mapping {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 140px), 1fr));
        gap: 8px 12px;
        margin: 8px 0 12px;
      }
      .mapping span {
        display: block;
        margin-bottom: 3px;
        color: var(--ink-2);
        font-size: 13px;
      }
      ol {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li + li {
        border-top: 1px solid var(--line);
      }
      .row {
        display: grid;
        grid-template-columns: 28px minmax(0, 1fr);
        gap: 2px 8px;
        align-items: start;
        justify-items: start;
        width: 100%;
        padding: 10px 8px;
        border: 0;
        border-radius: 8px;
        text-align: left;
        font-weight: 400;
      }
      .row[aria-pressed='true'] {
        background: var(--accent-soft);
      }
      .number {
        grid-row: span 2;
        color: var(--ink-2);
        font-variant-numeric: tabular-nums;
      }
      .text,
      .target {
        display: -webkit-box;
        overflow: hidden;
        -webkit-box-orient: vertical;
        overflow-wrap: anywhere;
      }
      .text {
        -webkit-line-clamp: 2;
        color: var(--ink-2);
        font-size: 13px;
      }
      .text.alone {
        -webkit-line-clamp: 4;
        color: var(--ink);
        font: 15px/1.5 var(--font-text);
      }
      .target {
        -webkit-line-clamp: 3;
        font: 15px/1.5 var(--font-text);
      }
      .pager {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 8px;
        margin-top: 8px;
      }
      .dropped {
        margin-top: 8px;
        color: var(--warn);
        font-size: 13px;
      }
    `,
  ]

  @property({ attribute: false }) preview: DatasetPreview | null = null
  @property({ type: Number }) rowIndex = 0
  /** What is said in place of rows while there are none. */
  @property() waiting = ''
  /** True while a run uses the data set. */
  @property({ type: Boolean }) locked = false

  @state() private page = 0

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    if (changed.has('preview')) this.page = 0
  }

  override render() {
    const { preview } = this
    if (!preview)
      return html`<h3>${say('rowsHeading')}</h3>
        <p class="muted">${this.waiting || say('rowsLoading')}</p>`
    const from = this.page * PAGE
    const rows = preview.rows.slice(from, from + PAGE)
    const pages = Math.ceil(preview.rows.length / PAGE)
    return html`
      <div class="head">
        <h3>${say('rowsHeading')}</h3>
        <span class="muted">${say('rowsCount', { total: preview.totalRows })}</span>
      </div>
      ${this.renderColumns(preview)}
      ${preview.mapping.text === '' ? html`<p class="dropped" id="choose-columns">${say('columnsUnknown')}</p>` : nothing}
      <ol>
        ${rows.map((row, index) => this.renderRow(row, from + index))}
      </ol>
      <div class="pager">
        <span class="muted">
          ${say('rowsRange', { from: rows.length === 0 ? 0 : from + 1, to: from + rows.length, total: preview.rows.length })}
        </span>
        <button class="quiet" ?disabled=${this.page === 0} @click=${() => this.page--}>${say('earlier')}</button>
        <button class="quiet" ?disabled=${this.page >= pages - 1} @click=${() => this.page++}>${say('later')}</button>
      </div>
      ${Object.entries(preview.dropped ?? {}).map(
        ([reason, count]) => html`<p class="dropped">${say('dropped', { count, reason })}</p>`,
      )}
    `
  }

  private renderColumns(preview: DatasetPreview) {
    const { format, layout, columns, mapping } = preview
    const names = columns.join(', ')
    const sentence = layout
      ? say('formatKnown', { format, layout })
      : columns.length > 0
        ? say('formatPlain', { format, columns: names })
        : say('formatOne', { format })
    return html`
      <p class="muted" id="format">${sentence}</p>
      ${
        canMap(preview)
          ? html`<div class="mapping">
              ${this.renderSelect('text', columns, mapping.text)}
              ${this.renderSelect('target', ['', ...columns], mapping.target)}
            </div>`
          : nothing
      }
    `
  }

  private renderSelect(which: 'text' | 'target', columns: readonly string[], chosen: string) {
    // A layout may have joined several columns into one text: then none of them is "the" column.
    const options = columns.includes(chosen) ? columns : [chosen, ...columns]
    return html`<label>
      <span>${say(which === 'text' ? 'columnText' : 'columnTarget')}</span>
      <select id=${`column-${which}`} ?disabled=${this.locked} @change=${this.mapped}>
        ${options.map(
          (column) =>
            html`<option value=${column} .selected=${column === chosen}>
              ${column || say(which === 'text' ? 'columnChoose' : 'columnNone')}
            </option>`,
        )}
      </select>
    </label>`
  }

  private renderRow(row: DataRow, index: number) {
    return html`
      <li>
        <button
          class="row"
          aria-pressed=${index === this.rowIndex ? 'true' : 'false'}
          title=${say('rowShow', { row: index + 1 })}
          @click=${() => send(this, 'finetale-row', index)}
        >
          <span class="number">${index + 1}</span>
          <span class=${row.target ? 'text' : 'text alone'}>${row.text}</span>
          ${row.target ? html`<span class="target">${row.target}</span>` : nothing}
        </button>
      </li>
    `
  }

  private readonly mapped = () => {
    const value = (which: 'text' | 'target') =>
      this.renderRoot.querySelector<HTMLSelectElement>(`#column-${which}`)?.value ?? ''
    const mapping = { text: value('text'), target: value('target') }
    if (mapping.text !== '') send(this, 'finetale-mapping', mapping)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-rows': FinetaleRows
  }
}
