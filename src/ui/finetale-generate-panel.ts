// Step 3, left: the prompt, how words are picked, and the text as it comes. It writes nothing itself.

import { html, LitElement, nothing, type PropertyValues } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import type { GenerationSettings } from '../recipe/recipe'
import { characterPrompt, notebookGeneration, readyCharacters } from '../state/prompts'
import type { Writer } from '../state/textWriter'
import { send, type FinetaleEvent } from './events'
import './finetale-decoding'
import type { FinetaleDecoding } from './finetale-decoding'
import './finetale-prompt-ideas'
import { generatePanelStyles } from './generatePanelStyles'
import { say } from './messages'
import { controls, panel } from './sharedStyles'
import { sayTerms } from './terms'

/**
 * @fires finetale-write - Prompt, settings and weights to write with.
 * @fires finetale-notebook-prompts - The same for the data set's three prompts. @fires finetale-stop-writing
 */
@customElement('finetale-generate-panel')
export class FinetaleGeneratePanel extends LitElement {
  static override styles = [controls, panel, generatePanelStyles]

  /** The generated text so far, or null when nothing is being written. */
  @property({ attribute: false }) writing: string | null = null
  /** The text that Write made last; it stays in view until the next one begins. */
  @property() written = ''
  /** True when a run's weights can write. */
  @property({ type: Boolean }) hasRun = false
  /** True when only the run's weights can write, because it is in memory and not finished. */
  @property({ type: Boolean }) runOnly = false
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

  override willUpdate(changed: PropertyValues<this>) {
    // Another data set brings its own way of picking words, unless somebody has changed it.
    if (changed.has('defaults') && [undefined, this.settings].includes(changed.get('defaults'))) {
      this.settings = this.defaults
    }
  }

  override render() {
    const busy = this.writing !== null
    return html`
      <div class="panel">
        <fieldset ?disabled=${this.disabled}>
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
              .disabled=${this.disabled}
              @finetale-generation-settings=${({ detail }: FinetaleEvent<'finetale-generation-settings'>) => {
                this.settings = detail
                this.stuck = false
              }}
            ></finetale-decoding>
          </details>
          ${this.stuck ? html`<p class="stuck" role="alert">${say('fixGeneration')}</p>` : nothing}
          <div class="buttons">
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
          ${
            !busy && this.written
              ? html`<span class="output written" role="group" aria-label=${say('outputWritten')}
                  >${this.written}</span
                >`
              : nothing
          }
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
    const field = (key: 'name' | 'race' | 'class', label: string) =>
      html`<label>
        <span>${label}</span>
        <input
          id="character-${key}"
          autocomplete="off"
          .value=${this.#character[key]}
          @input=${(event: Event) => {
            if (event.target instanceof HTMLInputElement) this.#character[key] = event.target.value
          }}
        />
      </label>`
    return html`
      <finetale-prompt-ideas
        @finetale-character=${({ detail }: FinetaleEvent<'finetale-character'>) => {
          this.#character = { ...detail }
          this.requestUpdate()
        }}
      ></finetale-prompt-ideas>
      ${field('name', say('characterName'))}
      <div class="pair">${field('race', say('characterRace'))} ${field('class', say('characterClass'))}</div>
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
          this.runOnly
            ? nothing
            : html`<option value="base" .selected=${this.#writer === 'base'}>${say('writerBase')}</option>`
        }
      </select>
    </label>`
  }

  private readonly toggled = ({ target }: Event) => {
    if (target instanceof HTMLDetailsElement) this.open = target.open
  }

  private readonly write = () => {
    const prompt = this.kind === 'character' ? characterPrompt(this.#character) : this.#free
    this.#unlessWrong(() => send(this, 'finetale-write', { prompt, settings: this.settings, writer: this.#writer }))
  }

  private readonly runPrompts = () => {
    this.#unlessWrong(() => send(this, 'finetale-notebook-prompts', { settings: this.settings, writer: this.#writer }))
  }

  /** A number that cannot be used is shown instead: nothing is written with another one in its place. */
  #unlessWrong(go: () => void) {
    this.stuck = this.decoding.wrong
    if (!this.stuck) return go()
    this.open = true
    void this.updateComplete.then(() => this.decoding.focusProblem())
  }

  get #writer(): Writer {
    if (!this.hasRun) return 'base'
    return this.runOnly ? 'run' : (this.chosen ?? 'run')
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-generate-panel': FinetaleGeneratePanel
  }
}
