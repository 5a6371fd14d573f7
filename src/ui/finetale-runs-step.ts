// The runs kept in this browser, and a run that another tab has live: hands the store's list to the list element and its
// events to the controller. It holds nothing itself.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { LibraryController } from '../state/libraryController'
import { isActive, RunStore } from '../state/runStore'
import { StoreController } from '../state/storeController'
import { isLocked } from '../state/storeState'
import { toErrorData } from '../workers/clients'
import type { FinetaleEvent } from './events'
import './finetale-run-list'
import { say } from './messages'
import { saveFile } from './saveFile'
import { controls, panel } from './sharedStyles'

@customElement('finetale-runs-step')
export class FinetaleRunsStep extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .live {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 10px 24px;
        margin-bottom: 12px;
      }
      .live div {
        flex: 1 1 280px;
      }
    `,
  ]

  @property({ attribute: false }) store = new RunStore()
  @property({ attribute: false }) library: LibraryController | null = null

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const { state } = this.store
    return html`
      ${this.renderLive()}
      <finetale-run-list
        .runs=${state.library}
        .current=${state.runId}
        .busy=${isLocked(state)}
        .transfer=${state.transfer}
        @finetale-run-open=${({ detail }: FinetaleEvent<'finetale-run-open'>) => this.#do((c) => c.open(detail))}
        @finetale-run-rename=${({ detail }: FinetaleEvent<'finetale-run-rename'>) =>
          this.#do((c) => c.rename(detail.runId, detail.name))}
        @finetale-run-delete=${({ detail }: FinetaleEvent<'finetale-run-delete'>) => this.#do((c) => this.#remove(c, detail))}
        @finetale-run-fork=${({ detail }: FinetaleEvent<'finetale-run-fork'>) => this.#do((c) => c.fork(detail))}
        @finetale-run-export=${({ detail }: FinetaleEvent<'finetale-run-export'>) =>
          this.#do((c) => this.#export(c, detail.runId, detail.what))}
        @finetale-run-import=${({ detail }: FinetaleEvent<'finetale-run-import'>) => this.#do((c) => c.import(detail))}
      ></finetale-run-list>
    `
  }

  /** Runs that another tab has live. */
  private renderLive() {
    const { state } = this.store
    if (state.watching !== '') return html`<p class="panel live" role="status">${say('watching')}</p>`
    const own = isActive(state) ? state.runId : ''
    const elsewhere = state.library.filter((run) => run.state === 'running' && run.id !== own)
    if (elsewhere.length === 0 || own !== '') return nothing
    return elsewhere.map(
      ({ id, name }) => html`
        <section class="panel live" aria-label=${say('watchTitle', { name })}>
          <div>
            <h3>${say('watchTitle', { name })}</h3>
            <p class="muted">${say('watchText')}</p>
          </div>
          <button data-action="watch" @click=${() => this.#do((c) => c.watch(id))}>${say('watch')}</button>
        </section>
      `,
    )
  }

  async #remove(controller: LibraryController, runId: string) {
    if (!(await controller.remove(runId))) this.store.note(say('runDeleteLive'))
  }

  async #export(controller: LibraryController, runId: string, what: 'run' | 'model') {
    const { name, content } = await controller.export(runId, what)
    saveFile(name, content)
  }

  #do(command: (controller: LibraryController) => Promise<void>) {
    if (!this.library) return
    command(this.library).catch((thrown: unknown) => this.store.update({ error: toErrorData(thrown) }))
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-runs-step': FinetaleRunsStep
  }
}
