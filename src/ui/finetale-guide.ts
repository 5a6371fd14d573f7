// The sentence over a step that says what is happening there, and the way on to step 3 when training is done. The words are
// guide.ts's.

import { css, html, LitElement, nothing } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import { RunStore, type StoreState } from '../state/runStore'
import { StoreController } from '../state/storeController'
import { send } from './events'
import { guideData, guideTrain, guideTry, type Sentence } from './guide'
import { say } from './messages'
import { controls } from './sharedStyles'
import { sayTerms } from './terms'

const words = { data: guideData, train: guideTrain, try: guideTry } satisfies Record<
  string,
  (state: StoreState, fromScratch: boolean) => Sentence
>

/** @fires finetale-show-try - Step 3 is wanted. */
@customElement('finetale-guide')
export class FinetaleGuide extends LitElement {
  static override styles = [
    controls,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 16px;
        margin: -6px 0 14px;
      }
      p {
        max-width: 84ch;
        color: var(--ink-2);
        font-size: 15px;
      }
    `,
  ]

  @property() place: keyof typeof words = 'data'
  @property({ attribute: false }) store = new RunStore()

  @property({ type: Boolean }) fromScratch = false

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const { state } = this.store
    const done = this.place === 'train' && state.phase === 'finished'
    return html`<div>
      <p>${sayTerms(...words[this.place](state, this.fromScratch))}</p>
      ${
        done
          ? html`<button class="primary" @click=${() => send(this, 'finetale-show-try', undefined)}>
              ${say('guideTryIt')}
            </button>`
          : nothing
      }
    </div>`
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-guide': FinetaleGuide
  }
}
