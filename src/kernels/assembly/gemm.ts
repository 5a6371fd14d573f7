// The matrix product: C = A B, C += A B or C = A B + bias, any strides (so all transpositions), on packed panels with a
// 6 x 8 tile of C in registers. AssemblyScript. Bits do not depend on how rows or columns are shared out: every element
// is the same sum over k, in blocks of KC, wherever its tile lies.

import { fma } from './vector'
import { MR, NR, packA, packB } from './pack'

/** Steps of k in a block: a panel of A (6 kB) and one of B (8 kB) stay in the first-level cache. */
const KC: i32 = 256
/** The last block may be this long, since a short one would pass over all of C for little. */
const KC_LAST: i32 = 320
/** Rows of A packed at a time (192 kB). */
const MC: i32 = 192
/** Columns of B packed at a time (1 MB). */
const NC: i32 = 1024
/** Where the packed parts lie in the scratch area, after one tile for the edges. */
const PACKED_A: usize = 256
const PACKED_B: usize = PACKED_A + <usize>(MC * KC_LAST * 4)

/** C = A B, replacing what is there. */
export const OVERWRITE: i32 = 0
/** C += A B. */
export const ACCUMULATE: i32 = 1
/** C = A B + bias, the bias along the columns. */
export const BIAS: i32 = 2

/**
 * The 6 x 8 tile: `k` steps over one panel of A and one of B; `mode` as above. Its 12 sums, two vectors of B and one of A
 * are all the registers there are, so the loop must not be unrolled: with two steps at a time V8 spills and a third of the
 * speed is gone.
 */
function tile(k: i32, a: usize, b: usize, c: usize, ldc: usize, mode: i32, bias: usize): void {
  let c00 = v128.splat<f32>(0)
  let c01 = c00
  let c10 = c00
  let c11 = c00
  let c20 = c00
  let c21 = c00
  let c30 = c00
  let c31 = c00
  let c40 = c00
  let c41 = c00
  let c50 = c00
  let c51 = c00
  for (; k > 0; k--) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let x = v128.load_splat<f32>(a)
    c00 = fma(x, b0, c00)
    c01 = fma(x, b1, c01)
    x = v128.load_splat<f32>(a, 4)
    c10 = fma(x, b0, c10)
    c11 = fma(x, b1, c11)
    x = v128.load_splat<f32>(a, 8)
    c20 = fma(x, b0, c20)
    c21 = fma(x, b1, c21)
    x = v128.load_splat<f32>(a, 12)
    c30 = fma(x, b0, c30)
    c31 = fma(x, b1, c31)
    x = v128.load_splat<f32>(a, 16)
    c40 = fma(x, b0, c40)
    c41 = fma(x, b1, c41)
    x = v128.load_splat<f32>(a, 20)
    c50 = fma(x, b0, c50)
    c51 = fma(x, b1, c51)
    a += 24
    b += 32
  }
  if (mode == ACCUMULATE) {
    let p = c
    c00 = v128.add<f32>(v128.load(p), c00)
    c01 = v128.add<f32>(v128.load(p, 16), c01)
    p += ldc
    c10 = v128.add<f32>(v128.load(p), c10)
    c11 = v128.add<f32>(v128.load(p, 16), c11)
    p += ldc
    c20 = v128.add<f32>(v128.load(p), c20)
    c21 = v128.add<f32>(v128.load(p, 16), c21)
    p += ldc
    c30 = v128.add<f32>(v128.load(p), c30)
    c31 = v128.add<f32>(v128.load(p, 16), c31)
    p += ldc
    c40 = v128.add<f32>(v128.load(p), c40)
    c41 = v128.add<f32>(v128.load(p, 16), c41)
    p += ldc
    c50 = v128.add<f32>(v128.load(p), c50)
    c51 = v128.add<f32>(v128.load(p, 16), c51)
  } else if (mode == BIAS) {
    const b0 = v128.load(bias)
    const b1 = v128.load(bias, 16)
    c00 = v128.add<f32>(b0, c00)
    c01 = v128.add<f32>(b1, c01)
    c10 = v128.add<f32>(b0, c10)
    c11 = v128.add<f32>(b1, c11)
    c20 = v128.add<f32>(b0, c20)
    c21 = v128.add<f32>(b1, c21)
    c30 = v128.add<f32>(b0, c30)
    c31 = v128.add<f32>(b1, c31)
    c40 = v128.add<f32>(b0, c40)
    c41 = v128.add<f32>(b1, c41)
    c50 = v128.add<f32>(b0, c50)
    c51 = v128.add<f32>(b1, c51)
  }
  v128.store(c, c00)
  v128.store(c, c01, 16)
  c += ldc
  v128.store(c, c10)
  v128.store(c, c11, 16)
  c += ldc
  v128.store(c, c20)
  v128.store(c, c21, 16)
  c += ldc
  v128.store(c, c30)
  v128.store(c, c31, 16)
  c += ldc
  v128.store(c, c40)
  v128.store(c, c41, 16)
  c += ldc
  v128.store(c, c50)
  v128.store(c, c51, 16)
}

/** A tile at the edge of C: computed whole beside it, then only its `rows` x `columns` are written. */
function edge(
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
  tile(k, a, b, spare, 32, OVERWRITE, 0)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = c + ((<usize>j) << 2)
      let x = load<f32>(spare + ((<usize>j) << 2))
      if (mode == ACCUMULATE) x = load<f32>(at) + x
      else if (mode == BIAS) x = load<f32>(bias + ((<usize>j) << 2)) + x
      store<f32>(at, x)
    }
    c += ldc
    spare += 32
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
  const packedA = scratch + PACKED_A
  const packedB = scratch + PACKED_B
  for (let jc = 0; jc < n; jc += NC) {
    const nc = min(NC, n - jc)
    let pc = 0
    // At least one round, so that k = 0 still writes zeros or the bias.
    do {
      const kc = k - pc <= KC_LAST ? k - pc : KC
      const step = pc == 0 ? mode : ACCUMULATE
      packB(b + (<usize>pc * rsb + <usize>jc * csb) * 4, rsb, csb, kc, nc, packedB)
      for (let ic = 0; ic < m; ic += MC) {
        const mc = min(MC, m - ic)
        packA(a + (<usize>ic * rsa + <usize>pc * csa) * 4, rsa, csa, mc, kc, packedA)
        for (let jr = 0; jr < nc; jr += NR) {
          const bp = packedB + <usize>(jr * kc) * 4
          const biasAt = bias + <usize>(jc + jr) * 4
          const columns = min(NR, nc - jr)
          for (let ir = 0; ir < mc; ir += MR) {
            const ap = packedA + <usize>(ir * kc) * 4
            const at = c + (<usize>(ic + ir) * ldc + <usize>(jc + jr)) * 4
            const rows = min(MR, mc - ir)
            if (rows == MR && columns == NR) tile(kc, ap, bp, at, ldc * 4, step, biasAt)
            else edge(kc, ap, bp, at, ldc * 4, step, biasAt, rows, columns, scratch)
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
