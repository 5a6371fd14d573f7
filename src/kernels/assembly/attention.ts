// Causal attention with a window and padding, forward and gradients, one (row of the batch, head) at a time.
// AssemblyScript. Scores exist for ROWS queries only; the gradient computes them again instead of keeping them.
//
// GPT-Neo's mask, no scaling: query i may see key j when i - window < j <= i; other scores become the smallest float,
// and padding keys then get the smallest float added. So real visible keys decide where there are any. A padding query
// whose whole window is padding is left with equal scores on its window and on every real key: a plain mean.

import { exp4, fma, load4, loadPart, maxLanes, store4, sumLanes } from './vector'
import { multiply } from './gemm'
import { ACCUMULATE, OVERWRITE } from './modes'

/** Queries of a block: 8 panels of the product's 6 rows. */
const ROWS: i32 = 48

/** Row numbers, offsets and lengths lie as 32-bit integers. */
function intAt(list: usize, index: i32): i32 {
  return load<i32>(list + ((<usize>index) << 2))
}

/** First key in the window of query i; window 0 has no limit. */
function windowStart(i: i32, window: i32): i32 {
  return window > 0 ? max(0, i - window + 1) : 0
}

/** First key that any of the queries [i, end) looks at, given the number of real keys. */
function firstKey(i: i32, end: i32, window: i32, real: i32): i32 {
  return windowStart(end - 1, window) >= real ? 0 : windowStart(i, window)
}

/**
 * Turns scores s of query i, for keys [start, end), into probabilities in place. Keys that take no part become 0.
 */
function softmaxRow(s: usize, i: i32, start: i32, end: i32, window: i32, real: i32): void {
  const low = windowStart(i, window)
  const high = min(i + 1, real)
  if (low >= high) {
    const mean = <f32>1 / <f32>(real + i + 1 - low)
    for (let j = start; j < end; j++) {
      store<f32>(s + ((<usize>(j - start)) << 2), j < real || (j >= low && j <= i) ? mean : 0)
    }
    return
  }
  const p = s + ((<usize>(low - start)) << 2)
  const n = high - low
  let top = v128.splat<f32>(-Infinity)
  for (let j = 0; j < n; j += 4) {
    const left = n - j
    const at = p + ((<usize>j) << 2)
    top = v128.pmax<f32>(top, left >= 4 ? v128.load(at) : loadPart(at, left, -Infinity))
  }
  const m = v128.splat<f32>(maxLanes(top))
  let sum = v128.splat<f32>(0)
  for (let j = 0; j < n; j += 4) {
    const left = n - j
    const at = p + ((<usize>j) << 2)
    const e = exp4(v128.sub<f32>(left >= 4 ? v128.load(at) : loadPart(at, left, -Infinity), m))
    sum = v128.add<f32>(sum, e)
    store4(at, e, left)
  }
  const inverse = v128.splat<f32>(<f32>1 / sumLanes(sum))
  for (let j = 0; j < n; j += 4) {
    const left = n - j
    const at = p + ((<usize>j) << 2)
    store4(at, v128.mul<f32>(load4(at, left), inverse), left)
  }
  memory.fill(s, 0, (<usize>(low - start)) << 2)
  memory.fill(s + ((<usize>(high - start)) << 2), 0, (<usize>(end - high)) << 2)
}

/** ds = p (dp - sum of p dp) in place of dp; scores that the mask replaced have no gradient. */
function softmaxRowInput(p: usize, dp: usize, i: i32, start: i32, end: i32, window: i32, real: i32): void {
  const n = end - start
  let dot = v128.splat<f32>(0)
  for (let j = 0; j < n; j += 4) {
    const at = (<usize>j) << 2
    dot = fma(load4(p + at, n - j), load4(dp + at, n - j), dot)
  }
  const d = v128.splat<f32>(sumLanes(dot))
  for (let j = 0; j < n; j += 4) {
    const at = (<usize>j) << 2
    store4(dp + at, v128.mul<f32>(load4(p + at, n - j), v128.sub<f32>(load4(dp + at, n - j), d)), n - j)
  }
  // In a plain mean the real keys take part, but through replaced scores.
  const low = windowStart(i, window)
  if (low >= min(i + 1, real)) memory.fill(dp, 0, (<usize>(low - start)) << 2)
}

/**
 * Job: units [from, to) of batch rows x heads; out = softmax(q k') v.
 * Arguments: q, k, v, out [N, C], starts (i32 [B + 1]: row b's positions are starts[b] to starts[b + 1]), lengths (i32
 * [B]: its real keys), C, heads, window, packing (bytes of the scratch that the product takes; scores lie behind it).
 */
export function attention(from: i32, to: i32, args: usize, scratch: usize): void {
  const starts = load<usize>(args, 16)
  const width = load<usize>(args, 24)
  const heads = load<i32>(args, 28)
  const window = load<i32>(args, 32)
  const scores = scratch + load<usize>(args, 36)
  const size = <i32>width / heads
  for (let unit = from; unit < to; unit++) {
    const row = unit / heads
    const length = intAt(starts, row + 1) - intAt(starts, row)
    const base = (<usize>intAt(starts, row) * width + <usize>((unit % heads) * size)) << 2
    const q = load<usize>(args) + base
    const k = load<usize>(args, 4) + base
    const v = load<usize>(args, 8) + base
    const out = load<usize>(args, 12) + base
    const real = intAt(load<usize>(args, 20), row)
    for (let i = 0; i < length; i += ROWS) {
      const end = min(i + ROWS, length)
      const start = firstKey(i, end, window, real)
      const n = end - start
      const first = (<usize>start * width) << 2
      const query = (<usize>i * width) << 2
      multiply(q + query, width, 1, k + first, 1, width, scores, n, end - i, size, n, OVERWRITE, 0, scratch)
      for (let r = i; r < end; r++) softmaxRow(scores + ((<usize>((r - i) * n)) << 2), r, start, end, window, real)
      multiply(scores, n, 1, v + first, width, 1, out + query, width, end - i, n, size, OVERWRITE, 0, scratch)
    }
  }
}

/**
 * Job: units [from, to) of the gradients of q, k and v.
 * Arguments: q, k, v, dout, starts, lengths, C, heads, window, packing, dq, dk, dv.
 */
export function attentionInput(from: i32, to: i32, args: usize, scratch: usize): void {
  const starts = load<usize>(args, 16)
  const width = load<usize>(args, 24)
  const heads = load<i32>(args, 28)
  const window = load<i32>(args, 32)
  const scores = scratch + load<usize>(args, 36)
  const size = <i32>width / heads
  for (let unit = from; unit < to; unit++) {
    const row = unit / heads
    const length = intAt(starts, row + 1) - intAt(starts, row)
    const base = (<usize>intAt(starts, row) * width + <usize>((unit % heads) * size)) << 2
    const q = load<usize>(args) + base
    const k = load<usize>(args, 4) + base
    const v = load<usize>(args, 8) + base
    const dout = load<usize>(args, 12) + base
    const real = intAt(load<usize>(args, 20), row)
    const slopes = scores + <usize>(ROWS * length) * 4
    const dq = load<usize>(args, 40) + base
    const dk = load<usize>(args, 44) + base
    const dv = load<usize>(args, 48) + base
    for (let i = 0; i < length; i++) {
      const at = (<usize>i * width) << 2
      memory.fill(dk + at, 0, (<usize>size) << 2)
      memory.fill(dv + at, 0, (<usize>size) << 2)
    }
    for (let i = 0; i < length; i += ROWS) {
      const end = min(i + ROWS, length)
      const start = firstKey(i, end, window, real)
      const n = end - start
      const rows = end - i
      const first = (<usize>start * width) << 2
      const query = (<usize>i * width) << 2
      multiply(q + query, width, 1, k + first, 1, width, scores, n, rows, size, n, OVERWRITE, 0, scratch)
      for (let r = i; r < end; r++) softmaxRow(scores + ((<usize>((r - i) * n)) << 2), r, start, end, window, real)
      multiply(scores, 1, n, dout + query, width, 1, dv + first, width, n, rows, size, ACCUMULATE, 0, scratch)
      multiply(dout + query, width, 1, v + first, 1, width, slopes, n, rows, size, n, OVERWRITE, 0, scratch)
      for (let r = i; r < end; r++) {
        const at = (<usize>((r - i) * n)) << 2
        softmaxRowInput(scores + at, slopes + at, r, start, end, window, real)
      }
      multiply(slopes, n, 1, k + first, width, 1, dq + query, width, rows, n, size, OVERWRITE, 0, scratch)
      multiply(slopes, 1, n, q + query, width, 1, dk + first, width, n, rows, size, ACCUMULATE, 0, scratch)
    }
  }
}

/**
 * Job: heads [from, to) of attention for one new token over cached keys and values [positions, C].
 * Arguments: q, keys, values, out, position (of the token, the last key), C, heads, window, packing.
 */
export function attentionCached(from: i32, to: i32, args: usize, scratch: usize): void {
  const position = load<i32>(args, 16)
  const width = load<usize>(args, 20)
  const size = <i32>width / load<i32>(args, 24)
  const low = windowStart(position, load<i32>(args, 28))
  const scores = scratch + load<usize>(args, 32)
  const n = position + 1 - low
  for (let head = from; head < to; head++) {
    const base = (<usize>(head * size)) << 2
    const q = load<usize>(args) + base
    const first = base + ((<usize>low * width) << 2)
    let k = load<usize>(args, 4) + first
    for (let j = 0; j < n; j++) {
      let dot = v128.splat<f32>(0)
      for (let d = 0; d < size; d += 4) {
        const at = (<usize>d) << 2
        dot = fma(load4(q + at, size - d), load4(k + at, size - d), dot)
      }
      store<f32>(scores + ((<usize>j) << 2), sumLanes(dot))
      k += width << 2
    }
    softmaxRow(scores, n - 1, 0, n, 0, n)
    const out = load<usize>(args, 12) + base
    for (let d = 0; d < size; d += 4) {
      let v = load<usize>(args, 8) + first + ((<usize>d) << 2)
      let sum = v128.splat<f32>(0)
      for (let j = 0; j < n; j++) {
        sum = fma(v128.load_splat<f32>(scores + ((<usize>j) << 2)), load4(v, size - d), sum)
        v += width << 2
      }
      store4(out + ((<usize>d) << 2), sum, size - d)
    }
  }
}
