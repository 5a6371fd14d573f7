// A curve over steps, drawn by uPlot: raw and smoothed values, sparse evaluation points, a cursor for keys and pointer,
// and the same numbers as a table. It is told columns and keeps none; smoothing and alignment are in smoothing.ts.

import { html, LitElement, nothing, unsafeCSS } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import uPlot from 'uplot'
import uPlotCss from 'uplot/dist/uPlot.min.css?inline'
import { chartOptions } from './chartOptions'
import './finetale-chart-table'
import type { TableColumn } from './finetale-chart-table'
import { formatLoss, formatNumber } from './format'
import { lineChartStyles } from './lineChartStyles'
import { say } from './messages'
import { controls, panel } from './sharedStyles'
import { chartColumns } from './smoothing'
import type { ChartColumns } from './smoothing'

const ANNOUNCE_AFTER = 400
const none = new Float64Array(0)

@customElement('finetale-line-chart')
export class FinetaleLineChart extends LitElement {
  static override styles = [controls, panel, unsafeCSS(uPlotCss), lineChartStyles]

  @property() override title = ''
  @property({ attribute: false }) x: Float64Array = none
  @property({ attribute: false }) y: Float64Array = none
  /** Sparse evaluation points, with their own steps. */
  @property({ attribute: false }) pointX: Float64Array = none
  @property({ attribute: false }) pointY: Float64Array = none
  /** True offers smoothing; what the recipe prescribes, such as the learning rate, is never smoothed. */
  @property({ type: Boolean }) smoothable = false
  @property({ type: Number }) height = 260
  @property({ attribute: false }) format: (value: number) => string = formatLoss

  @state() private weight = 0.6
  @state() private frozen = false
  @state() private tableOpen = false
  @state() private cursor: number | null = null
  @state() private announced = ''

  @query('.plot') private readonly plot!: HTMLDivElement

  #chart: uPlot | null = null
  #columns: ChartColumns = chartColumns([], [], [], [], 0)
  #frame = 0
  #announcing: ReturnType<typeof setTimeout> | undefined
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)')
  readonly #recolor = () => this.#chart?.redraw(false)
  readonly #resize = new ResizeObserver(() => this.#fit())

  override connectedCallback() {
    super.connectedCallback()
    this.#scheme.addEventListener('change', this.#recolor)
  }

  override disconnectedCallback() {
    super.disconnectedCallback()
    this.#scheme.removeEventListener('change', this.#recolor)
    this.#resize.disconnect()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#announcing)
    this.#chart?.destroy()
    this.#chart = null
  }

  override firstUpdated() {
    // By the object model: the content policy forbids style attributes.
    this.plot.style.minHeight = `${this.height}px`
    this.#resize.observe(this.plot)
  }

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    const told = ['x', 'y', 'pointX', 'pointY', 'weight', 'smoothable', 'frozen'].some((key) => changed.has(key))
    if (!told || (this.frozen && !changed.has('weight'))) return
    const weight = this.smoothable ? this.weight : 0
    this.#columns = chartColumns(this.x, this.y, this.pointX, this.pointY, weight)
    this.#frame ||= requestAnimationFrame(() => this.#draw())
  }

  override render() {
    const empty = this.#columns.x.length === 0
    return html`
      <div class="panel">
        <div class="head">
          <h3 id="title">${this.title}</h3>
          <div class="tools">${this.smoothable ? this.renderSmoothing() : nothing} ${this.renderToggles()}</div>
        </div>
        <figure aria-labelledby="title" aria-details=${this.tableOpen ? 'table' : nothing}>
          <div class="keys" aria-hidden="true">${this.renderKeys()}</div>
          <div
            class="plot"
            tabindex="0"
            role="application"
            aria-label=${say('chartKeys', { title: this.title })}
            @keydown=${this.pressed}
          >
            ${empty ? html`<p class="empty">${say('chartEmpty')}</p>` : nothing}
          </div>
        </figure>
        <p class="hidden" role="status">${this.announced}</p>
        ${this.tableOpen ? this.renderTable() : nothing}
      </div>
    `
  }

  private renderSmoothing() {
    return html`<label class="smoothing">
      ${say('chartSmoothing')}
      <input
        type="range"
        min="0"
        max="0.99"
        step="0.01"
        .value=${String(this.weight)}
        @input=${(event: Event) => {
          if (event.target instanceof HTMLInputElement) this.weight = event.target.valueAsNumber
        }}
      />
      <output>${formatNumber(this.weight, 2)}</output>
    </label>`
  }

  private renderToggles() {
    return html`
      <button class="quiet" aria-pressed=${this.frozen ? 'true' : 'false'} @click=${() => (this.frozen = !this.frozen)}>
        ${say('chartFreeze')}
      </button>
      <button
        class="quiet"
        aria-pressed=${this.tableOpen ? 'true' : 'false'}
        @click=${() => (this.tableOpen = !this.tableOpen)}
      >
        ${say('chartTable')}
      </button>
    `
  }

  private renderKeys() {
    const { cursor } = this
    const { x } = this.#columns
    const step = cursor === null ? undefined : x[cursor]
    return html`
      ${this.#series().map(({ kind, label, values, format }) => {
        const value = cursor === null ? null : (values[cursor] ?? null)
        const text = value === null ? label : say('chartPoint', { series: label, value: format(value) })
        return html`<span class="key ${kind}">${text}</span>`
      })}
      ${step === undefined ? nothing : html`<span>${say('chartAt', { step })}</span>`}
    `
  }

  private renderTable() {
    return html`<finetale-chart-table
      id="table"
      .caption=${this.title}
      .steps=${this.#columns.x}
      .columns=${this.#series()}
    ></finetale-chart-table>`
  }

  private readonly pressed = (event: KeyboardEvent) => {
    const last = this.#columns.x.length - 1
    if (last < 0 || !this.#chart) return
    const at = this.cursor ?? last
    const page = Math.max(1, Math.round(last / 10))
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      PageUp: at - page,
      PageDown: at + page,
      Home: 0,
      End: last,
    }
    const target = targets[event.key]
    if (target === undefined) return
    event.preventDefault()
    this.#point(Math.min(last, Math.max(0, target)))
  }

  /** Moves the cursor to a row and says, once the keys rest, what is there. */
  #point(index: number) {
    const chart = this.#chart
    const step = this.#columns.x[index]
    if (!chart || step === undefined) return
    chart.setCursor({ left: chart.valToPos(step, 'x'), top: chart.over.clientHeight / 2 })
    this.cursor = index
    clearTimeout(this.#announcing)
    this.#announcing = setTimeout(() => {
      const values = this.#series().flatMap(({ label, values, format }) => {
        const value = values[index] ?? null
        return value === null ? [] : [say('chartPoint', { series: label, value: format(value) })]
      })
      this.announced = [say('chartAt', { step }), ...values].join(', ')
    }, ANNOUNCE_AFTER)
  }

  #series(): (TableColumn & { kind: string })[] {
    const { raw, smoothed, points } = this.#columns
    const { format } = this
    const series = [{ kind: this.#isSmoothed ? 'raw' : '', label: say('seriesRaw'), values: raw, format }]
    if (!this.smoothable) return [{ kind: '', label: this.title, values: raw, format }]
    if (this.#isSmoothed) series.push({ kind: '', label: say('seriesSmooth'), values: smoothed, format })
    series.push({ kind: 'eval', label: say('seriesEval'), values: points, format })
    return series
  }

  get #isSmoothed(): boolean {
    return this.smoothable && this.weight > 0
  }

  #draw() {
    this.#frame = 0
    const { x, raw, smoothed, points } = this.#columns
    if (x.length === 0) {
      this.#chart?.destroy()
      this.#chart = null
      return
    }
    this.#chart ??= this.#create()
    if (this.#chart.series[2]?.show !== this.#isSmoothed) {
      this.#chart.destroy()
      this.#chart = this.#create()
    }
    this.#chart.setData([x, raw, smoothed, points])
  }

  #create(): uPlot {
    const style = getComputedStyle(this)
    const look = {
      width: this.plot.clientWidth,
      height: this.height,
      smoothed: this.#isSmoothed,
      color: (name: string) => style.getPropertyValue(name),
      onCursor: (index: number | null) => (this.cursor = index),
    }
    return new uPlot(chartOptions(look), [[], [], [], []], this.plot)
  }

  #fit() {
    this.#chart?.setSize({ width: this.plot.clientWidth, height: this.height })
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-line-chart': FinetaleLineChart
  }
}
