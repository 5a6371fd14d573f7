// Which points of a long curve are drawn: per pixel column the first, the lowest, the highest and the last, and one that is
// not finite. What is left out would lie on the same pixels. It picks places; the values stay where they are.

import { lowerBound, type ValueRanges } from './valueRanges'

/** An ascending x of `length` values. */
export interface Ascending {
  readonly length: number
  at(index: number): number
}

/** Most points that one column gives for one curve. */
export const PICKS_A_COLUMN = 5

/**
 * Places of the points to draw, ascending, each once: those of x from `low` to `high`, and one beyond each end so that the
 * line reaches the edge. A single value that stands out is never lost, wherever it lies.
 * @param curves on the same x; a place that one of them needs is drawn of all
 * @param columns pixel columns the stretch is drawn on
 */
export function pickPoints(
  x: Ascending,
  curves: readonly ValueRanges[],
  low: number,
  high: number,
  columns: number,
): number[] {
  const from = Math.max(0, lowerBound(x, x.length, low) - 1)
  const to = Math.min(x.length, lowerBound(x, x.length, high) + 1)
  const wide = Math.max(1, Math.floor(columns))
  if (to - from <= 2 * wide) return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
  const picked: number[] = []
  const own = new Set<number>()
  let start = from
  for (let column = 1; column <= wide && start < to; column++) {
    const end = column === wide ? to : Math.min(to, lowerBound(x, x.length, low + ((high - low) * column) / wide))
    if (end <= start) continue
    own.clear()
    own.add(start).add(end - 1)
    for (const curve of curves) {
      const { lowest, highest } = curve.extremes(start, end)
      own.add(lowest).add(highest).add(curve.firstOdd(start, end))
    }
    own.delete(-1)
    picked.push(...[...own].sort((a, b) => a - b))
    start = end
  }
  return picked
}
