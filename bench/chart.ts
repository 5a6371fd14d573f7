// What one more point costs the page's loss chart, by the number of points that it shows already. Runs in the page, since
// it draws: the time is the page's own script and drawing calls, not the browser's painting of them.

import type { FinetaleLineChart } from '../src/ui/finetale-line-chart'
import '../src/ui/finetale-line-chart'

const WIDTH = 1000
const POINTS = [1_000, 10_000, 100_000]

const frame = () => new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now())))

/** A loss as runs have it: falling, noisy. The numbers are the same at every call. */
function losses(length: number): { x: Float64Array; y: Float64Array } {
  let state = 1
  const noise = () => (state = Math.imul(state, 48271) & 0x7fffffff) / 0x7fffffff
  const x = Float64Array.from({ length }, (_, step) => step + 1)
  return { x, y: x.map((step) => 2 + 4 / (1 + step / 200) + noise() / 2) }
}

/** Milliseconds from the new point to the drawn frame, without the wait for the frame. */
async function append(chart: FinetaleLineChart, x: Float64Array, y: Float64Array, length: number): Promise<number> {
  // Callbacks of a frame run in the order they were asked for: this one before the chart's, the last one after it.
  const before = frame()
  const begun = performance.now()
  chart.x = x.subarray(0, length)
  chart.y = y.subarray(0, length)
  await chart.updateComplete
  const told = performance.now()
  const after = frame()
  return told - begun + ((await after) - (await before))
}

/** One line for each number of points: median, 95th percentile and longest of `rounds` updates. */
export async function benchChart(rounds: number): Promise<object[]> {
  const times = rounds > 0 ? rounds : 200
  const lines: object[] = []
  for (const points of POINTS) {
    const { x, y } = losses(points + times)
    const chart = document.createElement('finetale-line-chart')
    chart.smoothable = true
    chart.style.cssText = `display: block; width: ${WIDTH}px`
    document.body.append(chart)
    const first = await append(chart, x, y, points)
    const ms: number[] = []
    for (let i = 1; i <= times; i++) ms.push(await append(chart, x, y, points + i))
    chart.remove()
    ms.sort((a, b) => a - b)
    const at = (share: number) => Number(ms[Math.min(times - 1, Math.floor(share * times))]?.toFixed(2))
    lines.push({
      bench: 'chart',
      points,
      width: WIDTH,
      firstMs: Number(first.toFixed(1)),
      medianMs: at(0.5),
      p95Ms: at(0.95),
      maxMs: at(1),
    })
  }
  return lines
}
