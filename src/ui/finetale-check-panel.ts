// "Check this browser": runs the trainer worker's self-check on a click and shows, quantity by quantity, how far it lies
// from PyTorch. It computes and judges nothing.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { RunController } from '../state/runController'
import { isActive, RunStore } from '../state/runStore'
import { StoreController } from '../state/storeController'
import { toErrorData } from '../workers/clients'
import type { FinetaleErrorData, SelfCheckQuantity, SelfCheckReport } from '../workers/protocol'
import { formatNumber, formatSeconds } from './format'
import { say } from './messages'
import { controls, panel } from './sharedStyles'

@customElement('finetale-check-panel')
export class FinetaleCheckPanel extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      p {
        max-width: 720px;
      }
      .start {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
        margin-top: 12px;
      }
      progress {
        width: 160px;
        height: 8px;
        accent-color: var(--accent);
      }
      .verdict {
        margin-top: 16px;
        padding: 10px 14px;
        border-left: 3px solid var(--accent);
        border-radius: 8px;
        background: var(--accent-soft);
        font-weight: 600;
      }
      .verdict.bad {
        border-color: var(--danger);
        background: var(--danger-soft);
        color: var(--danger);
      }
      .verdict span {
        display: block;
        color: var(--ink-2);
        font-size: 13px;
        font-weight: 400;
      }
      .scroll {
        margin-top: 12px;
        overflow-x: auto;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font-size: 14px;
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 6px 12px 6px 0;
        border-bottom: 1px solid var(--line);
        text-align: right;
      }
      th:first-child,
      td:first-child {
        text-align: left;
      }
      thead th {
        color: var(--ink-2);
        font-size: 13px;
        font-weight: 550;
      }
      tbody th {
        font-weight: 400;
      }
      .fails {
        color: var(--danger);
        font-weight: 600;
      }
    `,
  ]

  @property({ attribute: false }) store = new RunStore()
  @property({ attribute: false }) controller: RunController | null = null

  @state() private report: SelfCheckReport | null = null
  @state() private error: FinetaleErrorData | null = null
  /** 0 to 1 while the check runs. */
  @state() private share: number | null = null

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const busy = isActive(this.store.state) || this.store.state.writing !== null
    return html`
      <div class="panel">
        <p class="muted">${say('checkText')}</p>
        <div class="start">
          <button id="start-check" ?disabled=${busy || this.share !== null} @click=${this.start}>
            ${say(this.report ? 'checkAgain' : 'checkStart')}
          </button>
          ${
            this.share === null
              ? nothing
              : html`<progress max="1" .value=${this.share} aria-label=${say('checkRunning')}></progress>
                  <span class="muted" role="status">${say('checkRunning')}</span>`
          }
          ${busy ? html`<span class="muted">${say('checkBusy')}</span>` : nothing}
        </div>
        ${
          this.error
            ? html`<div class="verdict bad" role="alert">${this.error.message}<span>${this.error.action}</span></div>`
            : nothing
        }
        ${this.report ? this.renderReport(this.report) : nothing}
      </div>
    `
  }

  private renderReport({ passed, quantities, environment, seconds }: SelfCheckReport) {
    const { flavour, threads } = environment
    return html`
      <div class=${passed ? 'verdict' : 'verdict bad'} role="status" data-passed=${String(passed)}>
        ${say(passed ? 'checkPassed' : 'checkFailed')}
        <span>${say('checkWhere', { flavour, threads, time: formatSeconds(seconds) })}</span>
      </div>
      <div class="scroll" tabindex="0" role="group" aria-label=${say('checkHeading')}>
        <table>
          <thead>
            <tr>
              <th scope="col">${say('checkQuantity')}</th>
              <th scope="col">${say('checkDifference')}</th>
              <th scope="col">${say('checkLimit')}</th>
              <th scope="col">${say('checkVerdict')}</th>
            </tr>
          </thead>
          <tbody>
            ${quantities.map((quantity) => this.renderQuantity(quantity))}
          </tbody>
        </table>
      </div>
    `
  }

  private renderQuantity({ name, difference, limit, passed }: SelfCheckQuantity) {
    return html`
      <tr>
        <th scope="row">${say(`check_${name}`)}</th>
        <td>${small(difference)}</td>
        <td>${small(limit)}</td>
        <td class=${passed ? '' : 'fails'}>${say(passed ? 'checkOk' : 'checkBad')}</td>
      </tr>
    `
  }

  private readonly start = async () => {
    if (!this.controller) return
    this.share = 0
    this.error = null
    try {
      const folder = new URL('check/', document.baseURI).href
      this.report = await this.controller.selfCheck(folder, (share) => {
        if (this.share !== null) this.share = share
      })
    } catch (thrown) {
      this.error = toErrorData(thrown)
    } finally {
      this.share = null
    }
  }
}

/** Two significant digits, in powers of ten below a thousandth. */
function small(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  return value !== 0 && value < 1e-3 ? value.toExponential(1) : formatNumber(value)
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-check-panel': FinetaleCheckPanel
  }
}
