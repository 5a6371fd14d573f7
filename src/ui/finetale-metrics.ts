// Step 2, right: the run in numbers and curves. It passes columns on; readout and charts know no store.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { EvalColumns, StepColumns } from '../state/columns'
import type { StoreState } from '../state/runStore'
import { marksOf, type ChartMark } from './chartMarks'
import './finetale-line-chart'
import './finetale-progress-readout'
import { formatRate, formatSignificant } from './format'
import { runSpeed } from './runSummary'
import { controls } from './sharedStyles'

@customElement('finetale-metrics')
export class FinetaleMetrics extends LitElement {
  static override styles = [
    controls,
    css`
      .charts {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 20px;
      }
      .small {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr));
        gap: 20px;
      }
    `,
  ]

  @property({ attribute: false }) state: StoreState | null = null
  @property({ attribute: false }) steps = new StepColumns()
  @property({ attribute: false }) evals = new EvalColumns()

  #marks: readonly ChartMark[] = []
  #marked: readonly unknown[] = []

  /** The same object until there are others, so that charts need not be drawn again. */
  #marksOf(state: StoreState): readonly ChartMark[] {
    if (state.resumes !== this.#marked[0] || state.changes !== this.#marked[1]) {
      this.#marked = [state.resumes, state.changes]
      this.#marks = marksOf(state)
    }
    return this.#marks
  }

  /** Charts go by the names that Trainer logs to Weights & Biases, which are no sentences. */
  override render() {
    const { state, steps, evals } = this
    if (!state) return nothing
    const { latest, latestEval, environment, totalSteps, checkpoint, activeBefore, activeSince } = state
    const x = steps.step.view()
    const marks = this.#marksOf(state)
    const lineage = [steps.lineage, evals.lineage]
    return html`
      <div class="charts">
        <finetale-progress-readout
          .latest=${latest}
          .latestEval=${latestEval}
          .speed=${runSpeed(steps, state)}
          .environment=${environment}
          .totalSteps=${totalSteps}
          .savedStep=${checkpoint?.step ?? -1}
          .activeBefore=${activeBefore}
          .activeSince=${activeSince}
        ></finetale-progress-readout>
        <finetale-line-chart
          id="loss-chart"
          .title=${'train/loss · eval/loss'}
          .x=${x}
          .y=${steps.column('loss')}
          .pointX=${evals.step.view()}
          .pointY=${evals.column('loss')}
          .lineage=${lineage}
          .marks=${marks}
          .height=${300}
          smoothable
          listed
        ></finetale-line-chart>
        <div class="small">
          <finetale-line-chart
            .title=${'train/learning_rate'}
            .x=${x}
            .y=${steps.column('learning_rate')}
            .lineage=${lineage}
            .marks=${marks}
            .height=${150}
            .format=${formatRate}
          ></finetale-line-chart>
          <finetale-line-chart
            .title=${'train/grad_norm'}
            .x=${x}
            .y=${steps.column('grad_norm')}
            .lineage=${lineage}
            .marks=${marks}
            .height=${150}
            .format=${formatSignificant}
          ></finetale-line-chart>
        </div>
      </div>
    `
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-metrics': FinetaleMetrics
  }
}
