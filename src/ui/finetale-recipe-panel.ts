// Step 2, left: the recipe. Five settings in view, the rest under "All settings". It edits a copy and sends it up whole.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { demo, isPresetName, presets } from '../recipe/presets'
import type { PresetName } from '../recipe/presets'
import type { Recipe } from '../recipe/recipe'
import type { RecipeField, RecipeProblem } from '../recipe/validate'
import { send } from './events'
import './finetale-recipe-field'
import { say } from './messages'
import type { MessageKey } from './messages'
import { controls, panel } from './sharedStyles'
import { sayTerms } from './terms'

const basic: readonly RecipeField[] = ['per_device_train_batch_size', 'learning_rate', 'max_length', 'seed']

const advanced: readonly (readonly [MessageKey, readonly RecipeField[]])[] = [
  ['groupData', ['model_init', 'packing', 'padding', 'pad_in_loss', 'append_eos', 'test_size']],
  [
    'groupBatches',
    [
      'max_steps',
      'num_train_epochs',
      'per_device_eval_batch_size',
      'threads',
      'gradient_accumulation_steps',
      'order_rule',
      'loss_divisor',
      'eval_average',
    ],
  ],
  [
    'groupOptimizer',
    [
      'optim',
      'lr_scheduler_type',
      'min_lr_rate',
      'warmup_steps',
      'weight_decay',
      'max_grad_norm',
      'adam_beta1',
      'adam_beta2',
      'adam_epsilon',
    ],
  ],
  ['groupOften', ['eval_strategy', 'eval_steps', 'save_steps', 'save_minutes', 'logging_steps', 'log_learning_rate']],
]

/** Fields whose values or explanations need the whole width. */
const wide: readonly RecipeField[] = [
  'gradient_accumulation_steps',
  'order_rule',
  'loss_divisor',
  'eval_average',
  'optim',
  'log_learning_rate',
]

/** @fires finetale-recipe-change - The edited recipe. @fires finetale-preset - The preset to start from. */
@customElement('finetale-recipe-panel')
export class FinetaleRecipePanel extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .fields {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 150px), 1fr));
        gap: 14px 16px;
        align-items: start;
      }
      .intro,
      .preset {
        margin-bottom: 16px;
      }
      .preset label,
      .length label {
        display: block;
        margin-bottom: 4px;
        font-weight: 550;
      }
      .length,
      .wide {
        grid-column: 1 / -1;
      }
      .pair {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 8px;
      }
      details {
        margin-top: 16px;
        padding-top: 12px;
        border-top: 1px solid var(--line);
      }
      h3.group {
        margin: 16px 0 10px;
        color: var(--ink-2);
        font-size: 13px;
      }
      .note {
        margin-bottom: 12px;
        padding: 8px 12px;
        border-radius: 8px;
        background: var(--accent-soft);
        font-size: 13px;
      }
      .problem {
        margin-top: 3px;
        color: var(--danger);
        font-size: 13px;
      }
    `,
  ]

  @property({ attribute: false }) recipe: Recipe = demo()
  /** The recipe that per-field reset goes back to. */
  @property({ attribute: false }) base: Recipe = demo()
  @property({ attribute: false }) preset: PresetName | 'custom' = 'demo'
  @property({ attribute: false }) problems: readonly RecipeProblem[] = []
  /** True while a run goes on with its own recipe. */
  @property({ type: Boolean }) running = false
  /** Inputs, which a preset chooses too, cannot be changed now. */
  @property({ type: Boolean }) locked = false

  override render() {
    const hidden = this.problems.some(({ field }) => !basic.includes(field))
    return html`
      <div class="panel">
        <div class="head"><h3>${say('recipeHeading')}</h3></div>
        <p class="muted intro">${sayTerms('recipeIntro')}</p>
        ${this.running ? html`<p class="note">${say('recipeRunning')}</p>` : nothing}
        <div class="preset">
          <label for="preset">${say('recipePreset')}</label>
          <select id="preset" ?disabled=${this.locked} @change=${this.presetChosen}>
            ${Object.keys(presets)
              .filter(isPresetName)
              .map((name) => this.renderPreset(name))}
            ${this.preset === 'custom' ? this.renderPreset('custom') : nothing}
          </select>
        </div>
        <div class="fields">${this.renderLength()} ${basic.map((field) => this.renderField(field))}</div>
        <details ?open=${hidden}>
          <summary>${say('recipeAdvanced')}</summary>
          ${advanced.map(
            ([group, fields]) => html`
              <h3 class="group">${say(group)}</h3>
              <div class="fields">${fields.map((field) => this.renderField(field))}</div>
            `,
          )}
        </details>
      </div>
    `
  }

  private renderPreset(name: PresetName | 'custom') {
    return html`<option value=${name} .selected=${name === this.preset}>${say(`preset_${name}`)}</option>`
  }

  private renderLength() {
    const bySteps = this.recipe.max_steps !== -1
    const field = bySteps ? 'max_steps' : 'num_train_epochs'
    const problem = this.problems.find((entry) => entry.field === field)
    const value = this.recipe[field]
    return html`
      <div class="length">
        <label for="length">${say('recipeLength')}</label>
        <div class="pair">
          <input
            id="length"
            type="number"
            step="any"
            min="0"
            .value=${Number.isNaN(value) ? '' : String(value)}
            aria-invalid=${problem ? 'true' : 'false'}
            @change=${(event: Event) => this.set(field, Number.parseFloat(inputValue(event)))}
          />
          <select aria-label=${say('recipeLength')} @change=${this.unitChosen}>
            <option value="steps" .selected=${bySteps}>${say('unitSteps')}</option>
            <option value="epochs" .selected=${!bySteps}>${say('unitEpochs')}</option>
          </select>
        </div>
        ${problem ? html`<p class="problem" role="alert">${problem.message}</p>` : nothing}
      </div>
    `
  }

  private renderField(field: RecipeField) {
    return html`<finetale-recipe-field
      class=${wide.includes(field) ? 'wide' : nothing}
      .field=${field}
      .value=${this.recipe[field]}
      .base=${this.base[field]}
      .problem=${this.problems.find((problem) => problem.field === field)?.message ?? ''}
      @finetale-field-change=${(event: CustomEvent<number | string | boolean>) => this.set(field, event.detail)}
      @finetale-field-reset=${() => this.set(field, this.base[field])}
    ></finetale-recipe-field>`
  }

  private set(field: RecipeField, value: number | string | boolean) {
    send(this, 'finetale-recipe-change', { ...this.recipe, [field]: value })
  }

  private readonly presetChosen = (event: Event) => {
    const name = inputValue(event)
    if (isPresetName(name)) send(this, 'finetale-preset', name)
  }

  private readonly unitChosen = (event: Event) => {
    const steps = this.base.max_steps > 0 ? this.base.max_steps : demo().max_steps
    this.set('max_steps', inputValue(event) === 'steps' ? steps : -1)
  }
}

function inputValue(event: Event): string {
  const { target } = event
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.value : ''
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-recipe-panel': FinetaleRecipePanel
  }
}
