// What one forward and backward pass works on, and the one place where labels are shifted.

export interface Batch {
  /** Right-padded token ids, row-major. */
  readonly ids: Int32Array // [B*T]
  /** Real tokens of each row, end-of-text included; keys at and after this position are masked. */
  readonly lengths: Int32Array // [B]
  readonly B: number
  readonly T: number
  /** True counts all B*(T-1) positions in the loss; false only targets inside `lengths`. */
  readonly padInLoss: boolean
}

/** A position whose target does not count. */
export const IGNORED = -1

/**
 * The token each position must predict: the next id of its row, IGNORED at a row's last position and, without
 * padInLoss, where the next id lies at or after the row's length. Masking goes by length, not by id, because the pad
 * id is usually also the end-of-text that must be learnt.
 * The shift by one happens here and nowhere else.
 */
export function shiftedTargets(batch: Batch): { targets: Int32Array; count: number } {
  const { ids, lengths, B, T, padInLoss } = batch
  const targets = new Int32Array(B * T).fill(IGNORED) // [B*T]
  let count = 0
  for (let b = 0; b < B; b++) {
    const end = padInLoss ? T : Math.min(T, lengths[b] ?? 0)
    for (let t = 0; t + 1 < end; t++) {
      targets[b * T + t] = ids[b * T + t + 1] ?? IGNORED
      count++
    }
  }
  return { targets, count }
}
