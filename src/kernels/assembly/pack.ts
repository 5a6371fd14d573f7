// Packing for the matrix product: panels of 6 rows of A and of 8 columns of B, each laid out along k, edges padded with
// zeros. AssemblyScript. Any strides; contiguous ones take shuffles instead of single loads.

/** Rows of a panel of A. */
export const MR: i32 = 6
/** Columns of a panel of B. */
export const NR: i32 = 8

/** Packs m x k of A, element (i, k) at a + (i * rs + k * cs) * 4, into panels [m / 6][k][6]. */
export function packA(a: usize, rs: usize, cs: usize, m: i32, k: i32, out: usize): void {
  for (let i = 0; i < m; i += MR) {
    const rows = min(MR, m - i)
    const p = a + <usize>i * rs * 4
    if (rows < MR) out = packARest(p, rs, cs, rows, k, out)
    else if (cs == 1) out = packARows(p, rs, k, out)
    else out = packAColumns(p, rs, cs, k, out)
  }
}

/** Six rows that are contiguous along k: four steps of k at once, transposed in registers. */
function packARows(p: usize, rs: usize, k: i32, out: usize): usize {
  const s = rs * 4
  let kk = 0
  for (; kk + 4 <= k; kk += 4) {
    const r0 = v128.load(p)
    const r1 = v128.load(p + s)
    const r2 = v128.load(p + 2 * s)
    const r3 = v128.load(p + 3 * s)
    const r4 = v128.load(p + 4 * s)
    const r5 = v128.load(p + 5 * s)
    const a0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
    const a1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
    const a2 = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5)
    const b0 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
    const b1 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
    const b2 = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7)
    v128.store(out, v128.shuffle<i64>(a0, a1, 0, 2))
    v128.store(out, v128.shuffle<i64>(a2, a0, 0, 3), 16)
    v128.store(out, v128.shuffle<i64>(a1, a2, 1, 3), 32)
    v128.store(out, v128.shuffle<i64>(b0, b1, 0, 2), 48)
    v128.store(out, v128.shuffle<i64>(b2, b0, 0, 3), 64)
    v128.store(out, v128.shuffle<i64>(b1, b2, 1, 3), 80)
    p += 16
    out += 96
  }
  return packAColumns(p, rs, 1, k - kk, out)
}

function packAColumns(p: usize, rs: usize, cs: usize, k: i32, out: usize): usize {
  const s = rs * 4
  if (rs == 1) {
    for (let kk = 0; kk < k; kk++) {
      v128.store(out, v128.load(p))
      store<i64>(out, load<i64>(p, 16), 16)
      out += 24
      p += cs * 4
    }
    return out
  }
  for (let kk = 0; kk < k; kk++) {
    store<f32>(out, load<f32>(p))
    store<f32>(out, load<f32>(p + s), 4)
    store<f32>(out, load<f32>(p + 2 * s), 8)
    store<f32>(out, load<f32>(p + 3 * s), 12)
    store<f32>(out, load<f32>(p + 4 * s), 16)
    store<f32>(out, load<f32>(p + 5 * s), 20)
    out += 24
    p += cs * 4
  }
  return out
}

function packARest(p: usize, rs: usize, cs: usize, rows: i32, k: i32, out: usize): usize {
  for (let kk = 0; kk < k; kk++) {
    for (let r = 0; r < MR; r++) {
      store<f32>(out + ((<usize>r) << 2), r < rows ? load<f32>(p + <usize>r * rs * 4) : 0)
    }
    out += 24
    p += cs * 4
  }
  return out
}

/** Packs k x n of B, element (k, j) at b + (k * rs + j * cs) * 4, into panels [n / 8][k][8]. */
export function packB(b: usize, rs: usize, cs: usize, k: i32, n: i32, out: usize): void {
  for (let j = 0; j < n; j += NR) {
    const columns = min(NR, n - j)
    const p = b + <usize>j * cs * 4
    if (columns < NR) out = packBRest(p, rs, cs, columns, k, out)
    else if (cs == 1) out = packBRows(p, rs, k, out)
    else if (rs == 1) out = packBColumns(p, cs, k, out)
    else out = packBRest(p, rs, cs, NR, k, out)
  }
}

function packBRows(p: usize, rs: usize, k: i32, out: usize): usize {
  for (let kk = 0; kk < k; kk++) {
    v128.store(out, v128.load(p))
    v128.store(out, v128.load(p, 16), 16)
    out += 32
    p += rs * 4
  }
  return out
}

/** Eight columns that are contiguous along k: two 4 x 4 transposes for every four steps of k. */
function packBColumns(p: usize, cs: usize, k: i32, out: usize): usize {
  let kk = 0
  for (; kk + 4 <= k; kk += 4) {
    transpose4(p, cs, out)
    transpose4(p + cs * 16, cs, out + 16)
    p += 16
    out += 128
  }
  return packBRest(p, 1, cs, NR, k - kk, out)
}

function transpose4(p: usize, cs: usize, out: usize): void {
  const s = cs * 4
  const c0 = v128.load(p)
  const c1 = v128.load(p + s)
  const c2 = v128.load(p + 2 * s)
  const c3 = v128.load(p + 3 * s)
  const low01 = v128.shuffle<f32>(c0, c1, 0, 4, 1, 5)
  const low23 = v128.shuffle<f32>(c2, c3, 0, 4, 1, 5)
  const high01 = v128.shuffle<f32>(c0, c1, 2, 6, 3, 7)
  const high23 = v128.shuffle<f32>(c2, c3, 2, 6, 3, 7)
  v128.store(out, v128.shuffle<i64>(low01, low23, 0, 2))
  v128.store(out, v128.shuffle<i64>(low01, low23, 1, 3), 32)
  v128.store(out, v128.shuffle<i64>(high01, high23, 0, 2), 64)
  v128.store(out, v128.shuffle<i64>(high01, high23, 1, 3), 96)
}

function packBRest(p: usize, rs: usize, cs: usize, columns: i32, k: i32, out: usize): usize {
  for (let kk = 0; kk < k; kk++) {
    for (let r = 0; r < NR; r++) {
      store<f32>(out + ((<usize>r) << 2), r < columns ? load<f32>(p + <usize>r * cs * 4) : 0)
    }
    out += 32
    p += rs * 4
  }
  return out
}
