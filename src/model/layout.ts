// Which positions of a batch the model computes, and what each must predict. It runs nothing.

import { paddedRows, type RowLayout } from '../kernels/attention'
import { positionsOf } from '../kernels/embedding'
import { shiftedTargets, type Batch } from './batch'

/** N positions, rows behind each other. */
export interface Layout {
  readonly ids: Int32Array // [N]
  /** Place of each in its row. */
  readonly positions: Int32Array // [N]
  readonly rows: RowLayout
  /** Next ids, IGNORED where there is none that counts. */
  readonly targets: Int32Array // [N]
  /** Targets that count. */
  readonly count: number
}

/**
 * With padding in the loss every position is computed. Without it, only those with a target: attention is causal and
 * padding stands at the right, so what is left out can reach no counted target, nor its gradient.
 */
export function layoutOf(batch: Batch): Layout {
  const { ids, lengths, B, T } = batch
  const { targets, count } = shiftedTargets(batch)
  const positions = positionsOf(B, T)
  if (batch.padInLoss) return { ids, positions, rows: paddedRows(lengths, T), targets, count }
  const kept = lengths.map((length) => Math.max(0, Math.min(T, length) - 1))
  const starts = new Int32Array(B + 1)
  kept.forEach((length, b) => (starts[b + 1] = (starts[b] ?? 0) + length))
  const packed = (values: Int32Array): Int32Array => {
    const out = new Int32Array(count)
    kept.forEach((length, b) => out.set(values.subarray(b * T, b * T + length), starts[b]))
    return out
  }
  return {
    ids: packed(ids),
    positions: packed(positions),
    rows: { starts, lengths: kept },
    targets: packed(targets),
    count,
  }
}
