// Packing for the matrix product: panels of a few rows of A or columns of B, each laid out along k, edges padded with
// zeros. AssemblyScript. Any strides; contiguous ones take shuffles instead of single loads.

/** Packs m x k of A, element (i, k) at a + (i * rs + k * cs) * 4, into panels [m / rows][k][rows], rows 2 or 6. */
export function packA(a: usize, rs: usize, cs: usize, m: i32, k: i32, rows: i32, out: usize): void {
  for (let i = 0; i < m; i += rows) {
    const p = a + <usize>i * rs * 4
    const present = min(rows, m - i)
    if (present < rows) packRest(p, rs, cs, present, k, rows, <usize>rows * 4, out)
    else if (rows == 2) packPair(p, rs, cs, k, out)
    else if (cs == 1) packSix(p, rs, k, out)
    else packSixColumns(p, rs, cs, k, out)
    out += <usize>(rows * k) * 4
  }
}

/** Two rows; where they are contiguous along k, four steps at once. */
function packPair(p: usize, rs: usize, cs: usize, k: i32, out: usize): void {
  const s = rs * 4
  let kk = 0
  if (cs == 1) {
    for (; kk + 4 <= k; kk += 4) {
      const r0 = v128.load(p)
      const r1 = v128.load(p + s)
      v128.store(out, v128.shuffle<f32>(r0, r1, 0, 4, 1, 5))
      v128.store(out, v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), 16)
      p += 16
      out += 32
    }
  }
  for (; kk < k; kk++) {
    store<f32>(out, load<f32>(p))
    store<f32>(out, load<f32>(p + s), 4)
    p += cs * 4
    out += 8
  }
}

/** Six rows that are contiguous along k: four steps of k at once, transposed in registers. */
function packSix(p: usize, rs: usize, k: i32, out: usize): void {
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
  packSixColumns(p, rs, 1, k - kk, out)
}

function packSixColumns(p: usize, rs: usize, cs: usize, k: i32, out: usize): void {
  const s = rs * 4
  if (rs == 1) {
    for (let kk = 0; kk < k; kk++) {
      v128.store(out, v128.load(p))
      store<i64>(out, load<i64>(p, 16), 16)
      out += 24
      p += cs * 4
    }
    return
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
}

/** Packs k x n of B, element (k, j) at b + (k * rs + j * cs) * 4, into panels [n / columns][k][columns], columns 8 or 24. */
export function packB(b: usize, rs: usize, cs: usize, k: i32, n: i32, columns: i32, out: usize): void {
  const step = <usize>columns * 4
  for (let j = 0; j < n; j += columns) {
    // Eight columns at a time, side by side in the panel.
    for (let g = 0; g < columns; g += 8) {
      const present = max(0, min(8, n - j - g))
      const p = b + <usize>(j + g) * cs * 4
      const to = out + ((<usize>g) << 2)
      if (present < 8) packRest(p, cs, rs, present, k, 8, step, to)
      else if (cs == 1) packEightRows(p, rs, k, step, to)
      else if (rs == 1) packEightColumns(p, cs, k, step, to)
      else packRest(p, cs, rs, 8, k, 8, step, to)
    }
    out += <usize>k * step
  }
}

function packEightRows(p: usize, rs: usize, k: i32, step: usize, out: usize): void {
  for (let kk = 0; kk < k; kk++) {
    v128.store(out, v128.load(p))
    v128.store(out, v128.load(p, 16), 16)
    out += step
    p += rs * 4
  }
}

/** Eight columns that are contiguous along k: two 4 x 4 transposes for every four steps of k. */
function packEightColumns(p: usize, cs: usize, k: i32, step: usize, out: usize): void {
  let kk = 0
  for (; kk + 4 <= k; kk += 4) {
    transpose4(p, cs, step, out)
    transpose4(p + cs * 16, cs, step, out + 16)
    p += 16
    out += 4 * step
  }
  packRest(p, cs, 1, 8, k - kk, 8, step, out)
}

function transpose4(p: usize, cs: usize, step: usize, out: usize): void {
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
  v128.store(out + step, v128.shuffle<i64>(low01, low23, 1, 3))
  v128.store(out + 2 * step, v128.shuffle<i64>(high01, high23, 0, 2))
  v128.store(out + 3 * step, v128.shuffle<i64>(high01, high23, 1, 3))
}

/**
 * The first `present` of `lanes` rows (or columns), the others zero; any strides. Element (k, r) comes from
 * p + (k * along + r * across) * 4 and goes to out + k * step + r * 4.
 */
function packRest(
  p: usize,
  across: usize,
  along: usize,
  present: i32,
  k: i32,
  lanes: i32,
  step: usize,
  out: usize,
): void {
  for (let kk = 0; kk < k; kk++) {
    for (let r = 0; r < lanes; r++) {
      store<f32>(out + ((<usize>r) << 2), r < present ? load<f32>(p + <usize>r * across * 4) : 0)
    }
    out += step
    p += along * 4
  }
}
