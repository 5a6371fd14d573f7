// How words are picked: the settings of generate(), each with its explanation, and a sentence by the field of one that
// cannot be used. It writes nothing; settings that can be used go up, others stay here with their sentence.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { GenerationSettings } from '../recipe/recipe'
import { generationBounds, readGenerationNumber, type GenerationNumber } from '../recipe/validateGeneration'
import { notebookGeneration } from '../state/prompts'
import { breakable } from './breakable'
import { send } from './events'
import { say } from './messages'
import { controls } from './sharedStyles'

/** `step` is how far an arrow key goes; any number inside the bounds may be typed. */
const numbers = [
  { key: 'temperature', step: 0.1, sampling: true },
  { key: 'top_k', step: 1, sampling: true },
  { key: 'top_p', step: 0.05, sampling: true },
  { key: 'max_new_tokens', step: 1, sampling: false },
  { key: 'seed', step: 1, sampling: true },
] as const satisfies readonly { key: GenerationNumber; step: number; sampling: boolean }[]

/** @fires finetale-generation-settings - The settings after a change that can be used. */
@customElement('finetale-decoding')
export class FinetaleDecoding extends LitElement {
  static override styles = [
    controls,
    css`
      .settings {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 140px), 1fr));
        gap: 14px 12px;
        align-items: start;
        padding-top: 8px;
      }
      label {
        display: block;
        margin-bottom: 4px;
        font-weight: 550;
      }
      code {
        display: block;
        color: var(--ink-2);
        font: 11.5px/1.4 var(--font-mono);
      }
      .check {
        grid-column: 1 / -1;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 0 10px;
        align-items: center;
      }
      .check label {
        margin: 0;
      }
      .check .help,
      .check code {
        grid-column: 2;
      }
      .help,
      .problem {
        margin-top: 3px;
        color: var(--ink-2);
        font-size: 12.5px;
        line-height: 1.4;
      }
      .problem {
        color: var(--danger);
        font-size: 13px;
      }
      input[aria-invalid='true'] {
        border-color: var(--danger);
        background: var(--danger-soft);
      }
    `,
  ]

  @property({ attribute: false }) settings: GenerationSettings = notebookGeneration
  @property({ type: Boolean }) disabled = false

  /** What was typed and cannot be used, with the sentence that says so. */
  @state() private problems: Readonly<Partial<Record<GenerationNumber, { text: string; message: string }>>> = {}

  /** True while a field holds what cannot be used. */
  get wrong(): boolean {
    return this.#wrong.length > 0
  }

  /** Puts the keyboard on the first field that needs a correction. */
  focusProblem(): void {
    this.renderRoot.querySelector<HTMLInputElement>(`#generation-${this.#wrong[0]}`)?.focus()
  }

  /** Fields whose text cannot be used; without sampling, those of sampling have no say. */
  get #wrong(): GenerationNumber[] {
    return numbers
      .filter(({ key, sampling }) => this.problems[key] && (!sampling || this.settings.do_sample))
      .map(({ key }) => key)
  }

  override render() {
    const { settings, disabled } = this
    return html`<div class="settings">
      <div class="check">
        <input
          type="checkbox"
          id="do_sample"
          aria-describedby="do_sample-note"
          ?disabled=${disabled}
          .checked=${settings.do_sample}
          @change=${({ target }: Event) => {
            if (target instanceof HTMLInputElement) this.#take({ do_sample: target.checked })
          }}
        />
        <label for="do_sample">${say('do_sample')}</label>
        <p class="help" id="do_sample-note">${say('do_sampleHelp')}</p>
        <code>do_sample</code>
      </div>
      ${numbers.map((number) => this.renderNumber(number))}
    </div>`
  }

  private renderNumber({ key, step, sampling }: (typeof numbers)[number]) {
    const off = sampling && !this.settings.do_sample
    const problem = off ? undefined : this.problems[key]
    const { min, max } = generationBounds[key]
    return html`<div>
      <label for="generation-${key}">${say(key === 'seed' ? 'generation_seed' : key)}</label>
      <input
        id="generation-${key}"
        type="number"
        step=${step}
        min=${min}
        max=${max}
        autocomplete="off"
        aria-describedby="note-${key}"
        aria-invalid=${problem ? 'true' : 'false'}
        ?disabled=${this.disabled || off}
        .value=${this.problems[key]?.text ?? String(this.settings[key])}
        @change=${(event: Event) => this.typed(event, key)}
      />
      <p class=${problem ? 'problem' : 'help'} id="note-${key}" role=${problem ? 'alert' : nothing}>
        ${problem?.message ?? say(`${key}Help`)}
      </p>
      <code>${breakable(key)}</code>
    </div>`
  }

  private typed({ target }: Event, key: GenerationNumber) {
    if (!(target instanceof HTMLInputElement)) return
    const text = target.value
    const read = readGenerationNumber(key, text)
    this.problems = { ...this.problems, [key]: typeof read === 'string' ? { text, message: read } : undefined }
    if (typeof read === 'number') this.#take({ [key]: read })
  }

  #take(change: Partial<GenerationSettings>) {
    send(this, 'finetale-generation-settings', { ...this.settings, ...change })
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-decoding': FinetaleDecoding
  }
}
