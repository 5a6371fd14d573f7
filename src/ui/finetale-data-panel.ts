// Step 1: which model and data set, the first rows, and one row as the model sees it. It loads nothing itself.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { DataRow, DatasetPreview, DataSource, ModelSource, RowView } from '../workers/protocol'
import { send } from './events'
import './finetale-row-view'
import './finetale-source-picker'
import { say } from './messages'
import { controls, panel } from './sharedStyles'

const PAGE = 4

/**
 * @fires finetale-row - The index of the row to show as the model sees it.
 * @fires finetale-model-files - A model folder's files. @fires finetale-data-file - A data file.
 * @fires finetale-built-in - 'model' or 'data': back to the built-in one.
 */
@customElement('finetale-data-panel')
export class FinetaleDataPanel extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .grid {
        display: grid;
        grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr);
        gap: 20px;
        align-items: start;
      }
      .sources {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
        gap: 16px 32px;
        margin-bottom: 20px;
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
      @media (max-width: 860px) {
        .grid {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ]

  @property({ attribute: false }) model: ModelSource | null = null
  @property({ attribute: false }) data: DataSource | null = null
  @property({ attribute: false }) preview: DatasetPreview | null = null
  @property({ type: Number }) rowIndex = 0
  @property({ attribute: false }) rowView: RowView | null = null
  /** True while a run uses these inputs. */
  @property({ type: Boolean }) locked = false

  @state() private page = 0

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    if (changed.has('preview')) this.page = 0
  }

  override render() {
    return html`
      <div class="panel sources">
        <finetale-source-picker
          kind="model"
          .label=${this.model?.label ?? ''}
          .builtIn=${this.model?.kind !== 'files'}
          .disabled=${this.locked}
          @finetale-files=${(event: CustomEvent<readonly File[]>) => send(this, 'finetale-model-files', event.detail)}
          @finetale-use-built-in=${() => send(this, 'finetale-built-in', 'model')}
        ></finetale-source-picker>
        <finetale-source-picker
          kind="data"
          .label=${this.data?.label ?? ''}
          .builtIn=${this.data?.kind !== 'file'}
          .disabled=${this.locked}
          @finetale-files=${this.dataChosen}
          @finetale-use-built-in=${() => send(this, 'finetale-built-in', 'data')}
        ></finetale-source-picker>
      </div>
      <div class="grid">
        <div class="panel">${this.renderRows()}</div>
        <div class="panel">
          <finetale-row-view .row=${this.rowIndex} .view=${this.rowView}></finetale-row-view>
        </div>
      </div>
    `
  }

  private renderRows() {
    const { preview } = this
    if (!preview) return html`<p class="muted">${say('rowsLoading')}</p>`
    const from = this.page * PAGE
    const rows = preview.rows.slice(from, from + PAGE)
    const pages = Math.ceil(preview.rows.length / PAGE)
    return html`
      <div class="head">
        <h3>${say('rowsHeading')}</h3>
        <span class="muted">${say('rowsCount', { total: preview.totalRows })}</span>
      </div>
      <ol>
        ${rows.map((row, index) => this.renderRow(row, from + index))}
      </ol>
      <div class="pager">
        <span class="muted">
          ${say('rowsRange', { from: from + 1, to: from + rows.length, total: preview.rows.length })}
        </span>
        <button class="quiet" ?disabled=${this.page === 0} @click=${() => this.page--}>${say('earlier')}</button>
        <button class="quiet" ?disabled=${this.page >= pages - 1} @click=${() => this.page++}>${say('later')}</button>
      </div>
      ${Object.entries(preview.dropped).map(
        ([reason, count]) => html`<p class="dropped">${say('dropped', { count, reason })}</p>`,
      )}
    `
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
          <span class="text">${row.text}</span>
          ${row.target ? html`<span class="target">${row.target}</span>` : nothing}
        </button>
      </li>
    `
  }

  private readonly dataChosen = (event: CustomEvent<readonly File[]>) => {
    const file = event.detail[0]
    if (file) send(this, 'finetale-data-file', file)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-data-panel': FinetaleDataPanel
  }
}
