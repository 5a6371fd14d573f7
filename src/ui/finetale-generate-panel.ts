// Step 3, left: the prompt, how words are picked, and the text as it comes. It writes nothing itself.

import { html, LitElement, nothing, type PropertyValues } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { GenerationSettings } from '../recipe/recipe'
import { freshSeed } from '../state/freshSeed'
import { characterPrompt, notebookGeneration, readyCharacters } from '../state/prompts'
import { classes, races } from '../state/srd'
import type { Writer } from '../state/textWriter'
import type { GenerationRow } from '../workers/protocol'
import { send, type FinetaleEvent } from './events'
import { FocusKeeper } from './focusKeeper'
import './finetale-decoding'
import type { FinetaleDecoding } from './finetale-decoding'
import './finetale-prompt-ideas'
import './finetale-written'
import { generatePanelStyles } from './generatePanelStyles'
import { say } from './messages'
import { controls, panel, written } from './sharedStyles'
import { sayTerms } from './terms'

/**
 * @fires finetale-write - Prompt, settings and weights to write with.
 * @fires finetale-notebook-prompts - The same for the data set's three prompts. @fires finetale-stop-writing
 */
@customElement('finetale-generate-panel')
export class FinetaleGeneratePanel extends LitElement {
  static override styles = [controls, panel, written, generatePanelStyles]

  /** The generated text so far, or null when nothing is being written. */
  @property({ attribute: false }) writing: string | null = null
  /** What Write made last; it stays in view until the next one begins. */
  @property({ attribute: false }) written: GenerationRow | null = null
  /** Every text there is. */
  @property({ attribute: false }) rows: readonly GenerationRow[] = []
  /** True when a run's weights can write. */
  @property({ type: Boolean }) hasRun = false
  /** True when only the run's weights can write, because it is in memory and not finished. */
  @property({ type: Boolean }) runOnly = false
  /** True when there are no weights from before the run: it started from random numbers. */
  @property({ type: Boolean }) fromScratch = false
  @property({ type: Number }) step = 0
  @property({ type: Boolean }) disabled = false
  /** True when the built-in stories are the data set: they have prompts of their own. */
  @property({ type: Boolean }) stories = false
  /** How the data set's texts are written. */
  @property({ attribute: false }) defaults: GenerationSettings = notebookGeneration

  @state() private kind: 'character' | 'free' = 'character'
  @state() private settings: GenerationSettings = notebookGeneration
  @state() private chosen: Writer | null = null
  @state() private open = false
  /** True after a click that a wrong number stopped, until the settings change. */
  @state() private stuck = false

  @query('finetale-decoding') private readonly decoding!: FinetaleDecoding

  #character = { ...readyCharacters[0] }
  #free = ''
  /** True once somebody has changed how words are picked. */
  #touched = false
  /** The seed to begin with; Write goes on to the next ones. */
  #seed = this.settings.seed
  /** True after a seed was typed: then that one is meant, whether or not it has been used. */
  #seedTyped = false

  constructor() {
    super()
    new FocusKeeper(this, '.buttons')
  }

  override willUpdate(changed: PropertyValues<this>) {
    // Another data set brings its own way of picking words, unless somebody has changed it.
    if (changed.has('defaults') && !this.#touched) {
      this.settings = this.defaults
      this.#seed = this.settings.seed
    }
  }

  override render() {
    const busy = this.writing !== null
    return html`
      <div class="panel">
        <fieldset ?disabled=${this.#closed}>
          <h3>${say('generateHeading')}</h3>
          <div class="kinds" role="group" aria-label=${say('promptKind')}>
            ${this.renderKind('character')} ${this.renderKind('free')}
          </div>
          ${this.kind === 'character' ? this.renderCharacter() : this.renderFree()} ${this.renderWriter()}
          <details ?open=${this.open} @toggle=${this.toggled}>
            <summary>${say('decoding')}</summary>
            <p class="muted">${sayTerms('decodingIntro')}</p>
            <finetale-decoding
              .settings=${this.settings}
              .disabled=${this.#closed}
              @input=${this.typing}
              @finetale-generation-settings=${this.changed}
            ></finetale-decoding>
          </details>
          ${this.stuck ? html`<p class="stuck" role="alert">${say('fixGeneration')}</p>` : nothing}
          <div class="buttons" tabindex="-1" role="group" aria-label=${say('generateHeading')}>
            ${
              busy
                ? html`<button id="stop-writing" @click=${() => send(this, 'finetale-stop-writing', undefined)}>
                    ${say('stopWriting')}
                  </button>`
                : html`<button id="write" class="primary" @click=${this.write}>${say('write')}</button>`
            }
            <button id="notebook-prompts" ?disabled=${busy} @click=${this.runPrompts}>
              ${say(this.stories ? 'readyPrompts' : 'notebookPrompts')}
            </button>
          </div>
          ${busy ? html`<span class="output" aria-label=${say('outputLabel')}>${this.writing}</span>` : nothing}
          ${!busy && this.written ? html`<finetale-written .row=${this.written}></finetale-written>` : nothing}
        </fieldset>
      </div>
    `
  }

  private renderKind(kind: 'character' | 'free') {
    return html`<button aria-pressed=${kind === this.kind ? 'true' : 'false'} @click=${() => (this.kind = kind)}>
      ${say(kind === 'character' ? 'promptCharacter' : 'promptFree')}
    </button>`
  }

  private renderCharacter() {
    const field = (key: 'name' | 'race' | 'class', label: string, known: readonly string[] = []) =>
      html`<label>
        <span>${label}</span>
        <input
          id="character-${key}"
          autocomplete="off"
          list=${known.length > 0 ? `known-${key}` : nothing}
          @keydown=${this.entered}
          .value=${this.#character[key]}
          @input=${(event: Event) => {
            if (event.target instanceof HTMLInputElement) this.#character[key] = event.target.value
          }}
        />
        ${
          known.length > 0
            ? html`<datalist id="known-${key}">
                ${known.map((value) => html`<option value=${value}></option>`)}
              </datalist>`
            : nothing
        }
      </label>`
    return html`
      <finetale-prompt-ideas
        .disabled=${this.#closed}
        @finetale-character=${({ detail }: FinetaleEvent<'finetale-character'>) => {
          this.#character = { ...detail }
          this.requestUpdate()
        }}
      ></finetale-prompt-ideas>
      ${field('name', say('characterName'))}
      <div class="pair">
        ${field('race', say('characterRace'), races)} ${field('class', say('characterClass'), classes)}
      </div>
    `
  }

  private renderFree() {
    return html`<label>
      <span>${say('freeText')}</span>
      <textarea
        id="free-text"
        .value=${this.#free}
        @input=${(event: Event) => {
          if (event.target instanceof HTMLTextAreaElement) this.#free = event.target.value
        }}
      ></textarea>
    </label>`
  }

  private renderWriter() {
    return html`<label>
      <span>${say('writerLabel')}</span>
      <select
        id="writer"
        @change=${(event: Event) => {
          if (event.target instanceof HTMLSelectElement) this.chosen = event.target.value === 'run' ? 'run' : 'base'
        }}
      >
        ${
          this.hasRun
            ? html`<option value="run" .selected=${this.#writer === 'run'}>
                ${say('writerRun', { step: this.step })}
              </option>`
            : nothing
        }
        ${
          this.runOnly || this.fromScratch
            ? nothing
            : html`<option value="base" .selected=${this.#writer === 'base'}>${say('writerBase')}</option>`
        }
      </select>
    </label>`
  }

  private readonly toggled = ({ target }: Event) => {
    if (target instanceof HTMLDetailsElement) this.open = target.open
  }

  private readonly changed = ({ detail }: FinetaleEvent<'finetale-generation-settings'>) => {
    if (detail.seed !== this.settings.seed) this.#seed = detail.seed
    this.settings = detail
    this.#touched = true
    this.stuck = false
  }

  /** The number that stands there already may be meant too; no change would tell. */
  private readonly typing = (event: Event) => {
    const [target] = event.composedPath()
    if (!(target instanceof HTMLInputElement) || target.id !== 'generation-seed') return
    this.#seed = this.settings.seed
    this.#seedTyped = true
  }

  private readonly entered = ({ key, isComposing }: KeyboardEvent) => {
    if (key === 'Enter' && !isComposing && this.writing === null) this.write()
  }

  private readonly write = () => {
    const prompt = this.kind === 'character' ? characterPrompt(this.#character) : this.#free
    const writer = this.#writer
    this.#unlessWrong(() => {
      const settings = { ...this.settings, seed: this.#seed }
      const step = writer === 'run' ? this.step : 0
      const seed = this.#seedTyped ? this.#seed : freshSeed(this.rows, { prompt, settings, step })
      this.settings = { ...settings, seed }
      this.#seedTyped = false
      send(this, 'finetale-write', { prompt, settings: this.settings, writer })
    })
  }

  private readonly runPrompts = () => {
    const settings = { ...this.settings, seed: this.#seed }
    this.#unlessWrong(() => {
      this.settings = settings
      send(this, 'finetale-notebook-prompts', { settings, writer: this.#writer })
    })
  }

  /** A number that cannot be used is shown instead: nothing is written with another one in its place. */
  #unlessWrong(go: () => void) {
    this.stuck = this.decoding.wrong
    if (!this.stuck) return go()
    this.open = true
    void this.updateComplete.then(() => this.decoding.focusProblem())
  }

  /** True when nothing can write now. */
  get #closed(): boolean {
    return this.disabled || (this.fromScratch && !this.hasRun)
  }

  get #writer(): Writer {
    if (!this.hasRun) return 'base'
    return this.runOnly || this.fromScratch ? 'run' : (this.chosen ?? 'run')
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-generate-panel': FinetaleGeneratePanel
  }
}
