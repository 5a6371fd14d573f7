// Matrix times vector for generation: memory speed decides, so a row of weights is read once, straight through.
// AssemblyScript.

import { fma, load4, sumLanes } from './vector'

/** Job: rows [from, to) of y = W x + bias (bias may be 0), W [rows, k]. Arguments: W, x, y, bias, k. */
export function gemv(from: i32, to: i32, args: usize, scratch: usize): void {
  const x = load<usize>(args, 4)
  const bias = load<usize>(args, 12)
  const k = load<i32>(args, 16)
  for (let i = from; i < to; i++) {
    const w = load<usize>(args) + ((<usize>i * <usize>k) << 2)
    let s0 = v128.splat<f32>(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    let j = 0
    for (; j + 16 <= k; j += 16) {
      const at = (<usize>j) << 2
      const a = w + at
      const b = x + at
      s0 = fma(v128.load(a), v128.load(b), s0)
      s1 = fma(v128.load(a, 16), v128.load(b, 16), s1)
      s2 = fma(v128.load(a, 32), v128.load(b, 32), s2)
      s3 = fma(v128.load(a, 48), v128.load(b, 48), s3)
    }
    for (; j < k; j += 4) {
      const at = (<usize>j) << 2
      s0 = fma(load4(w + at, k - j), load4(x + at, k - j), s0)
    }
    let y = sumLanes(v128.add<f32>(v128.add<f32>(s0, s1), v128.add<f32>(s2, s3)))
    if (bias) y = load<f32>(bias + ((<usize>i) << 2)) + y
    store<f32>(load<usize>(args, 8) + ((<usize>i) << 2), y)
  }
}
