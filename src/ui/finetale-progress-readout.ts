// Step 2: the run in numbers. It shows what the store says and keeps a clock for the elapsed time.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { EnvironmentInfo, EvalMetrics, StepMetrics } from '../workers/protocol'
import type { Speed } from '../state/estimate'
import { formatBytes, formatDuration, formatLoss, formatNumber, formatRate, formatSignificant } from './format'
import { say } from './messages'
import type { MessageKey } from './messages'
import { controls } from './sharedStyles'
import { term, type TermName } from './terms'

@customElement('finetale-progress-readout')
export class FinetaleProgressReadout extends LitElement {
  static override styles = [
    controls,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(112px, 1fr));
        gap: 1px;
        margin: 0;
        overflow: hidden;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow);
      }
      div {
        padding: 10px 14px;
        background: var(--surface);
        /* Lines between the cells that also close the last row, whatever the number of columns. */
        box-shadow: 0 0 0 1px var(--line);
      }
      dt {
        color: var(--ink-2);
        font-size: 12.5px;
      }
      dd {
        margin: 0;
        font-size: 17px;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
      .eval dd {
        color: var(--eval);
      }
      .loss dd {
        color: var(--accent);
      }
    `,
  ]

  @property({ attribute: false }) latest: StepMetrics | null = null
  @property({ attribute: false }) latestEval: EvalMetrics | null = null
  @property({ attribute: false }) speed: Speed | null = null
  @property({ attribute: false }) environment: EnvironmentInfo | null = null
  @property({ type: Number }) totalSteps = 0
  /** Step of the last checkpoint, -1 when there is none. */
  @property({ type: Number }) savedStep = -1
  /** Milliseconds of training before `activeSince`. */
  @property({ type: Number }) activeBefore = 0
  /** Unix time in ms since when training goes on, or null. */
  @property({ attribute: false }) activeSince: number | null = null

  #clock: ReturnType<typeof setInterval> | undefined

  override disconnectedCallback() {
    super.disconnectedCallback()
    clearInterval(this.#clock)
  }

  override updated(changed: Map<PropertyKey, unknown>) {
    if (!changed.has('activeSince')) return
    clearInterval(this.#clock)
    if (this.activeSince !== null) this.#clock = setInterval(() => this.requestUpdate(), 1000)
  }

  override render() {
    const { latest, latestEval, speed, environment } = this
    const none = say('none')
    const elapsed = this.activeBefore + (this.activeSince === null ? 0 : Date.now() - this.activeSince)
    const left = speed?.secondsLeft ?? null
    return html`
      <dl>
        ${stat('statLoss', latest ? formatLoss(latest.loss) : none, 'loss')}
        ${stat('statEval', latestEval ? formatLoss(latestEval.loss) : none, 'eval')}
        ${latestEval?.bits_per_character === undefined ? nothing : stat('statBits', formatLoss(latestEval.bits_per_character))}
        ${stat('statStep', latest ? say('ofTotal', { value: latest.step, total: this.totalSteps }) : none)}
        ${stat('statEpoch', latest ? formatNumber(latest.epoch, 2) : none)}
        ${stat('statRate', latest ? formatRate(latest.learning_rate) : none)}
        ${stat('statElapsed', elapsed > 0 ? formatDuration(elapsed / 1000) : none)}
        ${stat('statLeft', left !== null && left > 0 ? formatDuration(left) : speed && left === null ? say('measuring') : none)}
        ${stat('statSteps', speed ? formatSignificant(speed.stepsPerSecond) : none)}
        ${stat('statTokens', speed ? formatSignificant(speed.tokensPerSecond) : none)}
        ${stat('statHeap', latest ? formatBytes(latest.heapBytes) : none)}
        ${stat('statTensors', latest ? formatNumber(latest.tensors) : none)}
        ${stat('statThreads', environment ? formatNumber(environment.threads) : none)}
        ${stat('statFlavour', environment?.flavour ?? none)}
        ${stat('statSaved', this.savedStep < 0 ? none : say('savedAt', { step: this.savedStep }))}
      </dl>
    `
  }
}

/** What a student may not know, by the label that names it. */
const terms: Partial<Record<MessageKey, TermName>> = {
  statLoss: 'loss',
  statEval: 'evaluation',
  statStep: 'step',
  statEpoch: 'epoch',
  statRate: 'learningRate',
  statSaved: 'checkpoint',
}

function stat(label: MessageKey, value: string, kind = '') {
  const name = terms[label]
  return html`<div class=${kind}>
    <dt>${name ? term(name, say(label)) : say(label)}</dt>
    <dd>${value}</dd>
  </div>`
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-progress-readout': FinetaleProgressReadout
  }
}
