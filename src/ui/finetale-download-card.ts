// The repositories chosen on a hub: what will be fetched and from where, how far it is, what went wrong and what can be
// done, what this browser keeps. It fetches nothing; every button is an event.

import { html, LitElement, nothing } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import { expectedBytes, smallerPreset } from '../state/presetSources'
import { hostOf, isFetching, missingSides, type HubItem, type HubItems, type Side } from '../state/sources'
import type { FetchProgress, FinetaleErrorData } from '../workers/protocol'
import { breakable } from './breakable'
import { downloadCardStyles } from './downloadCardStyles'
import { send } from './events'
import { formatBytes, formatDuration } from './format'
import { actionLabels, actionsFor, errorTitle, type HubAction } from './hubErrors'
import { joined, say } from './messages'
import { bytesDone } from './runSummary'
import { controls, panel } from './sharedStyles'

/** @fires finetale-hub-action - The side and what is to be done. @fires finetale-download @fires finetale-cancel-download */
@customElement('finetale-download-card')
export class FinetaleDownloadCard extends LitElement {
  static override styles = [controls, panel, downloadCardStyles]

  @property({ attribute: false }) hub: HubItems = { model: null, data: null }
  /** True while a run uses what was fetched. */
  @property({ type: Boolean }) locked = false

  /** Unix time in ms at which a request that came too early may be tried again. */
  @state() private waitUntil = 0

  #clock: ReturnType<typeof setInterval> | undefined
  #told: FinetaleErrorData | null = null

  override disconnectedCallback() {
    super.disconnectedCallback()
    clearInterval(this.#clock)
  }

  override willUpdate() {
    const error = this.hub.model?.error ?? this.hub.data?.error ?? null
    if (error === this.#told) return
    this.#told = error
    this.waitUntil = error?.retryAfter === undefined ? 0 : Date.now() + error.retryAfter * 1000
    clearInterval(this.#clock)
    if (this.waitUntil > 0) this.#clock = setInterval(() => this.#tick(), 1000)
  }

  #tick() {
    if (this.#secondsToWait === 0) clearInterval(this.#clock)
    this.requestUpdate()
  }

  get #secondsToWait(): number {
    return Math.max(0, Math.ceil((this.waitUntil - Date.now()) / 1000))
  }

  override render() {
    const { hub } = this
    const items = (['model', 'data'] as const).flatMap((side) => (hub[side] ? [{ side, item: hub[side] }] : []))
    if (items.length === 0) return nothing
    const missing = missingSides(hub).length > 0
    const title = isFetching(hub) ? 'downloadingTitle' : missing ? 'downloadTitle' : 'keptTitle'
    return html`
      <section class="panel" aria-labelledby="title">
        <div class="head"><h3 id="title">${say(title)}</h3></div>
        ${items.map(({ side, item }) => this.renderItem(side, item))} ${missing ? this.renderFoot() : nothing}
      </section>
    `
  }

  private renderItem(side: Side, item: HubItem) {
    const { ref, cachedBytes, progress, error } = item
    const kept = (cachedBytes ?? 0) > 0
    return html`
      <div class="item" id=${`${side}-item`}>
        <div class="line">
          <span
            ><span class="muted">${say(side === 'model' ? 'modelLabel' : 'dataLabel')}</span>
            <span class="repo">${breakable(ref.repo)}</span></span
          >
          <span class="numbers">
            <span>${this.sizeOf(item)}</span>
            ${
              kept && !progress
                ? html`<button
                    class="quiet"
                    ?disabled=${this.locked}
                    aria-label=${say('downloadRemoveLabel', { repo: ref.repo })}
                    @click=${() => send(this, 'finetale-remove-cached', side)}
                  >
                    ${say('downloadRemove')}
                  </button>`
                : nothing
            }
          </span>
        </div>
        ${progress ? this.renderProgress(item, progress) : nothing}
        ${error ? this.renderError(side, item, error) : nothing}
      </div>
    `
  }

  private sizeOf({ ref, cachedBytes, fetched, progress }: HubItem): string {
    if (cachedBytes === null && !fetched) return say('sizeLooking')
    if ((cachedBytes ?? 0) > 0) return say('sizeKept', { size: formatBytes(cachedBytes ?? 0) })
    // Once it comes, what the hub says counts, and the bar says it.
    if (progress) return say('downloadWhat', { host: hostOf(ref) })
    const bytes = expectedBytes(ref)
    const size = bytes === null ? say('sizeUnknown') : say('sizeKnown', { size: formatBytes(bytes) })
    return joined(say('downloadWhat', { host: hostOf(ref) }), size)
  }

  private renderProgress({ ref }: HubItem, progress: FetchProgress) {
    const { file, receivedBytes, totalBytes, bytesPerSecond, secondsLeft, mended } = progress
    const whole = totalBytes !== null && totalBytes > 0 && receivedBytes >= totalBytes
    const parts = [
      bytesDone(progress),
      bytesPerSecond > 0 ? say('progressSpeed', { speed: formatBytes(bytesPerSecond) }) : '',
      secondsLeft === null || whole ? '' : say('progressLeft', { time: formatDuration(secondsLeft) }),
      file ? say('progressFile', { file }) : '',
    ].filter(Boolean)
    const text = whole
      ? [say('progressSettling')]
      : receivedBytes === 0
        ? [say('progressStarting', { host: hostOf(ref) })]
        : parts
    const share = totalBytes === null || totalBytes === 0 ? null : receivedBytes / totalBytes
    return html`
      ${
        share === null
          ? html`<progress aria-label=${say('downloadBar', { repo: ref.repo })}></progress>`
          : html`<progress max="1" .value=${share} aria-label=${say('downloadBar', { repo: ref.repo })}></progress>`
      }
      <p class="numbers">${text.map((part) => html`<span>${part}</span>`)}</p>
      ${mended && !whole ? html`<p class="muted" role="status">${say(`progress_${mended}`)}</p>` : nothing}
    `
  }

  private renderError(side: Side, { ref }: HubItem, error: FinetaleErrorData) {
    const mild = error.code === 'cancelled'
    const actions = actionsFor(error.code).filter((action) => action !== 'smaller' || smallerPreset(ref) !== null)
    return html`
      <div class=${mild ? 'failure mild' : 'failure'} data-code=${error.code ?? 'other'}>
        <div role=${mild ? 'status' : 'alert'}>
          <h4>${say(errorTitle(error.code))}</h4>
          <p>${error.message}</p>
          <p class="muted">${error.action}</p>
        </div>
      </div>
      <div class="buttons">${actions.map((action, index) => this.renderAction(side, action, index === 0))}</div>
    `
  }

  private renderAction(side: Side, action: HubAction, first: boolean) {
    const seconds = action === 'retry' ? this.#secondsToWait : 0
    return html`<button
      class=${first ? 'primary' : ''}
      ?disabled=${seconds > 0}
      @click=${() => send(this, 'finetale-hub-action', { side, action })}
    >
      ${seconds > 0 ? say('downloadWait', { seconds }) : say(actionLabels[action])}
    </button>`
  }

  private renderFoot() {
    const { model, data } = this.hub
    if (isFetching(this.hub)) {
      return html`<div class="foot">
        <div class="buttons">
          <button id="cancel-download" @click=${() => send(this, 'finetale-cancel-download', undefined)}>
            ${say('downloadCancel')}
          </button>
        </div>
      </div>`
    }
    if (model?.error || data?.error) return nothing
    const first = missingSides(this.hub)[0] ?? 'data'
    const item = this.hub[first]
    const host = item ? hostOf(item.ref) : ''
    const smaller = model && !model.fetched ? smallerPreset(model.ref) : null
    return html`
      <div class="foot">
        <p class="muted">${say('downloadWhy', { host })}</p>
        <div class="buttons">
          <button id="download" class="primary" @click=${() => send(this, 'finetale-download', undefined)}>
            ${say('download')}
          </button>
          ${this.renderAction(model && !model.fetched ? 'model' : 'data', 'local', false)}
          ${smaller ? this.renderAction('model', 'smaller', false) : nothing}
        </div>
      </div>
    `
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-download-card': FinetaleDownloadCard
  }
}
