// The page: passes the store's state down to the elements and their events on to the controller. It keeps only what is
// the page's own, the recipe being edited. For drivers from outside it reflects data-phase, data-run-id and data-ready,
// and sends every run event as a 'finetale-run-event'.

import { html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { presets, type PresetName } from '../recipe/presets'
import type { Recipe } from '../recipe/recipe'
import { validate, type RecipeProblem } from '../recipe/validate'
import { readAddress, type AddressChoice } from '../state/addressChoice'
import { budgetOf, type Budget } from '../state/budget'
import type { LibraryController } from '../state/libraryController'
import { presetChoices } from '../state/presetSources'
import type { RunController } from '../state/runController'
import { isActive, RunStore } from '../state/runStore'
import type { SourceController } from '../state/sourceController'
import { missingSides } from '../state/sources'
import { StoreController } from '../state/storeController'
import { toErrorData } from '../workers/clients'
import { appStyles } from './appStyles'
import { send, type FinetaleEvent } from './events'
import './finetale-check-panel'
import './finetale-data-step'
import './finetale-live-region'
import './finetale-notices'
import './finetale-resume-banner'
import './finetale-run-bar'
import './finetale-runs-step'
import './finetale-thread-notice'
import './finetale-train-step'
import './finetale-try-step'
import { formatLoss, formatPercent } from './format'
import { logo } from './logo'
import { say } from './messages'
import { saveLiveModel } from './saveFile'
import { phaseLabel, runSummary, shareDone } from './runSummary'
import { controls } from './sharedStyles'

type Place = 'data' | 'train' | 'try' | 'check' | 'runs'

/** @fires finetale-run-event - Every event of the run shown, as it comes. */
@customElement('finetale-app')
export class FinetaleApp extends LitElement {
  static override styles = [controls, appStyles]

  @property({ attribute: false }) store = new RunStore()
  @property({ attribute: false }) controller: RunController | null = null
  @property({ attribute: false }) sources: SourceController | null = null
  @property({ attribute: false }) library: LibraryController | null = null
  /** What the page opens with. */
  @property({ attribute: false }) initial: AddressChoice = readAddress('', document.baseURI)

  @state() private recipe: Recipe = this.initial.recipe
  @state() private base: Recipe = this.initial.base
  @state() private preset: PresetName | 'custom' = this.initial.preset

  #unlisten: (() => void) | null = null

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override connectedCallback() {
    super.connectedCallback()
    this.#unlisten = this.controller?.onEvent((event) => send(this, 'finetale-run-event', event)) ?? null
    window.addEventListener('hashchange', this.#followHash)
  }

  override disconnectedCallback() {
    super.disconnectedCallback()
    this.#unlisten?.()
    window.removeEventListener('hashchange', this.#followHash)
  }

  override firstUpdated() {
    this.#followHash()
  }

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    if (!changed.has('initial')) return
    const { recipe, base, preset } = this.initial
    Object.assign(this, { recipe, base, preset })
  }

  override updated() {
    const { phase, runId, ready } = this.store.state
    Object.assign(this.dataset, { phase, runId, ready: String(ready) })
    const share = shareDone(this.store.state)
    document.title = share === null ? say('appName') : say('titleProgress', { percent: formatPercent(share) })
  }

  override render() {
    return html`
      <div class="page" @finetale-show-runs=${() => this.#scrollTo('runs')} @finetale-recipe-set=${this.set}>
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
          .runs=${this.#active ? [] : this.store.state.interrupted}
          @finetale-resume=${(event: FinetaleEvent<'finetale-resume'>) => this.resume(event.detail)}
          @finetale-discard=${(event: FinetaleEvent<'finetale-discard'>) => this.#do((c) => c.stored.discard(event.detail))}
        ></finetale-resume-banner>
        <finetale-thread-notice .store=${this.store}></finetale-thread-notice>
        <finetale-notices
          .state=${this.store.state}
          @finetale-resume-slower=${() => this.#do((c) => c.resumeSlower(this.store.state.runId))}
          @finetale-dismiss=${({ detail }: FinetaleEvent<'finetale-dismiss'>) => this.store.update(detail)}
          @finetale-restart=${({ detail }: FinetaleEvent<'finetale-restart'>) => this.#do((c) => c.restartWorkers(detail))}
          @finetale-save-model=${() => this.#do(() => saveLiveModel(this.library))}
        ></finetale-notices>
        <main>
          <section class="step" id="step-data">${this.renderHeading(1, say('stepData'))} ${this.renderData()}</section>
          <section class="step" id="step-train" @finetale-show-try=${() => this.#scrollTo('try')}>
            ${this.renderHeading(2, say('stepTrain'))} ${this.renderTrain()}
          </section>
          <section class="step" id="step-try">
            ${this.renderHeading(3, say('stepTry'))}
            <finetale-try-step
              .store=${this.store}
              .controller=${this.controller}
              ?fromScratch=${this.recipe.model_init === 'from_config'}
            ></finetale-try-step>
          </section>
          <section class="step" id="step-runs">
            <finetale-runs-step
              .store=${this.store}
              .library=${this.library}
              @finetale-resume=${(event: FinetaleEvent<'finetale-resume'>) => this.resume(event.detail)}
            ></finetale-runs-step>
          </section>
          <section class="step" id="step-check">
            <h2>${say('checkHeading')}</h2>
            <finetale-check-panel .store=${this.store} .controller=${this.controller}></finetale-check-panel>
          </section>
        </main>
        <footer class="muted">
          <span>${say('privacy')}</span>
          <span><a href="#check">${say('checkLink')}</a>${this.renderEnvironment()}</span>
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
    const { phase, ready, hub } = this.store.state
    const fetchable = missingSides(hub).length > 0 && phase !== 'downloading'
    const invalid = this.#problems.length > 0
    return html`<finetale-run-bar
      .phase=${phase}
      .label=${phaseLabel(this.store.state)}
      .summary=${runSummary(this.store, this.recipe)}
      .share=${shareDone(this.store.state)}
      .kept=${this.store.state.storage === 'works'}
      .active=${this.#active}
      .canTrain=${!invalid && (ready || fetchable)}
      .invalid=${invalid && !this.#active}
      @finetale-train=${this.train}
      @finetale-pause=${() => this.#do((c) => c.pause())}
      @finetale-continue=${() => this.#do((c) => c.continue())}
      @finetale-step=${() => this.#do((c) => c.step())}
      @finetale-stop=${(event: FinetaleEvent<'finetale-stop'>) => this.#do((c) => c.stop(event.detail))}
    ></finetale-run-bar>`
  }

  private renderData() {
    return html`<finetale-data-step
      .store=${this.store}
      .sources=${this.sources}
      .controller=${this.controller}
      .recipe=${this.recipe}
    ></finetale-data-step>`
  }

  private renderTrain() {
    return html`<finetale-train-step
      .store=${this.store}
      .recipe=${this.recipe}
      .base=${this.base}
      .preset=${this.preset}
      .problems=${this.#problems}
      .budget=${this.#budget}
      @finetale-recipe-change=${(event: FinetaleEvent<'finetale-recipe-change'>) => this.edit(event.detail)}
      @finetale-preset=${(event: FinetaleEvent<'finetale-preset'>) => this.presetChosen(event.detail)}
    ></finetale-train-step>`
  }

  private renderEnvironment() {
    const { environment } = this.store.state
    if (!environment) return nothing
    return html` · ${say('environment', { flavour: environment.flavour, threads: environment.threads })}`
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

  /** What is missing is fetched first. */
  private readonly train = () => {
    const missing = missingSides(this.store.state.hub).length > 0
    this.#scrollTo(missing ? 'data' : 'train')
    this.#do(async (controller) => {
      if (missing && !(await this.sources?.hub.download())) return
      if (missing) this.#scrollTo('train')
      await controller.train(this.recipe)
    })
  }

  private resume(runId: string) {
    // A run brings its own inputs: what is still being fetched is for another.
    this.sources?.hub.cancel()
    this.#scrollTo('train')
    this.#do((controller) => controller.resume(runId))
  }

  private edit(recipe: Recipe) {
    this.recipe = recipe
    if (validate(recipe).length > 0) return
    this.#do((controller) => controller.preview.viewRow(this.store.state.rowIndex, recipe))
  }

  /** Takes over what a refusal proposes. */
  private readonly set = ({ detail }: FinetaleEvent<'finetale-recipe-set'>) => {
    this.store.update({ error: null })
    this.edit({ ...this.recipe, ...detail })
  }

  private presetChosen(name: PresetName) {
    this.preset = name
    this.base = presets[name]()
    this.edit(this.base)
    this.#do(async () => void (await this.sources?.choose(presetChoices(name, document.baseURI, this.initial.hub))))
  }

  #do(command: (controller: RunController) => Promise<void>) {
    if (!this.controller) return
    command(this.controller).catch((thrown: unknown) => this.store.update({ error: toErrorData(thrown) }))
  }

  readonly #followHash = () => {
    if (location.hash === '#check') this.#scrollTo('check')
  }

  #scrollTo(step: Place) {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.renderRoot.querySelector(`#step-${step}`)?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth' })
  }

  /** What the recipe takes; it cannot be counted while it is wrong. */
  get #budget(): Budget | null {
    return validate(this.recipe).length > 0 ? null : budgetOf(this.store.state, this.recipe)
  }

  get #problems(): RecipeProblem[] {
    const misfit = this.#budget?.misfit
    return misfit ? [{ field: misfit.field, message: say('budgetMisfitField') }] : validate(this.recipe)
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
