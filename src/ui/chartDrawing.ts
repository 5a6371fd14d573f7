// What is drawn over uPlot's curves: a vertical line at each mark, and a cross where a value is not finite. Canvas only.

import type uPlot from 'uplot'
import type { ChartMark } from './chartMarks'

/** @param color a custom property's value where the chart stands */
export function drawMarks(chart: uPlot, marks: readonly ChartMark[], color: (property: string) => string): void {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.lineWidth = pixels(1)
  ctx.setLineDash([pixels(3), pixels(3)])
  for (const { step, kind } of marks) {
    const x = Math.round(chart.valToPos(step, 'x', true)) + 0.5
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue
    ctx.strokeStyle = color(kind === 'changed' ? '--warn' : '--ink-2')
    ctx.beginPath()
    ctx.moveTo(x, bbox.top)
    ctx.lineTo(x, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}

/** A cross at the top of the plot: the value has no place on the y scale. */
export function drawOdd(chart: uPlot, odd: readonly number[], color: (property: string) => string): void {
  const { ctx, bbox } = chart
  const arm = pixels(4)
  const y = bbox.top + 2 * arm
  ctx.save()
  ctx.lineWidth = pixels(2)
  ctx.strokeStyle = color('--danger')
  ctx.beginPath()
  for (const step of odd) {
    const x = chart.valToPos(step, 'x', true)
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue
    ctx.moveTo(x - arm, y - arm)
    ctx.lineTo(x + arm, y + arm)
    ctx.moveTo(x - arm, y + arm)
    ctx.lineTo(x + arm, y - arm)
  }
  ctx.stroke()
  ctx.restore()
}

function pixels(css: number): number {
  return css * devicePixelRatio
}
