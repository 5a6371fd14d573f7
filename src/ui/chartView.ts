// One uPlot instance and the stretch of the run it shows. uPlot is handed only the points that the visible stretch needs, so
// a drawing costs what its width costs, not what the run's length would. Charts of a page zoom together.

import uPlot from 'uplot'
import { drawMarks, drawOdd } from './chartDrawing'
import type { ChartMark } from './chartMarks'
import { chartOptions } from './chartOptions'
import type { Curves, DrawnColumns } from './curves'

export interface Shown {
  readonly curves: Curves
  readonly marks: readonly ChartMark[]
  /** False draws the raw values as the main line. */
  readonly smoothed: boolean
}

export interface ViewOptions {
  readonly place: HTMLElement
  readonly height: number
  /** A custom property's value where the chart stands. */
  readonly color: (property: string) => string
  /** Hears the row under the pointer. */
  readonly onCursor: (row: number | null) => void
}

type Range = readonly [low: number, high: number]

const views = new Set<ChartView>()

export class ChartView {
  readonly #options: ViewOptions
  #shown: Shown
  #chart: uPlot
  #drawn: DrawnColumns = { x: [], raw: [], smoothed: [], points: [], rows: [], odd: [] }
  /** The stretch zoomed to; null shows all. */
  #zoom: Range | null = null
  /** The row that keys have pointed to; of many in one pixel column uPlot knows only those it draws. */
  #pointed = -1

  constructor(options: ViewOptions, shown: Shown) {
    this.#options = options
    this.#shown = shown
    this.#chart = this.#create()
    views.add(this)
    this.#redraw()
  }

  destroy(): void {
    views.delete(this)
    this.#chart.destroy()
  }

  show(shown: Shown): void {
    const created = shown.smoothed !== this.#shown.smoothed
    this.#shown = shown
    if (created) {
      this.#chart.destroy()
      this.#chart = this.#create()
    }
    this.#redraw()
  }

  /** Draws again in other colours or at another width. */
  refresh(resized: boolean): void {
    const { place, height } = this.#options
    if (!resized) return this.#chart.redraw(false)
    this.#chart.setSize({ width: place.clientWidth, height })
    this.#redraw()
  }

  /** Moves the cursor to a row, and the zoomed stretch with it. */
  point(row: number): void {
    const step = this.#shown.curves.x(row)
    const [low, high] = this.#range()
    this.#pointed = row
    const point = () =>
      this.#chart.setCursor({ left: this.#chart.valToPos(step, 'x'), top: this.#chart.over.clientHeight / 2 })
    if (step >= low && step <= high) return point()
    const half = (high - low) / 2
    this.zoomTo([step - half, step + half])
    // uPlot takes its new scale in a microtask of its own, queued before this one.
    queueMicrotask(point)
  }

  /** The row under uPlot's cursor: the one pointed to by keys while the cursor stands at it, else the drawn one. */
  #rowAt(chart: uPlot, index: number): number | null {
    const { curves } = this.#shown
    const [low, high] = this.#range()
    const pixel = (high - low) / Math.max(1, chart.over.clientWidth)
    const value = chart.posToVal(chart.cursor.left ?? -1, 'x')
    if (this.#pointed >= 0 && Math.abs(value - curves.x(this.#pointed)) <= pixel) return this.#pointed
    this.#pointed = -1
    return this.#drawn.rows[index] ?? null
  }

  /** Zooms by a factor about a row: 0.5 shows half as much. */
  zoomAbout(row: number, factor: number): void {
    const [low, high] = this.#range()
    const step = this.#shown.curves.x(row)
    zoomAll([step - (step - low) * factor, step + (high - step) * factor])
  }

  zoomTo(range: Range | null): void {
    this.#zoom = range
    this.#redraw()
  }

  /** What is shown: the zoom, within what there is. */
  #range(): [number, number] {
    const { curves } = this.#shown
    const [first, last] = [curves.x(0), curves.x(curves.length - 1)]
    const [from, to] = this.#zoom ?? [first, last]
    const [low, high] = to <= first || from >= last ? [first, last] : [Math.max(first, from), Math.min(last, to)]
    // A single point needs some room about it, and less than a step apart there is nothing to see.
    return high - low >= 1 ? [low, high] : [low - 1, low + 1]
  }

  #redraw(): void {
    const [low, high] = this.#range()
    // Pixel columns of the canvas, of which a sharp screen has more than CSS pixels.
    const columns = Math.max(1, this.#options.place.clientWidth * devicePixelRatio)
    this.#drawn = this.#shown.curves.drawn(low, high, columns)
    const { x, raw, smoothed, points } = this.#drawn
    this.#chart.setData([x, raw, smoothed, points])
  }

  #create(): uPlot {
    const { place, height, color, onCursor } = this.#options
    const options = chartOptions({
      width: place.clientWidth,
      height,
      smoothed: this.#shown.smoothed,
      color,
      range: () => (this.#shown.curves.length > 0 ? this.#range() : [0, 1]),
      onCursor: (chart) => {
        const index = chart.cursor.idx ?? null
        onCursor(index === null ? null : this.#rowAt(chart, index))
      },
      onSelect: (low, high) => this.zoomTo([low, high]),
      onReset: () => zoomAll(null),
      onDrawn: (chart) => {
        drawMarks(chart, this.#shown.marks, color)
        drawOdd(chart, this.#drawn.odd, color)
      },
    })
    return new uPlot(options, [[], [], [], []], place)
  }
}

/** Zooms every chart of the page to the same steps; null shows all of the run. */
export function zoomAll(range: Range | null): void {
  for (const view of views) view.zoomTo(range)
}
