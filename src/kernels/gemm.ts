// The matrix product on addresses: how it is cut into tasks, and the few forms the ops need. See assembly/gemm.ts for the
// product itself.

import { pool } from './runtime'

/** A matrix of floats on the heap; strides in elements. */
export interface Matrix {
  readonly at: number
  readonly rows: number
  readonly columns: number
  readonly rowStride: number
  readonly columnStride: number
}

/** A dense row-major matrix. */
export function matrix(at: number, rows: number, columns: number): Matrix {
  return { at, rows, columns, rowStride: columns, columnStride: 1 }
}

/** The same numbers seen with rows and columns swapped. */
export function transposed(m: Matrix): Matrix {
  return { at: m.at, rows: m.columns, columns: m.rows, rowStride: m.columnStride, columnStride: m.rowStride }
}

/** How the product meets what C holds. A number is the address of a bias along the columns. */
export type GemmMode = 'overwrite' | 'accumulate' | { readonly bias: number }

/** Below this many multiply-adds a product stays on the calling thread: waking another costs more. */
const WORTH_SHARING = 200_000
/** Above this many rows or columns for each thread, tasks are smaller, so that a slow thread delays less. */
const LARGE = 2_048

/** c = a b, c += a b or c = a b + bias. `c` is dense along its rows. */
export function gemm(a: Matrix, b: Matrix, c: Matrix, mode: GemmMode = 'overwrite'): void {
  const [m, k, n] = [a.rows, a.columns, b.columns]
  if (b.rows !== k || c.rows !== m || c.columns !== n || c.columnStride !== 1) {
    throw new Error(`gemm: [${m}, ${k}] x [${b.rows}, ${n}] does not make [${c.rows}, ${c.columns}]`)
  }
  const axis = n >= m ? 1 : 0
  const total = axis === 1 ? n : m
  pool().run(
    'gemm',
    {
      a: a.at,
      rsa: a.rowStride,
      csa: a.columnStride,
      b: b.at,
      rsb: b.rowStride,
      csb: b.columnStride,
      c: c.at,
      ldc: c.rowStride,
      m,
      k,
      n,
      mode: mode === 'overwrite' ? 0 : mode === 'accumulate' ? 1 : 2,
      bias: typeof mode === 'object' ? mode.bias : 0,
      axis,
    },
    total,
    m * k * n < WORTH_SHARING ? total : grainOf(total, axis === 1 ? 24 : 6),
  )
}

/** An equal part for each thread in whole tiles; several when the parts are large. */
function grainOf(total: number, tile: number): number {
  const { threads } = pool()
  let share = total / threads
  if (share > LARGE) share /= Math.ceil(share / LARGE)
  return Math.ceil(share / tile) * tile
}
