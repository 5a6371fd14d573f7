// Softmax cross-entropy over rows of logits, with the gradient written over the logits. AssemblyScript. The logarithm is
// left to the caller, who has it in double precision: the kernel gives the largest logit, the sum and the target's logit.

import { exp4, load4, loadPart, maxLanes, store4, sumLanes } from './vector'

/**
 * Job: rows [from, to) of logits [rows, n]. stats [rows, 3] gets max, sum of e^(logit - max) and the target's logit;
 * with backward = 1 the row becomes (softmax - onehot) * scale. A target below 0 is not counted: its row becomes 0.
 * Arguments: logits, targets (i32), stats, n, scale (f32), backward (0 or 1).
 */
export function crossEntropy(from: i32, to: i32, args: usize, scratch: usize): void {
  const n = load<i32>(args, 12)
  const scale = load<f32>(args, 16)
  const backward = load<i32>(args, 20)
  for (let i = from; i < to; i++) {
    const row = load<usize>(args) + ((<usize>i * <usize>n) << 2)
    const target = load<i32>(load<usize>(args, 4) + ((<usize>i) << 2))
    const stats = load<usize>(args, 8) + <usize>i * 12
    if (target < 0) {
      store<f32>(stats, 0)
      store<f32>(stats, 1, 4)
      store<f32>(stats, 0, 8)
      if (backward) memory.fill(row, 0, (<usize>n) << 2)
      continue
    }
    let top0 = v128.splat<f32>(-Infinity)
    let top1 = top0
    let j = 0
    for (; j + 8 <= n; j += 8) {
      const at = row + ((<usize>j) << 2)
      top0 = v128.pmax<f32>(top0, v128.load(at))
      top1 = v128.pmax<f32>(top1, v128.load(at, 16))
    }
    for (; j < n; j += 4) {
      const at = row + ((<usize>j) << 2)
      top0 = v128.pmax<f32>(top0, n - j >= 4 ? v128.load(at) : loadPart(at, n - j, -Infinity))
    }
    const top = maxLanes(v128.pmax<f32>(top0, top1))
    const m = v128.splat<f32>(top)
    const hit = row + ((<usize>target) << 2)
    store<f32>(stats, top)
    store<f32>(stats, load<f32>(hit), 8)
    let sum0 = v128.splat<f32>(0)
    let sum1 = sum0
    for (j = 0; j + 8 <= n; j += 8) {
      const at = row + ((<usize>j) << 2)
      const e0 = exp4(v128.sub<f32>(v128.load(at), m))
      const e1 = exp4(v128.sub<f32>(v128.load(at, 16), m))
      sum0 = v128.add<f32>(sum0, e0)
      sum1 = v128.add<f32>(sum1, e1)
      if (backward) {
        v128.store(at, e0)
        v128.store(at, e1, 16)
      }
    }
    for (; j < n; j += 4) {
      const at = row + ((<usize>j) << 2)
      const e = exp4(v128.sub<f32>(n - j >= 4 ? v128.load(at) : loadPart(at, n - j, -Infinity), m))
      sum0 = v128.add<f32>(sum0, e)
      if (backward) store4(at, e, n - j)
    }
    const sum = sumLanes(v128.add<f32>(sum0, sum1))
    store<f32>(stats, sum, 4)
    if (!backward) continue
    const factor = v128.splat<f32>(scale / sum)
    for (j = 0; j < n; j += 4) {
      const at = row + ((<usize>j) << 2)
      store4(at, v128.mul<f32>(load4(at, n - j), factor), n - j)
    }
    store<f32>(hit, load<f32>(hit) - scale)
  }
}
