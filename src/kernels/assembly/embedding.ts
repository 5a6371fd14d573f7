// Embedding rows: gather for the forward pass, scatter-add for the gradient. AssemblyScript. The gradient is shared out
// by columns: every thread walks all rows in order, so a token that occurs twice is summed in the same order always.

import { load4, store4 } from './vector'

/**
 * Job: rows [from, to) of out = tokens[ids] + positions[places]; positions may be 0.
 * Arguments: tokens, ids (i32), positions, places (i32), out, n.
 */
export function gather(from: i32, to: i32, args: usize, scratch: usize): void {
  const tokens = load<usize>(args)
  const positions = load<usize>(args, 8)
  const n = load<i32>(args, 20)
  for (let i = from; i < to; i++) {
    const out = load<usize>(args, 16) + ((<usize>i * <usize>n) << 2)
    const t = tokens + ((load<usize>(load<usize>(args, 4) + ((<usize>i) << 2)) * <usize>n) << 2)
    if (!positions) {
      memory.copy(out, t, (<usize>n) << 2)
      continue
    }
    const p = positions + ((load<usize>(load<usize>(args, 12) + ((<usize>i) << 2)) * <usize>n) << 2)
    for (let j = 0; j < n; j += 4) {
      const at = (<usize>j) << 2
      store4(out + at, v128.add<f32>(load4(t + at, n - j), load4(p + at, n - j)), n - j)
    }
  }
}

/** Job: columns [from, to) of table[ids[i]] += x[i] for i in order. Arguments: x, ids (i32), table, rows, n. */
export function scatterAdd(from: i32, to: i32, args: usize, scratch: usize): void {
  const ids = load<usize>(args, 4)
  const table = load<usize>(args, 8)
  const rows = load<i32>(args, 12)
  const n = load<usize>(args, 16)
  let x = load<usize>(args)
  for (let i = 0; i < rows; i++) {
    const row = table + ((load<usize>(ids + ((<usize>i) << 2)) * n) << 2)
    for (let j = from; j < to; j += 4) {
      const at = (<usize>j) << 2
      store4(row + at, v128.add<f32>(load4(row + at, to - j), load4(x + at, to - j)), to - j)
    }
    x += n << 2
  }
}
