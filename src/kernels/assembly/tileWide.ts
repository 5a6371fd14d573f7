// The product's tile of 2 x 24: for every width that wastes little of it. AssemblyScript.

import { fma } from './vector'
import { ACCUMULATE, BIAS } from './modes'

/**
 * `k` steps over a panel of A and one of B. Twelve sums leave room for two numbers of A and one vector of B: all the
 * registers there are, so the loop must not be unrolled, or V8 spills. What limits it is how many instructions a cycle
 * can take, and V8 spends one more on each broadcast that is not at offset 0: this shape has one of those and the tall
 * tile five, 27 instructions a step against 33.
 */
export function tileWide(k: i32, a: usize, b: usize, c: usize, ldc: usize, mode: i32, bias: usize): void {
  let c00 = v128.splat<f32>(0)
  let c01 = c00
  let c02 = c00
  let c03 = c00
  let c04 = c00
  let c05 = c00
  let c10 = c00
  let c11 = c00
  let c12 = c00
  let c13 = c00
  let c14 = c00
  let c15 = c00
  for (const end = a + <usize>k * 8; a != end; a += 8) {
    const x = v128.load_splat<f32>(a)
    const y = v128.load_splat<f32>(a, 4)
    let v = v128.load(b)
    c00 = fma(x, v, c00)
    c10 = fma(y, v, c10)
    v = v128.load(b, 16)
    c01 = fma(x, v, c01)
    c11 = fma(y, v, c11)
    v = v128.load(b, 32)
    c02 = fma(x, v, c02)
    c12 = fma(y, v, c12)
    v = v128.load(b, 48)
    c03 = fma(x, v, c03)
    c13 = fma(y, v, c13)
    v = v128.load(b, 64)
    c04 = fma(x, v, c04)
    c14 = fma(y, v, c14)
    v = v128.load(b, 80)
    c05 = fma(x, v, c05)
    c15 = fma(y, v, c15)
    b += 96
  }
  if (mode == ACCUMULATE) {
    let p = c
    c00 = v128.add<f32>(v128.load(p), c00)
    c01 = v128.add<f32>(v128.load(p, 16), c01)
    c02 = v128.add<f32>(v128.load(p, 32), c02)
    c03 = v128.add<f32>(v128.load(p, 48), c03)
    c04 = v128.add<f32>(v128.load(p, 64), c04)
    c05 = v128.add<f32>(v128.load(p, 80), c05)
    p += ldc
    c10 = v128.add<f32>(v128.load(p), c10)
    c11 = v128.add<f32>(v128.load(p, 16), c11)
    c12 = v128.add<f32>(v128.load(p, 32), c12)
    c13 = v128.add<f32>(v128.load(p, 48), c13)
    c14 = v128.add<f32>(v128.load(p, 64), c14)
    c15 = v128.add<f32>(v128.load(p, 80), c15)
  } else if (mode == BIAS) {
    const b0 = v128.load(bias)
    const b1 = v128.load(bias, 16)
    const b2 = v128.load(bias, 32)
    const b3 = v128.load(bias, 48)
    const b4 = v128.load(bias, 64)
    const b5 = v128.load(bias, 80)
    c00 = v128.add<f32>(b0, c00)
    c01 = v128.add<f32>(b1, c01)
    c02 = v128.add<f32>(b2, c02)
    c03 = v128.add<f32>(b3, c03)
    c04 = v128.add<f32>(b4, c04)
    c05 = v128.add<f32>(b5, c05)
    c10 = v128.add<f32>(b0, c10)
    c11 = v128.add<f32>(b1, c11)
    c12 = v128.add<f32>(b2, c12)
    c13 = v128.add<f32>(b3, c13)
    c14 = v128.add<f32>(b4, c14)
    c15 = v128.add<f32>(b5, c15)
  }
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(c, c03, 48)
  v128.store(c, c04, 64)
  v128.store(c, c05, 80)
  c += ldc
  v128.store(c, c10)
  v128.store(c, c11, 16)
  v128.store(c, c12, 32)
  v128.store(c, c13, 48)
  v128.store(c, c14, 64)
  v128.store(c, c15, 80)
}
