// How uPlot draws our curves: scales, axes and colours, read from theme.css at each drawing so that both schemes fit.

import type uPlot from 'uplot'
import { formatNumber, formatRate } from './format'

export interface ChartLook {
  readonly width: number
  readonly height: number
  /** False draws the raw values as the main line. */
  readonly smoothed: boolean
  /** A custom property's value where the chart stands. */
  readonly color: (property: string) => string
  /** The steps to show. */
  readonly range: () => [number, number]
  readonly onCursor: (chart: uPlot) => void
  /** Hears the steps that were dragged over. */
  readonly onSelect: (low: number, high: number) => void
  readonly onReset: () => void
  /** Called when the curves are on the canvas. */
  readonly onDrawn: (chart: uPlot) => void
}

/** Charts with this key mark the same step when the pointer is over one of them. */
const SYNC = 'finetale-steps'

export function chartOptions(look: ChartLook): uPlot.Options {
  const { width, height, smoothed, color, range, onCursor, onSelect, onReset, onDrawn } = look
  const axis = {
    stroke: () => color('--ink-2'),
    grid: { stroke: () => color('--chart-grid'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  }
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    scales: { x: { time: false, range }, y: { range: { min: { pad: 0.08 }, max: { pad: 0.08 } } } },
    cursor: {
      sync: { key: SYNC },
      // What is dragged over is handed on: uPlot itself knows only the points it was given to draw.
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          onReset()
          return null
        },
      },
      points: { size: 8, fill: (_chart, series) => color(seriesColors[series] ?? '--chart-line') },
    },
    axes: [
      { ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000], space: 48 },
      { ...axis, size: 58, values: (_chart, ticks) => ticks.map(axisNumber), space: 36 },
    ],
    series: [
      {},
      {
        stroke: () => color(smoothed ? '--chart-raw' : '--chart-line'),
        width: smoothed ? 1.5 : 2,
        points: { show: (chart) => chart.data[0].length < 3 },
      },
      { stroke: () => color('--chart-line'), width: 2.25, show: smoothed, points: { show: false } },
      {
        stroke: () => color('--eval'),
        width: 1.5,
        dash: [6, 4],
        spanGaps: true,
        points: { show: true, size: 9, width: 2, stroke: () => color('--eval'), fill: () => color('--surface') },
      },
    ],
    hooks: {
      setCursor: [onCursor],
      setSelect: [
        (chart) => {
          const { left, width: wide } = chart.select
          if (wide <= 0) return
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          onSelect(chart.posToVal(left, 'x'), chart.posToVal(left + wide, 'x'))
        },
      ],
      draw: [onDrawn],
    },
  }
}

function axisNumber(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? formatRate(value) : formatNumber(value, 4)
}

const seriesColors = ['', '--chart-line', '--chart-line', '--eval']
