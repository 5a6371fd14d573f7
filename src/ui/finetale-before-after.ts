// The change at a glance: each prompt once, what the model wrote before training beside what it writes now. All texts, with
// their settings, are in finetale-generation-table. Text only, never HTML.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { GenerationRow } from '../workers/protocol'
import { generationPairs, type GenerationPair } from './generationPairs'
import { say } from './messages'
import { characterOf, promptName } from './promptName'
import { controls, panel } from './sharedStyles'

const SHOWN = 6

@customElement('finetale-before-after')
export class FinetaleBeforeAfter extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .panel {
        margin-bottom: 20px;
      }
      table {
        width: 100%;
        margin-top: 12px;
        border-collapse: collapse;
        table-layout: fixed;
      }
      th {
        padding: 8px;
        color: var(--ink-2);
        font-size: 12.5px;
        font-weight: 550;
        text-align: left;
        vertical-align: top;
      }
      thead .who {
        width: 18%;
      }
      tbody th {
        padding-top: 14px;
        color: var(--ink);
      }
      tbody th span {
        display: block;
        color: var(--ink-2);
        font-weight: 400;
      }
      td {
        padding: 12px 8px;
        vertical-align: top;
        overflow-wrap: anywhere;
      }
      .prose {
        font: 15px/1.55 var(--font-text);
        white-space: pre-wrap;
      }
      tbody tr {
        border-top: 1px solid var(--line);
      }
      .before {
        color: var(--ink-2);
      }
      .after {
        background: var(--accent-soft);
      }
      .soon {
        color: var(--ink-2);
        font: 13px/1.5 var(--font);
      }
      .each td.after::before {
        content: attr(data-label);
        display: block;
        color: var(--ink-2);
        font: 550 12.5px/1.6 var(--font);
      }
      @media (max-width: 800px) {
        table,
        tbody,
        tr,
        tbody th,
        td {
          display: block;
        }
        thead {
          display: none;
        }
        tbody tr {
          padding: 8px 0 12px;
        }
        tbody th,
        td.before {
          padding: 6px 0;
        }
        td.after {
          padding: 8px 10px;
          border-radius: 8px;
        }
        td::before {
          content: attr(data-label);
          display: block;
          color: var(--ink-2);
          font: 550 12.5px/1.6 var(--font);
        }
      }
    `,
  ]

  /** All texts, oldest first. */
  @property({ attribute: false }) rows: readonly GenerationRow[] = []

  /** Prompts that the run under way will write from when it ends. */
  @property({ attribute: false }) expected: readonly string[] = []

  override render() {
    const pairs = generationPairs(this.rows)
    const done = pairs.filter(({ after }) => after !== null)
    // Once some are complete, those that nothing will complete would only be in the way.
    const kept = pairs.filter(({ after, prompt }) => after !== null || this.expected.includes(prompt))
    const shown = (done.length > 0 ? kept : pairs).slice(-SHOWN)
    if (shown.length === 0) return nothing
    const steps = new Set(shown.flatMap(({ after }) => (after ? [after.step] : [])))
    const [step] = steps
    // One step for all stands in the head of the column; of several, each cell names its own.
    const each = steps.size > 1
    return html`
      <div class="panel">
        <h3>${say('pairsHeading')}</h3>
        <p class="muted">${say('pairsHelp')}</p>
        <table role="table">
          <thead>
            <tr role="row">
              <th role="columnheader" scope="col" class="who">${say('pairWho')}</th>
              <th role="columnheader" scope="col">${say('pairBefore')}</th>
              <th role="columnheader" scope="col">
                ${step === undefined || each ? say('pairAfterSoon') : say('pairAfter', { step })}
              </th>
            </tr>
          </thead>
          <tbody class=${each ? 'each' : ''}>
            ${shown.map((pair) => renderPair(pair, this.expected.includes(pair.prompt)))}
          </tbody>
        </table>
      </div>
    `
  }
}

function renderPair({ prompt, before, after }: GenerationPair, comes: boolean) {
  const [name, ...rest] = characterOf(prompt) ?? [promptName(prompt)]
  return html`
    <tr role="row">
      <th role="rowheader" scope="row">${name}${rest.length > 0 ? html`<span>${rest.join(' · ')}</span>` : nothing}</th>
      <td role="cell" class="before" data-label=${say('pairBefore')}>
        <span class="prose">${before.generation}</span>
      </td>
      ${
        after
          ? html`<td role="cell" class="after" data-label=${say('pairAfter', { step: after.step })}>
              <span class="prose">${after.generation}</span>
            </td>`
          : html`<td role="cell" class="soon" data-label=${say('pairAfterSoon')}>
              ${say(comes ? 'pairSoon' : 'pairNever')}
            </td>`
      }
    </tr>
  `
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-before-after': FinetaleBeforeAfter
  }
}
