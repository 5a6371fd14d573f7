// Two loops for the benches: the fastest multiply-add loop that stays in registers, and a copy. AssemblyScript. They
// bound what the product and generation can reach in the same minute on the same machine.

import { fma } from './vector'

/**
 * Job: units [from, to), each 1024 rounds of 12 independent multiply-adds in four lanes (98,304 floating-point
 * operations); the sum goes to scratch, so that nothing is left out. Arguments: none.
 */
export function fmaBound(from: i32, to: i32, args: usize, scratch: usize): void {
  const a = v128.splat<f32>(0.999)
  const b = v128.splat<f32>(0.001)
  let c0 = v128.splat<f32>(<f32>from)
  let c1 = c0
  let c2 = c0
  let c3 = c0
  let c4 = c0
  let c5 = c0
  let c6 = c0
  let c7 = c0
  let c8 = c0
  let c9 = c0
  let c10 = c0
  let c11 = c0
  // Different starts, or the compiler would see one sum twelve times.
  c1 = v128.add<f32>(c1, a)
  c2 = v128.add<f32>(c1, a)
  c3 = v128.add<f32>(c2, a)
  c4 = v128.add<f32>(c3, a)
  c5 = v128.add<f32>(c4, a)
  c6 = v128.add<f32>(c5, a)
  c7 = v128.add<f32>(c6, a)
  c8 = v128.add<f32>(c7, a)
  c9 = v128.add<f32>(c8, a)
  c10 = v128.add<f32>(c9, a)
  c11 = v128.add<f32>(c10, a)
  for (let i = (to - from) << 8; i > 0; i--) {
    for (let r = 0; r < 4; r++) {
      c0 = fma(c0, a, b)
      c1 = fma(c1, a, b)
      c2 = fma(c2, a, b)
      c3 = fma(c3, a, b)
      c4 = fma(c4, a, b)
      c5 = fma(c5, a, b)
      c6 = fma(c6, a, b)
      c7 = fma(c7, a, b)
      c8 = fma(c8, a, b)
      c9 = fma(c9, a, b)
      c10 = fma(c10, a, b)
      c11 = fma(c11, a, b)
    }
  }
  c0 = v128.add<f32>(v128.add<f32>(v128.add<f32>(c0, c1), v128.add<f32>(c2, c3)), v128.add<f32>(c4, c5))
  c6 = v128.add<f32>(v128.add<f32>(v128.add<f32>(c6, c7), v128.add<f32>(c8, c9)), v128.add<f32>(c10, c11))
  v128.store(scratch, v128.add<f32>(c0, c6))
}

/** Job: elements [from, to) of out = x. Arguments: x, out. */
export function copy(from: i32, to: i32, args: usize, scratch: usize): void {
  const at = (<usize>from) << 2
  memory.copy(load<usize>(args, 4) + at, load<usize>(args) + at, (<usize>(to - from)) << 2)
}

/** Job: reads elements [from, to) of x and leaves their sum in scratch. Arguments: x. */
export function readAll(from: i32, to: i32, args: usize, scratch: usize): void {
  let s0 = v128.splat<f32>(0)
  let s1 = s0
  let s2 = s0
  let s3 = s0
  let p = load<usize>(args) + ((<usize>from) << 2)
  for (let i = from; i + 16 <= to; i += 16) {
    s0 = v128.add<f32>(s0, v128.load(p))
    s1 = v128.add<f32>(s1, v128.load(p, 16))
    s2 = v128.add<f32>(s2, v128.load(p, 32))
    s3 = v128.add<f32>(s3, v128.load(p, 48))
    p += 64
  }
  v128.store(scratch, v128.add<f32>(v128.add<f32>(s0, s1), v128.add<f32>(s2, s3)))
}
