// A curve over steps: raw and smoothed values, sparse evaluation points, marks, a cursor for keys and pointer, and the same
// numbers as a table. It is told columns; aligning and smoothing them is in curves.ts, drawing in chartView.ts.

import { html, LitElement, nothing, unsafeCSS } from 'lit'
import { customElement, property, query, state } from 'lit/decorators.js'
import uPlotCss from 'uplot/dist/uPlot.min.css?inline'
import type { ChartMark } from './chartMarks'
import { ChartView, zoomAll } from './chartView'
import { Curves } from './curves'
import './finetale-chart-table'
import type { TableColumn } from './finetale-chart-table'
import { formatLoss, formatNumber } from './format'
import { lineChartStyles } from './lineChartStyles'
import { say } from './messages'
import { controls, panel } from './sharedStyles'

const ANNOUNCE_AFTER = 400
/** Marks that are named below the curve; the table has all. */
const MARKS_LISTED = 5
const none = new Float64Array(0)

function differ(now: readonly object[], before: readonly object[] | undefined): boolean {
  return now.length !== before?.length || now.some((one, i) => one !== before[i])
}

@customElement('finetale-line-chart')
export class FinetaleLineChart extends LitElement {
  static override styles = [controls, panel, unsafeCSS(uPlotCss), lineChartStyles]

  @property() override title = ''
  @property({ attribute: false }) x: Float64Array = none
  @property({ attribute: false }) y: Float64Array = none
  /** Sparse evaluation points, with their own steps. */
  @property({ attribute: false }) pointX: Float64Array = none
  @property({ attribute: false }) pointY: Float64Array = none
  /** Other objects once points told before are no longer true; until then only new ones are taken from the columns. */
  @property({ attribute: false, hasChanged: differ }) lineage: readonly object[] = []
  @property({ attribute: false }) marks: readonly ChartMark[] = []
  /** True says in words below the curve what is marked. */
  @property({ type: Boolean }) listed = false
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

  #view: ChartView | null = null
  #curves = new Curves(0)
  #frame = 0
  #announcing: ReturnType<typeof setTimeout> | undefined
  readonly #scheme = matchMedia('(prefers-color-scheme: dark)')
  readonly #recolor = () => this.#view?.refresh(false)
  readonly #resize = new ResizeObserver(() => this.#view?.refresh(true))

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
    this.#undraw()
  }

  override firstUpdated() {
    // By the object model: the content policy forbids style attributes.
    this.plot.style.minHeight = `${this.height}px`
    this.#resize.observe(this.plot)
  }

  override willUpdate(changed: Map<PropertyKey, unknown>) {
    const told = ['x', 'y', 'pointX', 'pointY', 'lineage', 'marks', 'weight', 'smoothable', 'frozen']
    if (!told.some((key) => changed.has(key)) || (this.frozen && !changed.has('weight'))) return
    const cut = changed.has('lineage')
    if (cut) this.#undraw()
    const anew = cut || ['weight', 'smoothable', 'frozen'].some((key) => changed.has(key))
    if (anew || !this.#curves.append(this)) {
      this.#curves = new Curves(this.smoothable ? this.weight : 0)
      this.#curves.append(this)
    }
    this.#frame ||= requestAnimationFrame(() => this.#draw())
  }

  override render() {
    const empty = this.#curves.length === 0
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
        ${this.renderNotes()}
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
    const told = cursor !== null && cursor < this.#curves.length
    return html`
      ${this.#series().map(({ kind, label, value: valueOf, format }) => {
        const value = told ? valueOf(cursor) : undefined
        const text = value === undefined ? label : say('chartPoint', { series: label, value: format(value) })
        return html`<span class="key ${kind}">${text}</span>`
      })}
      ${told ? html`<span>${say('chartAt', { step: this.#curves.x(cursor) })}</span>` : nothing}
    `
  }

  /** What the curve itself cannot say. */
  private renderNotes() {
    const odd = this.#curves.oddCount
    const earlier = Math.max(0, this.marks.length - MARKS_LISTED)
    const marks = this.listed ? this.marks.slice(-MARKS_LISTED) : []
    if (odd === 0 && marks.length === 0) return nothing
    return html`<ul class="notes">
      ${odd > 0 ? html`<li class="odd">${say('chartOdd', { count: odd })}</li>` : nothing}
      ${earlier > 0 && this.listed ? html`<li>${say('marksEarlier', { count: earlier })}</li>` : nothing}
      ${marks.map(({ kind, text }) => html`<li class=${kind}>${text}</li>`)}
    </ul>`
  }

  private renderTable() {
    return html`<finetale-chart-table
      id="table"
      .caption=${this.title}
      .rows=${this.#curves.length}
      .step=${(row: number) => this.#curves.x(row)}
      .columns=${this.#series()}
      .notes=${this.#notes()}
    ></finetale-chart-table>`
  }

  private readonly pressed = (event: KeyboardEvent) => {
    const last = this.#curves.length - 1
    const view = this.#view
    // With these keys held down it is a shortcut of the browser's.
    if (last < 0 || !view || event.ctrlKey || event.metaKey || event.altKey) return
    const at = Math.min(last, this.cursor ?? last)
    const zooms: Readonly<Record<string, () => void>> = {
      '+': () => view.zoomAbout(at, 0.5),
      '-': () => view.zoomAbout(at, 2),
      Escape: () => zoomAll(null),
    }
    const zoom = zooms[event.key]
    if (zoom) {
      event.preventDefault()
      zoom()
      return
    }
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
    this.cursor = index
    this.#view?.point(index)
    clearTimeout(this.#announcing)
    this.#announcing = setTimeout(() => {
      const values = this.#series().flatMap(({ label, value: valueOf, format }) => {
        const value = valueOf(index)
        return value === undefined ? [] : [say('chartPoint', { series: label, value: format(value) })]
      })
      const marked = this.#notes().get(index) ?? []
      this.announced = [say('chartAt', { step: this.#curves.x(index) }), ...values, ...marked].join(', ')
    }, ANNOUNCE_AFTER)
  }

  #series(): (TableColumn & { kind: string })[] {
    const { format } = this
    const raw = (row: number) => this.#curves.raw(row)
    const smoothed = (row: number) => this.#curves.smoothed(row)
    const point = (row: number) => this.#curves.point(row)
    if (!this.smoothable) return [{ kind: '', label: this.title, value: raw, format }]
    const series = [{ kind: this.#isSmoothed ? 'raw' : '', label: say('seriesRaw'), value: raw, format }]
    if (this.#isSmoothed) series.push({ kind: '', label: say('seriesSmooth'), value: smoothed, format })
    series.push({ kind: 'eval', label: say('seriesEval'), value: point, format })
    return series
  }

  /** Marks by the row they belong to: that of their step, or the next one logged. */
  #notes(): Map<number, string[]> {
    const notes = new Map<number, string[]>()
    for (const { step, text } of this.marks) {
      const row = this.#curves.rowFrom(step)
      if (row >= 0) notes.set(row, [...(notes.get(row) ?? []), text])
    }
    return notes
  }

  #undraw() {
    this.#view?.destroy()
    this.#view = null
  }

  get #isSmoothed(): boolean {
    return this.smoothable && this.weight > 0
  }

  #draw() {
    this.#frame = 0
    const shown = { curves: this.#curves, marks: this.marks, smoothed: this.#isSmoothed }
    if (this.#curves.length === 0) {
      this.#undraw()
    } else if (this.#view) {
      this.#view.show(shown)
    } else {
      const style = getComputedStyle(this)
      const color = (name: string) => style.getPropertyValue(name)
      const onCursor = (row: number | null) => (this.cursor = row)
      this.#view = new ChartView({ place: this.plot, height: this.height, color, onCursor }, shown)
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'finetale-line-chart': FinetaleLineChart
  }
}
