// The page: passes the store's state down to the elements and their events on to the controller. It keeps only what is
// the page's own, the recipe being edited. For drivers from outside it reflects data-phase, data-run-id and data-ready,
// and sends every run event as a 'finetale-run-event'.

import { html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { demo, presets, type PresetName } from '../recipe/presets'
import type { Recipe } from '../recipe/recipe'
import { validate } from '../recipe/validate'
import { builtInData, builtInModel, modelFromFiles } from '../state/inputs'
import type { RunController } from '../state/runController'
import { isActive, isBusy, RunStore } from '../state/runStore'
import { StoreController } from '../state/storeController'
import { toErrorData } from '../workers/clients'
import type { DataSource, ModelSource } from '../workers/protocol'
import { appStyles } from './appStyles'
import { send, type FinetaleEvent } from './events'
import './finetale-data-panel'
import './finetale-generate-panel'
import './finetale-generation-table'
import './finetale-live-region'
import './finetale-metrics'
import './finetale-notices'
import './finetale-recipe-panel'
import './finetale-resume-banner'
import './finetale-run-bar'
import './finetale-thread-notice'
import { formatLoss, formatPercent } from './format'
import { logo } from './logo'
import { say } from './messages'
import { phaseLabel, runSummary, shareDone } from './runSummary'
import { controls } from './sharedStyles'

/** @fires finetale-run-event - Every event of the run shown, as it comes. */
@customElement('finetale-app')
export class FinetaleApp extends LitElement {
  static override styles = [controls, appStyles]

  @property({ attribute: false }) store = new RunStore()
  @property({ attribute: false }) controller: RunController | null = null
  /** The recipe the page opens with. */
  @property({ attribute: false }) initialRecipe: Recipe = demo()

  @state() private recipe: Recipe = demo()
  @state() private base: Recipe = demo()
  @state() private preset: PresetName | 'custom' = 'demo'

  #unlisten: (() => void) | null = null

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override connectedCallback() {
    super.connectedCallback()
    this.#unlisten = this.controller?.onEvent((event) => send(this, 'finetale-run-event', event)) ?? null
  }

  override disconnectedCallback() {
    super.disconnectedCallback()
    this.#unlisten?.()
  }

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    if (!changed.has('initialRecipe')) return
    this.recipe = this.base = this.initialRecipe
    this.preset = JSON.stringify(this.initialRecipe) === JSON.stringify(demo()) ? 'demo' : 'custom'
  }

  override updated() {
    const { phase, runId, ready } = this.store.state
    Object.assign(this.dataset, { phase, runId, ready: String(ready) })
    const share = shareDone(this.store.state)
    document.title = share === null ? say('appName') : say('titleProgress', { percent: formatPercent(share) })
  }

  override render() {
    const { error, notes, warnings, interrupted } = this.store.state
    return html`
      <div class="page">
        <header>
          <div class="brand">
            ${logo}
            <div>
              <h1>${say('appName')}</h1>
              <p class="muted">${say('tagline')}</p>
            </div>
          </div>
          <nav aria-label=${say('navLabel')}>
            ${this.renderLink(1, 'data')} ${this.renderLink(2, 'train')} ${this.renderLink(3, 'try')}
          </nav>
        </header>
        ${this.renderBar()}
        <finetale-resume-banner
          .runs=${this.#active ? [] : interrupted}
          @finetale-resume=${(event: FinetaleEvent<'finetale-resume'>) => this.resume(event.detail)}
          @finetale-discard=${(event: FinetaleEvent<'finetale-discard'>) => this.#do((c) => c.discard(event.detail))}
        ></finetale-resume-banner>
        <finetale-thread-notice .store=${this.store}></finetale-thread-notice>
        <finetale-notices
          .error=${error}
          .warnings=${[...notes, ...warnings]}
          @finetale-dismiss=${() => this.store.update({ error: null })}
          @finetale-restart=${() => this.#do((c) => c.restartWorkers())}
        ></finetale-notices>
        <main>
          <section class="step" id="step-data">${this.renderHeading(1, say('stepData'))} ${this.renderData()}</section>
          <section class="step" id="step-train">
            ${this.renderHeading(2, say('stepTrain'))} ${this.renderTrain()}
          </section>
          <section class="step" id="step-try">${this.renderHeading(3, say('stepTry'))} ${this.renderTry()}</section>
        </main>
        <footer class="muted">
          <span>${say('privacy')}</span>
          ${this.renderEnvironment()}
        </footer>
        ${this.renderLive()}
      </div>
    `
  }

  private renderLink(number: number, step: 'data' | 'train' | 'try') {
    const label = say(step === 'data' ? 'stepData' : step === 'train' ? 'stepTrain' : 'stepTry')
    const go = (event: Event) => {
      event.preventDefault()
      this.#scrollTo(step)
    }
    return html`<a href="#${step}" @click=${go}><span class="number" aria-hidden="true">${number}</span>${label}</a>`
  }

  private renderHeading(number: number, text: string) {
    return html`<h2><span class="number" aria-hidden="true">${number}</span>${text}</h2>`
  }

  private renderBar() {
    const { phase, ready } = this.store.state
    const invalid = validate(this.recipe).length > 0
    return html`<finetale-run-bar
      .phase=${phase}
      .label=${phaseLabel(this.store.state)}
      .summary=${runSummary(this.store, this.recipe)}
      .share=${shareDone(this.store.state)}
      .busy=${isBusy(phase)}
      .active=${this.#active}
      .canTrain=${!invalid && ready}
      .invalid=${invalid && !this.#active}
      @finetale-train=${this.train}
      @finetale-pause=${() => this.#do((c) => c.pause())}
      @finetale-continue=${() => this.#do((c) => c.continue())}
      @finetale-step=${() => this.#do((c) => c.step())}
      @finetale-stop=${(event: FinetaleEvent<'finetale-stop'>) => this.#do((c) => c.stop(event.detail))}
    ></finetale-run-bar>`
  }

  private renderData() {
    const { model, data, preview, rowIndex, rowView } = this.store.state
    return html`<finetale-data-panel
      .model=${model}
      .data=${data}
      .preview=${preview}
      .rowIndex=${rowIndex}
      .rowView=${rowView}
      .locked=${this.#active}
      @finetale-row=${(event: FinetaleEvent<'finetale-row'>) => this.#viewRow(event.detail)}
      @finetale-model-files=${(event: FinetaleEvent<'finetale-model-files'>) => this.modelChosen(event.detail)}
      @finetale-data-file=${({ detail: file }: FinetaleEvent<'finetale-data-file'>) =>
        this.#prepare({ data: { kind: 'file', label: file.name, file } })}
      @finetale-built-in=${({ detail }: FinetaleEvent<'finetale-built-in'>) =>
        this.#prepare(
          detail === 'model' ? { model: builtInModel(document.baseURI) } : { data: builtInData(document.baseURI) },
        )}
    ></finetale-data-panel>`
  }

  private renderTrain() {
    return html`
      <div class="train">
        <finetale-recipe-panel
          .recipe=${this.recipe}
          .base=${this.base}
          .preset=${this.preset}
          .problems=${validate(this.recipe)}
          .running=${this.#active}
          @finetale-recipe-change=${(event: FinetaleEvent<'finetale-recipe-change'>) => this.edit(event.detail)}
          @finetale-preset=${(event: FinetaleEvent<'finetale-preset'>) => this.presetChosen(event.detail)}
        ></finetale-recipe-panel>
        <finetale-metrics
          .state=${this.store.state}
          .steps=${this.store.steps}
          .evals=${this.store.evals}
        ></finetale-metrics>
      </div>
    `
  }

  private renderTry() {
    const { writing, generations, latest, phase, runId, ready } = this.store.state
    const { text } = this.controller ?? {}
    return html`
      <div class="try">
        <finetale-generate-panel
          .writing=${writing?.text ?? null}
          .hasRun=${runId !== '' && phase !== 'interrupted' && phase !== 'failed' && latest !== null}
          .runOnly=${this.#active}
          .step=${latest?.step ?? 0}
          .disabled=${!ready || (this.#active && latest === null)}
          @finetale-write=${({ detail }: FinetaleEvent<'finetale-write'>) =>
            void text?.generate(detail.prompt, detail.settings, detail.writer)}
          @finetale-notebook-prompts=${({ detail }: FinetaleEvent<'finetale-notebook-prompts'>) =>
            void text?.runPrompts(detail.settings, detail.writer)}
          @finetale-stop-writing=${() => this.#do((c) => c.text.stop())}
        ></finetale-generate-panel>
        <finetale-generation-table .rows=${generations}></finetale-generation-table>
      </div>
    `
  }

  private renderEnvironment() {
    const { environment } = this.store.state
    if (!environment) return nothing
    return html`<span>${say('environment', { flavour: environment.flavour, threads: environment.threads })}</span>`
  }

  private renderLive() {
    const { phase, latest, totalSteps: total } = this.store.state
    const between = phase === 'saving' || phase === 'evaluating'
    const progress = latest ? say('liveStep', { step: latest.step, total, loss: formatLoss(latest.loss) }) : ''
    return html`<finetale-live-region
      .urgent=${between ? say('phase_training') : phaseLabel(this.store.state)}
      .progress=${this.#active ? progress : ''}
    ></finetale-live-region>`
  }

  private readonly train = () => {
    this.#scrollTo('train')
    this.#do((controller) => controller.train(this.recipe))
  }

  private resume(runId: string) {
    this.#scrollTo('train')
    this.#do((controller) => controller.resume(runId))
  }

  private edit(recipe: Recipe) {
    this.recipe = recipe
    this.#viewRow(this.store.state.rowIndex)
  }

  private presetChosen(name: PresetName) {
    this.preset = name
    this.base = presets[name]()
    this.edit(this.base)
  }

  private modelChosen(files: readonly File[]) {
    try {
      this.#prepare({ model: modelFromFiles(files) })
    } catch (thrown) {
      this.store.update({ error: toErrorData(thrown) })
    }
  }

  /** Changes an input: what was trained or written belongs to the old one and leaves the page, not the storage. */
  #prepare(change: { model?: ModelSource; data?: DataSource }) {
    const model = change.model ?? this.store.state.model
    const data = change.data ?? this.store.state.data
    if (!model || !data) return
    if (change.model) this.controller?.text.holds('')
    this.store.clearRun(change.model !== undefined)
    this.#do((controller) => controller.prepare(model, data))
  }

  #viewRow(row: number) {
    if (validate(this.recipe).length > 0 || !this.store.state.preview) return
    this.#do((controller) => controller.viewRow(row, this.recipe))
  }

  #do(command: (controller: RunController) => Promise<void>) {
    if (!this.controller) return
    command(this.controller).catch((thrown: unknown) => this.store.update({ error: toErrorData(thrown) }))
  }

  #scrollTo(step: 'data' | 'train' | 'try') {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.renderRoot.querySelector(`#step-${step}`)?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth' })
  }

  /** True while a run is in the trainer's hands. */
  get #active(): boolean {
    return isActive(this.store.state)
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-app': FinetaleApp
  }
}
