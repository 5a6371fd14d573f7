// What the next run will take, on disk and in memory, before Train: one plain sentence, the figures behind it, and a button
// where something does not fit. It counts nothing, see state/budget.ts.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Misfit } from '../recipe/fit'
import type { Budget } from '../state/budget'
import { changeLabel } from './changeLabel'
import { send } from './events'
import { formatBytes } from './format'
import { say, type MessageKey } from './messages'
import { controls, panel } from './sharedStyles'

/** @fires finetale-recipe-set - Fields with which the run fits. @fires finetale-show-runs - Space is to be freed. */
@customElement('finetale-budget')
export class FinetaleBudget extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .panel {
        margin-top: 20px;
      }
      h4 {
        margin: 14px 0 4px;
        color: var(--ink-2);
        font-size: 13px;
      }
      details {
        margin-top: 10px;
      }
      dl {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 3px 16px;
        margin: 0;
        font-size: 13px;
      }
      dt {
        color: var(--ink-2);
      }
      dd {
        margin: 0;
        font-variant-numeric: tabular-nums;
        text-align: right;
      }
      .alert {
        margin-top: 10px;
        padding: 10px 12px;
        border: 1px solid var(--danger);
        border-radius: 8px;
        background: var(--danger-soft);
      }
      .short {
        padding: 10px 12px;
        border-radius: 8px;
        background: var(--warn-soft);
      }
      button {
        margin-top: 8px;
      }
    `,
  ]

  @property({ attribute: false }) budget: Budget | null = null

  override render() {
    const { budget } = this
    if (!budget) return nothing
    return html`
      <section class="panel" aria-labelledby="title">
        <div class="head"><h3 id="title">${say('budgetHeading')}</h3></div>
        ${budget.misfit ? this.renderMisfit(budget.misfit) : this.renderSentence(budget)}
        <details>
          <summary>${say('budgetFigures')}</summary>
          ${this.renderDisk(budget)} ${this.renderMemory(budget)}
        </details>
      </section>
    `
  }

  private renderSentence({ room, disk, heap, free }: Budget) {
    const keys = { enough: 'budgetFits', unknown: 'budgetUnknown', short: 'budgetShort', none: 'budgetNone' } as const
    const sizes = { disk: disk.peak, memory: heap.total, free: free ?? 0 }
    const values = Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, formatBytes(bytes)]))
    return html`
      <p id="sentence" class=${room === 'short' ? 'short' : 'muted'}>${say(keys[room], values)}</p>
      ${
        room === 'short'
          ? html`<button id="free-space" @click=${() => send(this, 'finetale-show-runs', undefined)}>
              ${say('freeSpace')}
            </button>`
          : nothing
      }
    `
  }

  private renderMisfit({ message, action, change }: Misfit) {
    return html`
      <div class="alert" role="alert">
        <p><strong>${say('budgetMisfit')}</strong> ${say('problem', { message, action })}</p>
        ${
          change
            ? html`<button id="apply" class="primary" @click=${() => send(this, 'finetale-recipe-set', change)}>
                ${changeLabel(change)}
              </button>`
            : nothing
        }
      </div>
    `
  }

  private renderDisk({ disk, reported }: Budget) {
    const told = (bytes: number | null | undefined) =>
      typeof bytes === 'number' ? formatBytes(bytes) : say('budgetNotTold')
    const persisted = reported?.persisted ?? null
    return html`
      <h4>${say('budgetDisk')}</h4>
      <dl>
        ${row('budgetCheckpoint', formatBytes(disk.checkpoint))} ${row('budgetKept', formatBytes(disk.kept))}
        ${row('budgetPeak', formatBytes(disk.peak))} ${row('budgetUsage', told(reported?.usage))}
        ${row('budgetQuota', told(reported?.quota))}
        ${row(
          'budgetPersisted',
          say(persisted === null ? 'budgetNotTold' : persisted ? 'budgetPersistedYes' : 'budgetPersistedNo'),
        )}
      </dl>
    `
  }

  private renderMemory({ heap, heapLimit, disk, exact }: Budget) {
    return html`
      <h4>${say('budgetMemory')}</h4>
      <dl>
        ${row('budgetState', formatBytes(heap.state))} ${row('budgetActivations', formatBytes(heap.activations))}
        ${row('budgetEvaluation', formatBytes(heap.evaluation))} ${row('budgetLogits', formatBytes(heap.logits))}
        ${row('budgetScratch', formatBytes(heap.scratch))} ${row('budgetHeap', formatBytes(heap.total))}
        ${row('budgetHeapLimit', formatBytes(heapLimit))} ${row('budgetCopy', formatBytes(disk.memory))}
      </dl>
      ${exact ? nothing : html`<p class="muted">${say('budgetAtMost')}</p>`}
    `
  }
}

function row(label: MessageKey, value: string) {
  return html`<dt>${say(label)}</dt>
    <dd>${value}</dd>`
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-budget': FinetaleBudget
  }
}
