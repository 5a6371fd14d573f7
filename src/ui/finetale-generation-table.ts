// Everything written, newest first, each beside what the untouched model made of the same prompt. Text only, never HTML.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { GenerationRow } from '../workers/protocol'
import { formatNumber, formatPercent, formatSeconds } from './format'
import { comparable } from './generationPairs'
import { say } from './messages'
import { promptName } from './promptName'
import { controls, panel } from './sharedStyles'

const LONG = 420

@customElement('finetale-generation-table')
export class FinetaleGenerationTable extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .filter {
        display: flex;
        align-items: center;
        gap: 8px;
        min-width: 0;
      }
      .filter select {
        max-width: 240px;
        min-height: 32px;
        padding: 2px 8px;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        table-layout: fixed;
      }
      th {
        padding: 6px 8px;
        color: var(--ink-2);
        font-size: 12.5px;
        font-weight: 550;
        text-align: left;
      }
      th.step {
        width: 56px;
      }
      th.prompt {
        width: 19%;
      }
      th.facts {
        width: 20%;
      }
      td {
        padding: 12px 8px;
        border-top: 1px solid var(--line);
        vertical-align: top;
        overflow-wrap: anywhere;
      }
      td.step {
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
      .prose {
        display: block;
        font: 15px/1.55 var(--font-text);
        white-space: pre-wrap;
      }
      .prompt .prose {
        color: var(--ink-2);
        font: 12.5px/1.45 var(--font);
      }
      .before .prose {
        color: var(--ink-2);
      }
      .clamped {
        display: -webkit-box;
        overflow: hidden;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 8;
      }
      ul {
        margin: 0;
        padding: 0;
        color: var(--ink-2);
        font-size: 12.5px;
        list-style: none;
      }
      .notes {
        max-width: 720px;
        margin: 0;
        padding: 10px 8px 0 28px;
        border-top: 1px solid var(--line);
        color: var(--ink-2);
        font-size: 13px;
        list-style: decimal;
      }
      .empty {
        padding: 32px 8px;
        color: var(--ink-2);
        text-align: center;
      }
      @media (max-width: 800px) {
        table,
        tbody,
        tr,
        td {
          display: block;
        }
        thead {
          display: none;
        }
        tr {
          padding: 12px 0;
          border-top: 1px solid var(--line);
        }
        td {
          padding: 4px 0;
          border: 0;
        }
        td.none {
          display: none;
        }
        td::before {
          content: attr(data-label);
          display: block;
          color: var(--ink-2);
          font-size: 12.5px;
          font-weight: 550;
        }
      }
    `,
  ]

  /** All rows, oldest first; nothing is ever removed by this element. */
  @property({ attribute: false }) rows: readonly GenerationRow[] = []

  @state() private prompt = ''
  @state() private expanded: ReadonlySet<string> = new Set()

  override render() {
    const prompts = [...new Set(this.rows.map((row) => row.prompt))]
    const chosen = prompts.includes(this.prompt) ? this.prompt : ''
    const rows = this.rows.filter((row) => chosen === '' || row.prompt === chosen).reverse()
    return html`
      <div class="panel">
        <div class="head">
          <h3>${say('tableHeading')}</h3>
          ${
            prompts.length > 1
              ? html`<label class="filter">
                  ${say('filterLabel')}
                  <select @change=${this.filtered}>
                    <option value="-1" .selected=${chosen === ''}>${say('filterAll')}</option>
                    ${prompts.map(
                      (prompt, index) =>
                        html`<option value=${index} .selected=${prompt === chosen}>${promptName(prompt)}</option>`,
                    )}
                  </select>
                </label>`
              : nothing
          }
        </div>
        ${rows.length === 0 ? html`<p class="empty">${say('tableEmpty')}</p>` : this.renderTable(rows)}
      </div>
    `
  }

  private renderTable(rows: readonly GenerationRow[]) {
    // Many texts share a note, so each stands once, below.
    const notes = [...new Set(rows.flatMap((row) => row.notes ?? []))]
    return html`
      <table role="table">
        <thead>
          <tr>
            <th scope="col" class="step">${say('colStep')}</th>
            <th scope="col" class="prompt">${say('colPrompt')}</th>
            <th scope="col">${say('colBefore')}</th>
            <th scope="col">${say('colGeneration')}</th>
            <th scope="col" class="facts">${say('colSettings')}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => this.renderRow(row, notes))}
        </tbody>
      </table>
      ${
        notes.length > 0
          ? html`<ol class="notes" aria-label=${say('tableNotes')}>
              ${notes.map((note) => html`<li>${note}</li>`)}
            </ol>`
          : nothing
      }
    `
  }

  private renderRow(row: GenerationRow, notes: readonly string[]) {
    const before = row.step > 0 ? this.#untouched(row) : null
    return html`
      <tr role="row">
        <td role="cell" class="step" data-label=${say('colStep')}>${formatNumber(row.step)}</td>
        <td role="cell" class="prompt" data-label=${say('colPrompt')}>${this.renderText(`${row.id}-p`, row.prompt)}</td>
        <td role="cell" class=${before ? 'before' : 'before none'} data-label=${say('colBefore')}>
          ${before ? this.renderText(`${row.id}-b`, before.generation) : say('none')}
        </td>
        <td role="cell" data-label=${say('colGeneration')}>${this.renderText(row.id, row.generation)}</td>
        <td role="cell" data-label=${say('colSettings')}>${renderFacts(row, notes)}</td>
      </tr>
    `
  }

  private renderText(id: string, text: string) {
    const long = text.length > LONG || text.split('\n').length > 8
    const open = this.expanded.has(id)
    return html`
      <span class="prose ${long && !open ? 'clamped' : ''}">${text}</span>
      ${
        long
          ? html`<button class="quiet" aria-expanded=${open ? 'true' : 'false'} @click=${() => this.toggle(id)}>
              ${say(open ? 'showLess' : 'showAll')}
            </button>`
          : nothing
      }
    `
  }

  /** The same model's row from before training, of the same prompt and draw: any other would compare nothing. */
  #untouched(row: GenerationRow): GenerationRow | null {
    const wanted = comparable(row)
    return this.rows.find((other) => other.step === 0 && comparable(other) === wanted) ?? null
  }

  private readonly filtered = (event: Event) => {
    if (!(event.target instanceof HTMLSelectElement)) return
    const prompts = [...new Set(this.rows.map((row) => row.prompt))]
    this.prompt = prompts[Number(event.target.value)] ?? ''
  }

  private toggle(id: string) {
    const expanded = new Set(this.expanded)
    if (!expanded.delete(id)) expanded.add(id)
    this.expanded = expanded
  }
}

function renderFacts({ settings, metrics, tokens, milliseconds, ended, notes }: GenerationRow, all: readonly string[]) {
  const { do_sample, temperature, top_k: k, top_p: p, seed } = settings
  const facts = [
    do_sample ? say('sampled', { temperature, k, p, seed: String(seed) }) : say('greedy'),
    say('metricSpeed', { tokens, time: formatSeconds(milliseconds / 1000) }),
    say(`ended_${ended}`),
    say('metricWords', { words: metrics.words, unique: metrics.uniqueWords }),
    say('metricDistinct', { share: formatPercent(metrics.distinct2) }),
    metrics.longestRepeat ? say('metricRepeat', { phrase: metrics.longestRepeat }) : say('metricNoRepeat'),
    ...(notes ?? []).map((note) => say('noteBelow', { number: all.indexOf(note) + 1 })),
  ]
  return html`<ul>
    ${facts.map((fact) => html`<li>${fact}</li>`)}
  </ul>`
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-generation-table': FinetaleGenerationTable
  }
}
