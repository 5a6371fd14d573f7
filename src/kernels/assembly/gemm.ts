// The matrix product: C = A B, C += A B or C = A B + bias, any strides (so all transpositions), on packed panels with a
// tile of C in registers. AssemblyScript. Bits do not depend on how rows or columns are shared out, nor on which tile is
// taken: every element is the same sum over k, in blocks of KC, wherever its tile lies.

import { ACCUMULATE, BIAS, OVERWRITE } from './modes'
import { packA, packB } from './pack'
import { tileTall } from './tileTall'
import { tileWide } from './tileWide'

/** Rows and columns of each tile; both are 12 vectors. */
const WIDE_ROWS: i32 = 2
const WIDE_COLUMNS: i32 = 24
const TALL_ROWS: i32 = 6
const TALL_COLUMNS: i32 = 8
/** Steps of k in a block: a panel of A and one of B (26 kB when wide) stay in the first-level cache. */
const KC: i32 = 256
/** The last block may be this long, since a short one would pass over all of C for little. */
const KC_LAST: i32 = 320
/** Rows of A packed at a time (192 kB); whole tiles of either kind. */
const MC: i32 = 192
/** Columns of B packed at a time (1 MB); whole tiles of either kind. */
const NC: i32 = 1008
/** Where the packed parts lie in the scratch area, after one tile for the edges. */
const PACKED_A: usize = 256
const PACKED_B: usize = PACKED_A + <usize>(MC * KC_LAST * 4)

/** Whether wide tiles over n columns are at most a twelfth waste: more, and tall ones take less time. */
function wideFits(n: i32): bool {
  const over = (WIDE_COLUMNS - (n % WIDE_COLUMNS)) % WIDE_COLUMNS
  return over * 12 <= n
}

function tile(wide: bool, k: i32, a: usize, b: usize, c: usize, ldc: usize, mode: i32, bias: usize): void {
  if (wide) tileWide(k, a, b, c, ldc, mode, bias)
  else tileTall(k, a, b, c, ldc, mode, bias)
}

/** A tile at the edge of C: computed whole beside it, then only its `rows` x `columns` are written. */
function edge(
  wide: bool,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  mode: i32,
  bias: usize,
  rows: i32,
  columns: i32,
  spare: usize,
): void {
  const width: usize = (wide ? WIDE_COLUMNS : TALL_COLUMNS) * 4
  tile(wide, k, a, b, spare, width, OVERWRITE, 0)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = c + ((<usize>j) << 2)
      let x = load<f32>(spare + ((<usize>j) << 2))
      if (mode == ACCUMULATE) x = load<f32>(at) + x
      else if (mode == BIAS) x = load<f32>(bias + ((<usize>j) << 2)) + x
      store<f32>(at, x)
    }
    c += ldc
    spare += width
  }
}

/** One product on one thread. Strides in elements; `scratch` holds at least GEMM_SCRATCH bytes. */
export function multiply(
  a: usize,
  rsa: usize,
  csa: usize,
  b: usize,
  rsb: usize,
  csb: usize,
  c: usize,
  ldc: usize,
  m: i32,
  k: i32,
  n: i32,
  mode: i32,
  bias: usize,
  scratch: usize,
): void {
  const wide = wideFits(n)
  const mr = wide ? WIDE_ROWS : TALL_ROWS
  const nr = wide ? WIDE_COLUMNS : TALL_COLUMNS
  const packedA = scratch + PACKED_A
  const packedB = scratch + PACKED_B
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc)
    let pc = 0
    // At least one round, so that k = 0 still writes zeros or the bias.
    do {
      const kc = k - pc <= KC_LAST ? k - pc : KC
      const step = pc == 0 ? mode : ACCUMULATE
      packB(b + (<usize>pc * rsb + <usize>jc * csb) * 4, rsb, csb, kc, nc, nr, packedB)
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(MC, m - ic)
        packA(a + (<usize>ic * rsa + <usize>pc * csa) * 4, rsa, csa, mc, kc, mr, packedA)
        for (let jr = 0; jr < nc; jr += nr) {
          const bp = packedB + <usize>(jr * kc) * 4
          const biasAt = bias + <usize>(jc + jr) * 4
          const columns = min(nr, nc - jr)
          for (let ir = 0; ir < mc; ir += mr) {
            const ap = packedA + <usize>(ir * kc) * 4
            const at = c + (<usize>(ic + ir) * ldc + <usize>(jc + jr)) * 4
            const rows = min(mr, mc - ir)
            if (rows == mr && columns == nr) tile(wide, kc, ap, bp, at, ldc * 4, step, biasAt)
            else edge(wide, kc, ap, bp, at, ldc * 4, step, biasAt, rows, columns, scratch)
          }
        }
      }
      pc += kc
    } while (pc < k)
  }
}

/**
 * Job: rows (axis 0) or columns (axis 1) [from, to) of a product.
 * Arguments: a, rsa, csa, b, rsb, csb, c, ldc, m, k, n, mode, bias, axis.
 */
export function gemm(from: i32, to: i32, args: usize, scratch: usize): void {
  const rsa = load<usize>(args, 4)
  const csb = load<usize>(args, 20)
  const ldc = load<usize>(args, 28)
  const columns = load<i32>(args, 52)
  const row = columns ? 0 : <usize>from
  const column = columns ? <usize>from : 0
  multiply(
    load<usize>(args) + row * rsa * 4,
    rsa,
    load<usize>(args, 8),
    load<usize>(args, 12) + column * csb * 4,
    load<usize>(args, 16),
    csb,
    load<usize>(args, 24) + (row * ldc + column) * 4,
    ldc,
    columns ? load<i32>(args, 32) : to - from,
    load<i32>(args, 36),
    columns ? to - from : load<i32>(args, 40),
    load<i32>(args, 44),
    load<usize>(args, 48) + column * 4,
    scratch,
  )
}
