// Step 1: which model and data set, their download, the first rows, one row as the model sees it, and how long rows are.
// It turns the events of its elements into commands; it loads nothing itself.

import { css, html, LitElement } from 'lit'
import { customElement, property, query } from 'lit/decorators.js'
import { demo } from '../recipe/presets'
import type { Recipe } from '../recipe/recipe'
import { validate } from '../recipe/validate'
import { builtInData, builtInModel } from '../state/inputs'
import type { RunController } from '../state/runController'
import { RunStore } from '../state/runStore'
import type { SourceController } from '../state/sourceController'
import { choiceLabel, hostOf, sameRef, type Choices, type HubItems, type Side } from '../state/sources'
import { StoreController } from '../state/storeController'
import { isLocked } from '../state/storeState'
import { toErrorData } from '../workers/clients'
import type { HubRef } from '../workers/protocol'
import { send, type FinetaleEvent } from './events'
import './finetale-download-card'
import './finetale-guide'
import './finetale-lengths'
import './finetale-row-view'
import './finetale-rows'
import './finetale-source-picker'
import type { FinetaleSourcePicker } from './finetale-source-picker'
import type { HubAction } from './hubErrors'
import { say } from './messages'
import { controls, panel } from './sharedStyles'

/** @fires finetale-show-runs - The stored runs are wanted. */
@customElement('finetale-data-step')
export class FinetaleDataStep extends LitElement {
  static override styles = [
    controls,
    panel,
    css`
      .grid {
        display: grid;
        grid-template-columns: minmax(0, 1.1fr) minmax(0, 1fr);
        gap: 20px;
        align-items: start;
      }
      .sources {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
        gap: 24px 32px;
        margin-bottom: 20px;
      }
      .lengths {
        margin-top: 20px;
        padding: 14px 20px;
      }
      @media (max-width: 860px) {
        .grid {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ]

  @property({ attribute: false }) store = new RunStore()
  @property({ attribute: false }) sources: SourceController | null = null
  @property({ attribute: false }) controller: RunController | null = null
  /** The recipe being edited. */
  @property({ attribute: false }) recipe: Recipe = demo()

  @query('finetale-source-picker[kind=model]') private readonly modelPicker!: FinetaleSourcePicker
  @query('finetale-source-picker[kind=data]') private readonly dataPicker!: FinetaleSourcePicker

  constructor() {
    super()
    new StoreController(this, () => this.store)
  }

  override render() {
    const { preview, rowIndex, rowView, statistics, data, hub, ready, refused } = this.store.state
    const locked = isLocked(this.store.state)
    return html`
      <finetale-guide place="data" .store=${this.store}></finetale-guide>
      <div
        class="panel sources"
        @finetale-files=${({ detail }: FinetaleEvent<'finetale-files'>) =>
          this.#do((sources) => sources.useFiles(detail.side, detail.files))}
        @finetale-files-refused=${({ detail }: FinetaleEvent<'finetale-files-refused'>) =>
          this.store.update({ error: detail })}
        @finetale-built-in=${({ detail }: FinetaleEvent<'finetale-built-in'>) => this.useBuiltIn(detail)}
        @finetale-hub=${(event: FinetaleEvent<'finetale-hub'>) => this.useHub(event.detail)}
      >
        ${this.renderPicker('model', locked)} ${this.renderPicker('data', locked)}
      </div>
      <finetale-download-card
        .hub=${hub}
        .locked=${locked}
        @finetale-download=${() => this.#do((sources) => sources.hub.download())}
        @finetale-cancel-download=${() => this.sources?.hub.cancel()}
        @finetale-remove-cached=${({ detail }: FinetaleEvent<'finetale-remove-cached'>) =>
          this.#do((sources) => sources.hub.remove(detail))}
        @finetale-hub-action=${({ detail }: FinetaleEvent<'finetale-hub-action'>) => this.act(detail.side, detail.action)}
      ></finetale-download-card>
      <div class="grid">
        <div class="panel">
          <finetale-rows
            .preview=${preview}
            .rowIndex=${rowIndex}
            .waiting=${data && !refused ? '' : say('rowsAfterDownload')}
            .locked=${locked}
            @finetale-row=${(event: FinetaleEvent<'finetale-row'>) => this.viewRow(event.detail)}
            @finetale-mapping=${({ detail }: FinetaleEvent<'finetale-mapping'>) =>
              this.#do((sources) => sources.mapColumns(detail))}
          ></finetale-rows>
        </div>
        <div class="panel">
          <finetale-row-view .row=${rowIndex} .view=${rowView} .waiting=${this.#viewWaiting}></finetale-row-view>
        </div>
      </div>
      <div class="panel lengths">
        <finetale-lengths
          .statistics=${statistics}
          .ready=${ready && validate(this.recipe).length === 0}
          .maxLength=${this.recipe.max_length}
          @finetale-count=${() => void this.controller?.preview.count(this.recipe)}
        ></finetale-lengths>
      </div>
    `
  }

  private renderPicker(side: Side, locked: boolean) {
    const { hub, [side]: source } = this.store.state
    const item = hub[side]
    const builtIn = item === null && source?.kind !== 'files'
    return html`<finetale-source-picker
      kind=${side}
      .label=${choiceLabel(source, item)}
      .origin=${item ? originOf(item.ref) : say(builtIn ? 'builtIn' : 'fromDisk')}
      .builtIn=${builtIn}
      .repository=${item?.ref ?? null}
      .hasToken=${item !== null && (this.sources?.hub.hasToken(item.ref.base) ?? false)}
      .disabled=${locked}
    ></finetale-source-picker>`
  }

  private useBuiltIn(side: Side) {
    const { baseURI } = document
    this.#do((sources) =>
      sources.choose(side === 'model' ? { model: builtInModel(baseURI) } : { data: builtInData(baseURI) }),
    )
  }

  private useHub({ side, ref, token }: FinetaleEvent<'finetale-hub'>['detail']) {
    this.#do(async (sources) => {
      if (token) sources.hub.setToken(ref.base, token)
      await sources.choose(withMirror(side, ref, this.store.state.hub))
      // Whoever typed a token after a refusal wants to go on.
      if (token) await sources.hub.download()
    })
  }

  private act(side: Side, action: HubAction) {
    const picker = side === 'model' ? this.modelPicker : this.dataPicker
    switch (action) {
      case 'retry':
      case 'again':
      case 'continue':
        return this.#do((sources) => sources.hub.download())
      case 'edit':
        return void picker.openHub('id')
      case 'token':
        return void picker.openHub('token')
      case 'mirror':
        return void picker.openHub('base')
      case 'local':
        return picker.focusFiles()
      case 'free':
        return this.#do((sources) => sources.hub.freeOthers())
      case 'runs':
        return send(this, 'finetale-show-runs', undefined)
      case 'smaller':
        return this.#do((sources) => sources.chooseSmaller())
    }
  }

  /** What has to happen before a row can be viewed; '' while one is being read. */
  get #viewWaiting(): string {
    const { model, data, preview, refused } = this.store.state
    if (!model || !data || refused) return say('viewAfterDownload')
    return preview?.totalRows === 0 ? say('viewAfterColumns') : ''
  }

  private viewRow(row: number) {
    if (validate(this.recipe).length > 0 || !this.store.state.preview) return
    void this.controller?.preview.viewRow(row, this.recipe)
  }

  #do(command: (sources: SourceController) => Promise<unknown>) {
    if (!this.sources) return
    command(this.sources).catch((thrown: unknown) => this.store.update({ error: toErrorData(thrown) }))
  }
}

/** The choice; a new hub alone is meant for the other side too, while that has still to be fetched from the old one. */
function withMirror(side: Side, ref: HubRef, hub: HubItems): Partial<Choices> {
  const choice = { kind: 'hub', ref } as const
  const own = side === 'model' ? { model: choice } : { data: choice }
  const before = hub[side]?.ref
  const other = hub[side === 'model' ? 'data' : 'model']
  if (!before || !other || other.fetched || other.ref.base !== before.base || ref.base === before.base) return own
  if (!sameRef(ref, { ...before, base: ref.base })) return own
  const moved = { kind: 'hub', ref: { ...other.ref, base: ref.base } } as const
  return { ...own, ...(side === 'model' ? { data: moved } : { model: moved }) }
}

function originOf(ref: Parameters<typeof hostOf>[0]): string {
  const host = hostOf(ref)
  return ref.revision === 'main' ? say('fromHub', { host }) : say('fromHubAt', { host, revision: ref.revision })
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-data-step': FinetaleDataStep
  }
}
