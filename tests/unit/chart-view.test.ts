// What the chart hands to uPlot: a width's worth of points of the stretch that is shown, and which row the cursor stands on.
// uPlot itself is a stand-in here, with a linear scale; the real one is in tests/e2e/long-chart.test.ts.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Options } from 'uplot'
import { ChartView, zoomAll } from '../../src/ui/chartView'
import { Curves } from '../../src/ui/curves'

const WIDTH = 400

interface Hooks {
  readonly setCursor: readonly ((chart: unknown) => void)[]
  readonly setSelect: readonly ((chart: unknown) => void)[]
}

/** The stand-ins made so far, the last one last. */
const made = vi.hoisted(() => [] as { alive: boolean }[])

vi.mock('uplot', () => ({
  default: class {
    readonly options: Options
    readonly over = { clientWidth: 400, clientHeight: 200 }
    data: ArrayLike<number | null | undefined>[] = []
    cursor: { left: number; idx: number | null } = { left: -10, idx: null }
    select = { left: 0, top: 0, width: 0, height: 0 }
    alive = true

    constructor(options: Options) {
      this.options = options
      made.push(this)
    }

    range(): [number, number] {
      return (this.options.scales!.x!.range as () => [number, number])()
    }

    setData(data: ArrayLike<number | null | undefined>[]) {
      this.data = data
    }

    valToPos(value: number) {
      const [low, high] = this.range()
      return ((value - low) / (high - low)) * 400
    }

    posToVal(at: number) {
      const [low, high] = this.range()
      return low + (at / 400) * (high - low)
    }

    setCursor({ left }: { left: number }) {
      const value = this.posToVal(left)
      const x = Array.from(this.data[0] as ArrayLike<number>)
      const distances = x.map((one) => Math.abs(one - value))
      this.cursor = { left, idx: distances.indexOf(Math.min(...distances)) }
      ;(this.options.hooks as unknown as Hooks).setCursor[0]!(this)
    }

    setSelect(box: { left: number; top: number; width: number; height: number }) {
      this.select = box
    }

    drag(from: number, to: number) {
      this.select = { left: from, top: 0, width: to - from, height: 200 }
      ;(this.options.hooks as unknown as Hooks).setSelect[0]!(this)
    }

    setSize() {}
    redraw() {}
    destroy() {
      this.alive = false
    }
  },
}))

interface StandIn {
  readonly options: Options
  readonly data: readonly (readonly (number | null | undefined)[])[]
  readonly select: { readonly width: number }
  readonly alive: boolean
  range(): [number, number]
  setCursor(at: { left: number }): void
  drag(from: number, to: number): void
}

const chart = () => made.at(-1) as unknown as StandIn

function curvesOf(points: number, spike = -1): Curves {
  const curves = new Curves(0.6)
  const x = Float64Array.from({ length: points }, (_, i) => i + 1)
  const y = x.map((step) => (step === spike ? 50 : 2 + Math.sin(step)))
  curves.append({ x, y, pointX: [], pointY: [] })
  return curves
}

let rows: (number | null)[]
let views: ChartView[]

function viewOf(curves: Curves, smoothed = true): ChartView {
  const place = { clientWidth: WIDTH } as HTMLElement
  const options = { place, height: 200, color: () => '', onCursor: (row: number | null) => rows.push(row) }
  const view = new ChartView(options, { curves, marks: [], smoothed })
  views.push(view)
  return view
}

beforeEach(() => {
  vi.stubGlobal('devicePixelRatio', 1)
  rows = []
  views = []
})
afterEach(() => {
  views.forEach((view) => view.destroy())
  vi.unstubAllGlobals()
})

test('of 100,000 points a few a pixel are handed over, the spike among them', () => {
  viewOf(curvesOf(100_000, 31_415))
  const [x, raw, smoothed, points] = chart().data
  expect(x!.length).toBeLessThan(8 * WIDTH)
  expect(x!.length).toBeGreaterThan(WIDTH)
  expect(raw![x!.indexOf(31_415)]).toBe(50)
  expect([raw!.length, smoothed!.length, points!.length]).toEqual([x!.length, x!.length, x!.length])
  expect(chart().range()).toEqual([1, 100_000])
})

test('keys point to any row, although uPlot knows but a few of them', () => {
  const view = viewOf(curvesOf(100_000))
  for (const row of [99_999, 99_998, 50_001, 50_002, 50_003, 0]) {
    view.point(row)
    expect(rows.at(-1)).toBe(row)
  }
  // The pointer elsewhere speaks for itself.
  chart().setCursor({ left: 200 })
  expect(Math.abs(rows.at(-1)! - 50_000)).toBeLessThan(300)
})

test('a drag zooms every chart to the same steps, and a reset shows all again', () => {
  viewOf(curvesOf(1000))
  const other = chart()
  viewOf(curvesOf(100_000))
  const dragged = chart()
  zoomAll([100, 200])
  expect([other.range(), dragged.range()]).toEqual([[100, 200], [100, 200]]) // prettier-ignore
  zoomAll(null)
  dragged.drag(200, 300)
  expect(dragged.select.width).toBe(0)
  const [low, high] = dragged.range()
  expect(low).toBeCloseTo(50_000.5, 3)
  expect(high).toBeCloseTo(75_000.25, 3)
  expect(dragged.data[0]!.at(-1)).toBeGreaterThan(high - 1)
  zoomAll(null)
  expect(dragged.range()).toEqual([1, 100_000])
})

test('keys zoom about a row and take the shown stretch with them', async () => {
  const view = viewOf(curvesOf(1000))
  view.zoomAbout(500, 0.1)
  const [low, high] = chart().range()
  expect(high - low).toBeCloseTo(99.9, 6)
  expect((501 - low) / (high - low)).toBeCloseTo(500 / 999, 6)
  expect(chart().data[0]!.length).toBeLessThan(105)
  view.point(900)
  await Promise.resolve()
  expect(rows.at(-1)).toBe(900)
  expect(chart().range()[0]).toBeGreaterThan(800)
  // Beyond the ends there is nothing to show, and nothing less than a step apart.
  zoomAll([-500, 2000])
  expect(chart().range()).toEqual([1, 1000])
  zoomAll([10.2, 10.4])
  const [from, to] = chart().range()
  expect(to - from).toBeGreaterThanOrEqual(1)
  zoomAll([5000, 6000])
  expect(chart().range()).toEqual([1, 1000])
})

test('a new main line makes a new uPlot, more points do not', () => {
  const curves = curvesOf(10)
  const view = viewOf(curves)
  const first = chart()
  curves.append({
    x: Float64Array.from({ length: 11 }, (_, i) => i + 1),
    y: new Float64Array(11),
    pointX: [],
    pointY: [],
  })
  view.show({ curves, marks: [], smoothed: true })
  expect(chart()).toBe(first)
  expect(first.data[0]).toHaveLength(11)
  view.show({ curves, marks: [], smoothed: false })
  expect(chart()).not.toBe(first)
  expect(first.alive).toBe(false)
  expect(chart().data[0]).toHaveLength(11)
})

test('a single point has room about it', () => {
  viewOf(curvesOf(1))
  expect(chart().range()).toEqual([0, 2])
})
