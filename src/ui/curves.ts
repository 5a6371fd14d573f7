// What a chart knows of its curves: the values told so far, smoothed, aligned on one x, ready to be drawn at any zoom. It
// takes only what is new, so that a point costs the same however many came before it. No drawing.

import { Column } from '../state/columns'
import { pickPoints } from './decimate'
import { Smoother } from './smoothing'
import { lowerBound, ValueRanges } from './valueRanges'

export interface CurveInput {
  /** Ascending, each once. */
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** A second, sparser curve with its own x. */
  readonly pointX: ArrayLike<number>
  readonly pointY: ArrayLike<number>
}

/** uPlot's notation: null is a gap, undefined is a row of another curve. */
type Cell = number | null | undefined

export interface DrawnColumns {
  readonly x: number[]
  readonly raw: Cell[]
  readonly smoothed: Cell[]
  readonly points: Cell[]
  /** Rows of the whole, one a drawn point. */
  readonly rows: number[]
  /** x of drawn points whose value is not finite. */
  readonly odd: number[]
}

/** One curve of points at its own x, and the rows they lie in. */
class Curve {
  readonly x = new Column()
  readonly values = new ValueRanges()
  readonly rows = new Column()
}

export class Curves {
  readonly #dense = new Curve()
  readonly #sparse = new Curve()
  readonly #smoothed = new ValueRanges()
  readonly #smoother: Smoother
  /** The x of both, and for each row the place in either curve, -1 where it has none. */
  readonly #x = new Column()
  readonly #denseAt = new Column()
  readonly #sparseAt = new Column()

  /** @param weight of the smoothing, 0 to below 1 */
  constructor(weight: number) {
    this.#smoother = new Smoother(weight)
  }

  /** Rows: places of the shared x. */
  get length(): number {
    return this.#x.length
  }

  /** Points of both curves taken so far. */
  get taken(): number {
    return this.#dense.x.length + this.#sparse.x.length
  }

  x(row: number): number {
    return this.#x.at(row)
  }

  /** Undefined where the curve has no point in this row. */
  raw(row: number): number | undefined {
    return valueAt(this.#dense.values, this.#denseAt.at(row))
  }

  smoothed(row: number): number | undefined {
    return valueAt(this.#smoothed, this.#denseAt.at(row))
  }

  point(row: number): number | undefined {
    return valueAt(this.#sparse.values, this.#sparseAt.at(row))
  }

  /** Values of the dense and the sparse curve that are not finite. */
  get oddCount(): number {
    const { values } = this.#dense
    return values.oddCount(0, values.length) + this.#sparse.values.oddCount(0, this.#sparse.values.length)
  }

  /** The row whose x is nearest; -1 when there is none. */
  nearest(x: number): number {
    const { length } = this
    const row = Math.min(length - 1, lowerBound(this.#x, length, x))
    return row > 0 && x - this.x(row - 1) <= this.x(row) - x ? row - 1 : row
  }

  /** The first row at `x` or after it, or the last one; -1 when there is none. */
  rowFrom(x: number): number {
    return Math.min(this.length - 1, lowerBound(this.#x, this.length, x))
  }

  /**
   * Takes the points that came after those it has.
   * @returns false when one lies before a row that is there: the curves are then to be built anew
   */
  append({ x, y, pointX, pointY }: CurveInput): boolean {
    for (;;) {
      const [i, j] = [this.#dense.x.length, this.#sparse.x.length]
      const dense = i < x.length ? (x[i] ?? Infinity) : Infinity
      const sparse = j < pointX.length ? (pointX[j] ?? Infinity) : Infinity
      const next = Math.min(dense, sparse)
      if (next === Infinity) return true
      const last = this.length > 0 ? this.x(this.length - 1) : -Infinity
      if (next < last) return false
      const row = next === last ? this.length - 1 : this.length
      if (row === this.length) {
        this.#x.push(next)
        this.#denseAt.push(-1)
        this.#sparseAt.push(-1)
      }
      if (dense === next) {
        const value = y[i] ?? Number.NaN
        this.#denseAt.set(row, i)
        this.#smoothed.push(this.#smoother.next(value))
        push(this.#dense, dense, value, row)
      }
      if (sparse === next) {
        this.#sparseAt.set(row, j)
        push(this.#sparse, sparse, pointY[j] ?? Number.NaN, row)
      }
    }
  }

  /** What to draw of x from `low` to `high` on so many pixel columns. */
  drawn(low: number, high: number, columns: number): DrawnColumns {
    const { x, values } = this.#dense
    const dense = pickPoints(x, [values, this.#smoothed], low, high, columns).map((i) => this.#dense.rows.at(i))
    const sparse = pickPoints(this.#sparse.x, [this.#sparse.values], low, high, columns).map((j) =>
      this.#sparse.rows.at(j),
    )
    const rows = merged(dense, sparse)
    const drawn: DrawnColumns = { x: [], raw: [], smoothed: [], points: [], rows, odd: [] }
    for (const row of rows) {
      const [raw, point] = [this.raw(row), this.point(row)]
      drawn.x.push(this.x(row))
      drawn.raw.push(cell(raw))
      drawn.smoothed.push(cell(this.smoothed(row)))
      drawn.points.push(cell(point))
      if ((raw !== undefined && !Number.isFinite(raw)) || (point !== undefined && !Number.isFinite(point)))
        drawn.odd.push(this.x(row))
    }
    return drawn
  }
}

function push(curve: Curve, x: number, value: number, row: number): void {
  curve.x.push(x)
  curve.values.push(value)
  curve.rows.push(row)
}

function valueAt(values: ValueRanges, place: number): number | undefined {
  return place >= 0 ? values.at(place) : undefined
}

function cell(value: number | undefined): Cell {
  return value === undefined || Number.isFinite(value) ? value : null
}

/** Two ascending lists as one, each value once. */
function merged(a: readonly number[], b: readonly number[]): number[] {
  if (b.length === 0) return [...a]
  return [...new Set([...a, ...b])].sort((one, other) => one - other)
}
