// The optimizer's passes over parameters: sum of squares for the global norm, and AdamW; and plain passes over memory.
// AssemblyScript.

import { fma, fnma, load4, store4 } from './vector'

/** Elements whose squares make one partial sum; the caller adds the partial sums in order. */
const CHUNK: i32 = 65536

/** Job: chunks [from, to) of the sum of squares of x, each a double in out. Arguments: x, out (f64), n. */
export function sumSquares(from: i32, to: i32, args: usize, scratch: usize): void {
  const n = load<i32>(args, 8)
  for (let chunk = from; chunk < to; chunk++) {
    const start = chunk * CHUNK
    const end = min(start + CHUNK, n)
    const x = load<usize>(args)
    // Squares in double: gradients above 1e19 must still give a finite norm.
    let low = v128.splat<f64>(0)
    let high = low
    for (let i = start; i < end; i += 4) {
      const v = load4(x + ((<usize>i) << 2), end - i)
      const a = f64x2.promote_low_f32x4(v)
      const b = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0))
      low = v128.add<f64>(low, v128.mul<f64>(a, a))
      high = v128.add<f64>(high, v128.mul<f64>(b, b))
    }
    const sum = v128.add<f64>(low, high)
    store<f64>(
      load<usize>(args, 4) + ((<usize>chunk) << 3),
      v128.extract_lane<f64>(sum, 0) + v128.extract_lane<f64>(sum, 1),
    )
  }
}

/**
 * Job: elements [from, to) of one AdamW step in place, g = gradient * scale:
 *   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *   p = before * p - rate * m / (sqrt(v) * root + eps);  p = p - after * p.
 * transformers' AdamW: before 1, rate lr sqrt(1 - beta2^t) / (1 - beta1^t), root 1, after lr * decay.
 * torch's AdamW: before 1 - lr * decay, rate lr / (1 - beta1^t), root 1 / sqrt(1 - beta2^t), after 0.
 * Arguments: p, g, m, v, then f32: scale, beta1, 1 - beta1, beta2, 1 - beta2, eps, rate, root, before, after.
 */
export function adamw(from: i32, to: i32, args: usize, scratch: usize): void {
  const p = load<usize>(args)
  const g = load<usize>(args, 4)
  const m = load<usize>(args, 8)
  const v = load<usize>(args, 12)
  const scale = v128.load_splat<f32>(args, 16)
  const beta1 = v128.load_splat<f32>(args, 20)
  const rest1 = v128.load_splat<f32>(args, 24)
  const beta2 = v128.load_splat<f32>(args, 28)
  const rest2 = v128.load_splat<f32>(args, 32)
  const eps = v128.load_splat<f32>(args, 36)
  const rate = v128.load_splat<f32>(args, 40)
  const root = v128.load_splat<f32>(args, 44)
  const before = v128.load_splat<f32>(args, 48)
  const after = v128.load_splat<f32>(args, 52)
  for (let i = from; i < to; i += 4) {
    const at = (<usize>i) << 2
    const left = to - i
    const d = v128.mul<f32>(load4(g + at, left), scale)
    const mean = fma(d, rest1, v128.mul<f32>(load4(m + at, left), beta1))
    const square = fma(v128.mul<f32>(d, d), rest2, v128.mul<f32>(load4(v + at, left), beta2))
    const divisor = fma(v128.sqrt<f32>(square), root, eps)
    const move = v128.div<f32>(v128.mul<f32>(mean, rate), divisor)
    let x = v128.sub<f32>(v128.mul<f32>(load4(p + at, left), before), move)
    x = fnma(x, after, x)
    store4(m + at, mean, left)
    store4(v + at, square, left)
    store4(p + at, x, left)
  }
}

/** Job: elements [from, to) of x = 0. Arguments: x. */
export function zero(from: i32, to: i32, args: usize, scratch: usize): void {
  memory.fill(load<usize>(args) + ((<usize>from) << 2), 0, (<usize>(to - from)) << 2)
}

/** Job: elements [from, to) of out += x * scale. Arguments: x, out, scale (f32). */
export function addScaled(from: i32, to: i32, args: usize, scratch: usize): void {
  const x = load<usize>(args)
  const out = load<usize>(args, 4)
  const scale = v128.load_splat<f32>(args, 8)
  for (let i = from; i < to; i += 4) {
    const at = (<usize>i) << 2
    store4(out + at, fma(load4(x + at, to - i), scale, load4(out + at, to - i)), to - i)
  }
}

/** Job: elements [from, to) of out = x + y; out may be either. Arguments: x, y, out. */
export function add(from: i32, to: i32, args: usize, scratch: usize): void {
  const x = load<usize>(args)
  const y = load<usize>(args, 4)
  const out = load<usize>(args, 8)
  for (let i = from; i < to; i += 4) {
    const at = (<usize>i) << 2
    store4(out + at, v128.add<f32>(load4(x + at, to - i), load4(y + at, to - i)), to - i)
  }
}
