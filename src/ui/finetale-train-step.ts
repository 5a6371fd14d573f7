// Step 2: the recipe with what it takes, and beside it the numbers of the run and their files. It passes down and holds
// nothing.

import { css, html, LitElement } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { demo, type PresetName } from '../recipe/presets'
import type { Recipe } from '../recipe/recipe'
import type { RecipeProblem } from '../recipe/validate'
import type { Budget } from '../state/budget'
import { isActive, RunStore } from '../state/runStore'
import { isLocked } from '../state/storeState'
import { StoreController } from '../state/storeController'
import './finetale-budget'
import './finetale-export-panel'
import './finetale-guide'
import './finetale-metrics'
import './finetale-recipe-panel'
import { controls } from './sharedStyles'

@customElement('finetale-train-step')
export class FinetaleTrainStep extends LitElement {
  static override styles = [
    controls,
    css`
      .train {
        display: grid;
        grid-template-columns: 360px minmax(0, 1fr);
        gap: 20px;
        align-items: start;
      }
      @media (max-width: 960px) {
        .train {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ]

  @property({ attribute: false }) store = new RunStore()
  @property({ attribute: false }) recipe: Recipe = demo()
  /** The recipe that per-field reset goes back to. */
  @property({ attribute: false }) base: Recipe = demo()
  @property({ attribute: false }) preset: PresetName | 'custom' = 'demo'
  @property({ attribute: false }) problems: readonly RecipeProblem[] = []
  /** Null while it cannot be counted. */
  @property({ attribute: false }) budget: Budget | null = null

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const { store } = this
    return html`
      <finetale-guide place="train" .store=${store}></finetale-guide>
      <div class="train">
        <div>
          <finetale-recipe-panel
            .recipe=${this.recipe}
            .base=${this.base}
            .preset=${this.preset}
            .problems=${this.problems}
            .running=${isActive(store.state)}
            .locked=${isLocked(store.state)}
          ></finetale-recipe-panel>
          <finetale-budget .budget=${this.budget}></finetale-budget>
        </div>
        <div>
          <finetale-metrics .state=${store.state} .steps=${store.steps} .evals=${store.evals}></finetale-metrics>
          <finetale-export-panel .store=${store}></finetale-export-panel>
        </div>
      </div>
    `
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-train-step': FinetaleTrainStep
  }
}
