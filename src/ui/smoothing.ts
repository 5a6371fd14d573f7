// Smoothing of curves and the columns a chart draws. Pure functions over arrays; no drawing.

/**
 * Debiased exponential moving average: s_n = sum_i w^(n-i) (1-w) v_i / (1 - w^n), the smoothing of TensorBoard and W&B.
 * Written as a step towards each value by (1-w)/(1-w^n), so constants stay exact and a later value never changes an
 * earlier result. Values that are not finite are gaps: they give NaN and leave the average as it was.
 * @param weight 0 (none) to below 1.
 */
export function smooth(values: ArrayLike<number>, weight: number): Float64Array {
  const result = new Float64Array(values.length)
  let average = 0
  let remaining = 1 // w^n
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN
    if (!Number.isFinite(value)) {
      result[i] = Number.NaN
      continue
    }
    remaining *= weight
    average += ((1 - weight) / (1 - remaining)) * (value - average)
    result[i] = average
  }
  return result
}

export interface ChartColumns {
  /** Ascending, each once. */
  readonly x: number[]
  readonly raw: (number | null)[]
  readonly smoothed: (number | null)[]
  /** Points of a second, sparser curve; null where it has none. */
  readonly points: (number | null)[]
}

/** Aligns a dense curve and a sparse one on one x column; what is missing or not finite becomes null. */
export function chartColumns(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  pointX: ArrayLike<number>,
  pointY: ArrayLike<number>,
  weight: number,
): ChartColumns {
  const smoothed = smooth(y, weight)
  const columns: ChartColumns = { x: [], raw: [], smoothed: [], points: [] }
  let i = 0
  let j = 0
  while (i < x.length || j < pointX.length) {
    const dense = x[i] ?? Infinity
    const sparse = pointX[j] ?? Infinity
    columns.x.push(Math.min(dense, sparse))
    columns.raw.push(dense <= sparse ? finiteOrNull(y[i]) : null)
    columns.smoothed.push(dense <= sparse ? finiteOrNull(smoothed[i]) : null)
    columns.points.push(sparse <= dense ? finiteOrNull(pointY[j]) : null)
    if (dense <= sparse) i++
    if (sparse <= dense) j++
  }
  return columns
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null
}
