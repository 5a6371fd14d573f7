// gelu_new and its gradient. AssemblyScript. 0.5 x (1 + tanh u) is written as x / (1 + e^(-2u)), the same function
// without the cancellation that the tanh form has for negative x.

import { exp4, fma, load4, store4 } from './vector'

/** sigmoid(2 u) with u = sqrt(2 / pi) (x + 0.044715 x^3). */
function gate(x: v128): v128 {
  const cube = fma(v128.mul<f32>(x, x), v128.splat<f32>(0.044715), v128.splat<f32>(1))
  const u = v128.mul<f32>(v128.mul<f32>(x, cube), v128.splat<f32>(-1.5957691216057308))
  const one = v128.splat<f32>(1)
  return v128.div<f32>(one, v128.add<f32>(one, exp4(u)))
}

/** Job: elements [from, to) of y = gelu_new(x); -inf gives NaN, as 0.5 * -inf * (1 + tanh(-inf)) does. Arguments: x, y. */
export function gelu(from: i32, to: i32, args: usize, scratch: usize): void {
  const x = load<usize>(args)
  const y = load<usize>(args, 4)
  for (let i = from; i < to; i += 4) {
    const at = (<usize>i) << 2
    const left = to - i
    const v = load4(x + at, left)
    store4(y + at, v128.mul<f32>(v, gate(v)), left)
  }
}

/** Job: elements [from, to) of dx = dy gelu_new'(x); dx may be dy. Arguments: x, dy, dx. */
export function geluInput(from: i32, to: i32, args: usize, scratch: usize): void {
  const x = load<usize>(args)
  const dy = load<usize>(args, 4)
  const dx = load<usize>(args, 8)
  const one = v128.splat<f32>(1)
  for (let i = from; i < to; i += 4) {
    const at = (<usize>i) << 2
    const left = to - i
    // Beyond +-20 the gate is 0 or 1 to the last bit; the clamp keeps the square finite there, and keeps NaN.
    const v = v128.pmax<f32>(v128.pmin<f32>(load4(x + at, left), v128.splat<f32>(20)), v128.splat<f32>(-20))
    const g = gate(v)
    // 2 du/dx
    const slope = fma(v128.mul<f32>(v, v), v128.splat<f32>(0.2140644488), v128.splat<f32>(1.5957691216057308))
    const d = fma(v128.mul<f32>(v128.mul<f32>(v, g), v128.sub<f32>(one, g)), slope, g)
    store4(dx + at, v128.mul<f32>(load4(dy + at, left), d), left)
  }
}
