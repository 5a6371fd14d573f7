// The runs kept in this browser, as a table with what can be done to each. It reads no storage: the rows come from
// state/runLibrary.ts, and every action goes up as an event.

import { html, LitElement, nothing } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import { repeat } from 'lit/directives/repeat.js'
import type { LibraryRun } from '../state/storeState'
import { send } from './events'
import { formatAgo, formatBytes, formatLoss } from './format'
import { joined, say } from './messages'
import { runListStyles } from './runListStyles'
import { controls, panel } from './sharedStyles'

/**
 * @fires finetale-run-open - A run id: show its history. @fires finetale-resume - A run id.
 * @fires finetale-run-rename - { runId, name }. @fires finetale-run-delete - A run id, after the second click.
 * @fires finetale-run-fork - A run id: its model for a new run.
 * @fires finetale-run-export - { runId, what: 'run' or 'model' }. @fires finetale-run-import - A file.
 */
@customElement('finetale-run-list')
export class FinetaleRunList extends LitElement {
  static override styles = [controls, panel, runListStyles]

  @property({ attribute: false }) runs: readonly LibraryRun[] = []
  /** The run on the page; '' when there is none. */
  @property() current = ''
  /** True while a run is in the trainer's hands: others can be looked after, but not opened or resumed. */
  @property({ type: Boolean }) busy = false
  /** The export or import under way, 0 to 1; null when there is none. */
  @property({ attribute: false }) transfer: { readonly label: string; readonly share: number } | null = null

  @state() private asked = ''
  @state() private renaming = ''
  @query('#import') private readonly input!: HTMLInputElement
  @query('#name') private readonly nameInput!: HTMLInputElement | null

  #focused: Element | null = null
  #row: Element | null = null

  override willUpdate() {
    this.#focused = this.shadowRoot?.activeElement ?? null
    this.#row = this.#focused?.closest('li') ?? null
  }

  /** The keyboard stays with its button where the runs change places, with its run where the button goes or is off. */
  override updated() {
    const usable = (one: Element | null | undefined) => one?.isConnected && !one.matches(':disabled')
    if (!this.#row || (usable(this.#focused) && this.#focused === this.shadowRoot?.activeElement)) return
    const rename = this.#row.querySelector('[data-action=runRename]')
    const to = [this.#focused, rename, this.renderRoot.querySelector('h2')].find(usable)
    if (to instanceof HTMLElement) to.focus()
  }

  override render() {
    const total = this.runs.reduce((sum, run) => sum + run.bytes, 0)
    return html`
      <div class="panel">
        <div class="head">
          <h2 tabindex="-1">${say('runsHeading')}</h2>
          ${
            this.runs.length === 0
              ? nothing
              : html`<span class="muted total">
                  ${say('runsTotal', { count: this.runs.length, size: formatBytes(total) })}
                </span>`
          }
          <label class="button">
            ${say('runImport')}
            <input
              class="hidden"
              id="import"
              type="file"
              accept=".zip"
              ?disabled=${this.transfer !== null}
              @change=${this.imported}
            />
          </label>
        </div>
        ${this.renderTransfer()}
        ${
          this.runs.length === 0
            ? html`<p class="muted empty">${say('runsEmpty')}</p>`
            : html`<ul class="runs">
                ${repeat(
                  this.runs,
                  ({ id }) => id,
                  (run) => this.renderRun(run),
                )}
              </ul>`
        }
      </div>
    `
  }

  private renderTransfer() {
    const { transfer } = this
    if (!transfer) return nothing
    return html`<p class="transfer" role="status">
      ${transfer.label}<progress max="1" .value=${transfer.share} aria-label=${transfer.label}></progress>
    </p>`
  }

  private renderRun(run: LibraryRun) {
    const { id, name, state: runState, step, totalSteps: total } = run
    return html`
      <li data-run-id=${id} aria-current=${id === this.current ? 'true' : 'false'}>
        <div class="what">
          ${this.renaming === id ? this.renderRename(run) : html`<h3>${name}</h3>`}
          <span class="state ${runState}">${say(`runState_${runState}`)}</span>
          <p class="muted">
            ${joined(say('runSteps', { step, total }), run.modelLabel, run.dataLabel, formatAgo(run.updatedAt))}
          </p>
          ${
            run.parent
              ? html`<p class="muted">${say('runParent', { name: run.parent.name, step: run.parent.step })}</p>`
              : nothing
          }
        </div>
        <dl>
          <div>
            <dt>train/loss</dt>
            <dd>${run.loss === null ? '–' : formatLoss(run.loss)}</dd>
          </div>
          <div>
            <dt>eval/loss</dt>
            <dd>${run.evalLoss === null ? '–' : formatLoss(run.evalLoss)}</dd>
          </div>
          <div>
            <dt>${say('runOnDisk')}</dt>
            <dd>${formatBytes(run.bytes)}</dd>
          </div>
        </dl>
        <div class="buttons">${this.renderButtons(run)}</div>
      </li>
    `
  }

  private renderButtons({ id, name, state: runState, hasCheckpoint, bytes }: LibraryRun) {
    const live = runState === 'running'
    const canResume = hasCheckpoint && !live && runState !== 'finished'
    const named = (key: 'resume' | 'runOpen' | 'runFork' | 'runExport' | 'modelExport' | 'runRename') =>
      say('runAction', { action: say(key), name })
    const button = (key: Parameters<typeof named>[0], off: boolean, click: () => void) =>
      html`<button class="quiet" data-action=${key} aria-label=${named(key)} ?disabled=${off} @click=${click}>
        ${say(key)}
      </button>`
    const discard = this.asked === id ? say('runDeleteSure', { size: formatBytes(bytes) }) : say('runDelete')
    return html`
      ${canResume ? button('resume', this.busy, () => send(this, 'finetale-resume', id)) : nothing}
      ${button('runOpen', this.busy || id === this.current, () => send(this, 'finetale-run-open', id))}
      ${button('runFork', this.busy || this.transfer !== null || !hasCheckpoint, () => send(this, 'finetale-run-fork', id))}
      ${button('runExport', this.transfer !== null, () => send(this, 'finetale-run-export', { runId: id, what: 'run' }))}
      ${button('modelExport', this.transfer !== null || !hasCheckpoint, () =>
        send(this, 'finetale-run-export', { runId: id, what: 'model' }),
      )}
      ${button('runRename', false, () => void this.rename(id))}
      <button
        class="danger"
        data-action="delete"
        aria-label=${say('runAction', { action: discard, name })}
        ?disabled=${live}
        @click=${() => this.discard(id)}
      >
        ${discard}
      </button>
    `
  }

  private renderRename({ id, name }: LibraryRun) {
    const done = (event: Event) => {
      event.preventDefault()
      const typed = this.nameInput?.value.trim() ?? ''
      this.renaming = ''
      if (typed !== '' && typed !== name) send(this, 'finetale-run-rename', { runId: id, name: typed })
    }
    return html`<form
      class="rename"
      @submit=${done}
      @keydown=${({ key, isComposing }: KeyboardEvent) => {
        if (key === 'Escape' && !isComposing) this.renaming = ''
      }}
    >
      <input id="name" aria-label=${say('runName')} .value=${name} maxlength="80" />
      <button>${say('runRenameDone')}</button>
    </form>`
  }

  private async rename(id: string) {
    this.renaming = id
    await this.updateComplete
    this.nameInput?.focus()
    this.nameInput?.select()
  }

  private discard(id: string) {
    if (this.asked === id) send(this, 'finetale-run-delete', id)
    else this.asked = id
  }

  private readonly imported = () => {
    const file = this.input.files?.[0]
    if (file) send(this, 'finetale-run-import', file)
    this.input.value = ''
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-run-list': FinetaleRunList
  }
}
