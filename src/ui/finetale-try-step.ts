// Step 3: writing from prompts, the change at a glance, and the table of everything written. It turns the events of its
// elements into commands.

import { css, html, LitElement } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { isBuiltInData } from '../state/inputs'
import { generationFor, promptsFor } from '../state/prompts'
import type { RunController } from '../state/runController'
import { isActive, RunStore } from '../state/runStore'
import { isUnsaved } from '../state/storeState'
import { StoreController } from '../state/storeController'
import { toErrorData } from '../workers/clients'
import type { GenerationRow } from '../workers/protocol'
import type { FinetaleEvent, FinetaleEvents } from './events'
import './finetale-before-after'
import './finetale-generate-panel'
import './finetale-generation-table'
import './finetale-guide'
import { controls } from './sharedStyles'

@customElement('finetale-try-step')
export class FinetaleTryStep extends LitElement {
  static override styles = [
    controls,
    css`
      .try {
        display: grid;
        grid-template-columns: 360px minmax(0, 1fr);
        gap: 20px;
        align-items: start;
      }
      @media (max-width: 960px) {
        .try {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ]

  @property({ attribute: false }) store = new RunStore()
  @property({ attribute: false }) controller: RunController | null = null

  /** True when the recipe to train by draws new weights. */
  @property({ type: Boolean }) fromScratch = false

  /** What Write made last, and for which run, model and data set it stands. */
  @state() private written: { row: GenerationRow; of: readonly unknown[] } | null = null

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const { writing, generations, latest, phase, runId, ready, data, recipe } = this.store.state
    const { text } = this.controller ?? {}
    const active = isActive(this.store.state)
    const fromScratch = recipe ? recipe.model_init === 'from_config' : this.fromScratch
    return html`
      <finetale-guide place="try" .store=${this.store} ?fromScratch=${fromScratch}></finetale-guide>
      <div class="try">
        <finetale-generate-panel
          .writing=${writing?.text ?? null}
          .written=${this.#current}
          .rows=${generations}
          ?fromScratch=${fromScratch}
          .hasRun=${runId !== '' && phase !== 'interrupted' && phase !== 'failed' && latest !== null}
          .runOnly=${active || isUnsaved(this.store.state)}
          .step=${latest?.step ?? 0}
          .disabled=${!ready || (active && latest === null)}
          .stories=${isBuiltInData(data)}
          .defaults=${generationFor(data, this.controller?.generation)}
          @finetale-write=${({ detail }: FinetaleEvent<'finetale-write'>) => this.write(detail)}
          @finetale-notebook-prompts=${({ detail }: FinetaleEvent<'finetale-notebook-prompts'>) =>
            void text?.runPrompts(detail.settings, detail.writer).then(() => (this.written = null))}
          @finetale-stop-writing=${this.stop}
        ></finetale-generate-panel>
        <div>
          <finetale-before-after
            .rows=${generations}
            .expected=${active ? promptsFor(data) : []}
          ></finetale-before-after>
          <finetale-generation-table .rows=${generations}></finetale-generation-table>
        </div>
      </div>
    `
  }

  /** What a text belongs to: with another run, model or data set on the page it would say something untrue. */
  get #shown(): readonly unknown[] {
    const { runId, model, data } = this.store.state
    return [runId, model, data]
  }

  get #current(): GenerationRow | null {
    const shown = this.#shown
    return this.written?.of.every((value, i) => value === shown[i]) ? this.written.row : null
  }

  private write({ prompt, settings, writer }: FinetaleEvents['finetale-write']) {
    const of = this.#shown
    void this.controller?.text.generate(prompt, settings, writer).then((row) => {
      this.written = row && { row, of }
    })
  }

  private readonly stop = () => {
    this.controller?.text.stop().catch((thrown: unknown) => this.store.update({ error: toErrorData(thrown) }))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-try-step': FinetaleTryStep
  }
}
