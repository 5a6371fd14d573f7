// The product's tile of 6 x 8: for narrow products, such as those of small heads, where much of a wide tile would be
// edge. AssemblyScript.

import { fma } from './vector'
import { ACCUMULATE, BIAS } from './modes'

/** `k` steps over a panel of A and one of B: twelve sums, two vectors of B and one number of A at a time. */
export function tileTall(k: i32, a: usize, b: usize, c: usize, ldc: usize, mode: i32, bias: usize): void {
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
  for (const end = a + <usize>k * 24; a != end; a += 24) {
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
