// Layer normalization, forward and both gradients. AssemblyScript. Rows are shared out for the activations and columns
// for the weights, so no sum is ever cut in two.

import { fma, load4, loadPart, store4, sumLanes } from './vector'

/** Sum of a row, or of the squares of its distances from `mean`. */
function rowSum(x: usize, n: i32, mean: f32, squares: bool): f32 {
  const m = v128.splat<f32>(mean)
  let s0 = v128.splat<f32>(0)
  let s1 = s0
  let j = 0
  for (; j + 8 <= n; j += 8) {
    const p = x + ((<usize>j) << 2)
    const a = v128.load(p)
    const b = v128.load(p, 16)
    if (squares) {
      const da = v128.sub<f32>(a, m)
      const db = v128.sub<f32>(b, m)
      s0 = fma(da, da, s0)
      s1 = fma(db, db, s1)
    } else {
      s0 = v128.add<f32>(s0, a)
      s1 = v128.add<f32>(s1, b)
    }
  }
  for (; j < n; j += 4) {
    const left = n - j
    const p = x + ((<usize>j) << 2)
    const a = left >= 4 ? v128.load(p) : loadPart(p, left, squares ? mean : 0)
    if (squares) {
      const d = v128.sub<f32>(a, m)
      s0 = fma(d, d, s0)
    } else s0 = v128.add<f32>(s0, a)
  }
  return sumLanes(v128.add<f32>(s0, s1))
}

/**
 * Job: rows [from, to) of y = (x - mean) / sqrt(variance + eps) * weight + bias; stats [rows, 2] keeps mean and the
 * inverse deviation. Arguments: x, weight, bias, y, stats, n, eps (f32).
 */
export function layerNorm(from: i32, to: i32, args: usize, scratch: usize): void {
  const weight = load<usize>(args, 4)
  const bias = load<usize>(args, 8)
  const n = load<i32>(args, 20)
  const eps = load<f32>(args, 24)
  for (let i = from; i < to; i++) {
    const x = load<usize>(args) + ((<usize>i * <usize>n) << 2)
    const y = load<usize>(args, 12) + ((<usize>i * <usize>n) << 2)
    const stats = load<usize>(args, 16) + ((<usize>i) << 3)
    const mean = rowSum(x, n, 0, false) / <f32>n
    const variance = rowSum(x, n, mean, true) / <f32>n
    // A variance that overflows gives NaN, as in torch, and not a row of zeros: the step must be seen to have failed.
    const inverse = <f32>1 / sqrt<f32>(variance + eps) + (variance - variance)
    store<f32>(stats, mean)
    store<f32>(stats, inverse, 4)
    const m = v128.splat<f32>(mean)
    const r = v128.splat<f32>(inverse)
    for (let j = 0; j < n; j += 4) {
      const at = (<usize>j) << 2
      const left = n - j
      const normal = v128.mul<f32>(v128.sub<f32>(load4(x + at, left), m), r)
      store4(y + at, fma(normal, load4(weight + at, left), load4(bias + at, left)), left)
    }
  }
}

/**
 * Job: rows [from, to) of the gradient of the input: with h = (x - mean) r and e = dy * weight,
 * dx = r (e - mean(e) - h mean(e h)). Arguments: x, weight, stats, dy, dx, n.
 */
export function layerNormInput(from: i32, to: i32, args: usize, scratch: usize): void {
  const weight = load<usize>(args, 4)
  const n = load<i32>(args, 20)
  for (let i = from; i < to; i++) {
    const row = (<usize>i * <usize>n) << 2
    const x = load<usize>(args) + row
    const dy = load<usize>(args, 12) + row
    const dx = load<usize>(args, 16) + row
    const stats = load<usize>(args, 8) + ((<usize>i) << 3)
    const m = v128.load32_splat(stats)
    const r = v128.load32_splat(stats, 4)
    let sum = v128.splat<f32>(0)
    let dot = sum
    for (let j = 0; j < n; j += 4) {
      const at = (<usize>j) << 2
      const left = n - j
      const e = v128.mul<f32>(load4(dy + at, left), load4(weight + at, left))
      const h = v128.mul<f32>(v128.sub<f32>(load4(x + at, left), m), r)
      // Beyond the edge e is 0 * 0, so h does not count there.
      sum = v128.add<f32>(sum, e)
      dot = fma(e, h, dot)
    }
    const meanE = v128.splat<f32>(sumLanes(sum) / <f32>n)
    const meanEH = v128.splat<f32>(sumLanes(dot) / <f32>n)
    for (let j = 0; j < n; j += 4) {
      const at = (<usize>j) << 2
      const left = n - j
      const e = v128.mul<f32>(load4(dy + at, left), load4(weight + at, left))
      const h = v128.mul<f32>(v128.sub<f32>(load4(x + at, left), m), r)
      const d = v128.sub<f32>(v128.sub<f32>(e, meanE), v128.mul<f32>(h, meanEH))
      store4(dx + at, v128.mul<f32>(d, r), left)
    }
  }
}

/**
 * Job: columns [from, to) of the gradients of weight and bias, added to what is there:
 * dweight += sum of dy h, dbias += sum of dy, over rows in order. Arguments: x, stats, dy, dweight, dbias, rows, n.
 */
export function layerNormWeights(from: i32, to: i32, args: usize, scratch: usize): void {
  const outW = load<usize>(args, 12)
  const outB = load<usize>(args, 16)
  let j = from
  // Eight columns at a time: a whole column of single vectors would fetch every cache line four times.
  for (; j + 8 <= to; j += 8) {
    const at = (<usize>j) << 2
    const n = load<usize>(args, 24) << 2
    let x = load<usize>(args) + at
    let dy = load<usize>(args, 8) + at
    let s = load<usize>(args, 4)
    let dw0 = v128.splat<f32>(0)
    let dw1 = dw0
    let db0 = dw0
    let db1 = dw0
    for (let i = load<i32>(args, 20); i > 0; i--) {
      const m = v128.load_splat<f32>(s)
      const r = v128.load_splat<f32>(s, 4)
      const d0 = v128.load(dy)
      const d1 = v128.load(dy, 16)
      dw0 = fma(d0, v128.mul<f32>(v128.sub<f32>(v128.load(x), m), r), dw0)
      dw1 = fma(d1, v128.mul<f32>(v128.sub<f32>(v128.load(x, 16), m), r), dw1)
      db0 = v128.add<f32>(db0, d0)
      db1 = v128.add<f32>(db1, d1)
      x += n
      dy += n
      s += 8
    }
    addTo(outW + at, dw0, 4)
    addTo(outW + at + 16, dw1, 4)
    addTo(outB + at, db0, 4)
    addTo(outB + at + 16, db1, 4)
  }
  for (; j < to; j += 4) {
    const at = (<usize>j) << 2
    const left = to - j
    const n = load<usize>(args, 24) << 2
    let x = load<usize>(args) + at
    let dy = load<usize>(args, 8) + at
    let s = load<usize>(args, 4)
    let dw = v128.splat<f32>(0)
    let db = dw
    for (let i = load<i32>(args, 20); i > 0; i--) {
      const d = load4(dy, left)
      const h = v128.mul<f32>(v128.sub<f32>(load4(x, left), v128.load_splat<f32>(s)), v128.load_splat<f32>(s, 4))
      dw = fma(d, h, dw)
      db = v128.add<f32>(db, d)
      x += n
      dy += n
      s += 8
    }
    addTo(outW + at, dw, left)
    addTo(outB + at, db, left)
  }
}

function addTo(p: usize, x: v128, left: i32): void {
  store4(p, v128.add<f32>(load4(p, left), x), left)
}

/** Job: columns [from, to) of out += sum over rows of x [rows, n]: the gradient of a bias. Arguments: x, out, rows, n. */
export function sumRows(from: i32, to: i32, args: usize, scratch: usize): void {
  const n = load<usize>(args, 12) << 2
  const out = load<usize>(args, 4)
  let j = from
  for (; j + 16 <= to; j += 16) {
    const at = (<usize>j) << 2
    let x = load<usize>(args) + at
    let s0 = v128.splat<f32>(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    for (let i = load<i32>(args, 8); i > 0; i--) {
      s0 = v128.add<f32>(s0, v128.load(x))
      s1 = v128.add<f32>(s1, v128.load(x, 16))
      s2 = v128.add<f32>(s2, v128.load(x, 32))
      s3 = v128.add<f32>(s3, v128.load(x, 48))
      x += n
    }
    addTo(out + at, s0, 4)
    addTo(out + at + 16, s1, 4)
    addTo(out + at + 32, s2, 4)
    addTo(out + at + 48, s3, 4)
  }
  for (; j < to; j += 4) {
    const left = to - j
    let x = load<usize>(args) + ((<usize>j) << 2)
    let s = v128.splat<f32>(0)
    for (let i = load<i32>(args, 8); i > 0; i--) {
      s = v128.add<f32>(s, load4(x, left))
      x += n
    }
    addTo(out + ((<usize>j) << 2), s, left)
  }
}
