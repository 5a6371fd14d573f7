// Causal multi-head attention of GPT-Neo: global or windowed, padding masked, scores NOT divided by sqrt(head size).
// The mask's rules, transformers' odd corner included, stand in assembly/attention.ts. Scores of 48 queries of one head
// exist at a time on each thread; nothing but q, k and v is kept for the gradient.

import { MAX_POSITIONS, PACKING_BYTES } from './jobs'
import { attributesOf, input, runOp, savedAt, type Op } from './op'
import { addressOf, emptyTensor, output, pool } from './runtime'
import * as tf from './tf'

const ATTENTION = 'FinetaleCausalAttention'

/** How the rows of a batch lie behind each other. */
export interface RowLayout {
  /** [B + 1] row b holds positions starts[b] to starts[b + 1]. */
  readonly starts: Int32Array
  /** [B] its keys at and after lengths[b] are padding. */
  readonly lengths: Int32Array
}

/** Rows of T positions each, of which the first lengths[b] are real. */
export function paddedRows(lengths: Int32Array, T: number): RowLayout {
  return { starts: Int32Array.from({ length: lengths.length + 1 }, (_, b) => b * T), lengths }
}

interface Attributes {
  readonly heads: number
  /** 0 for no limit. */
  readonly window: number
  readonly rows: RowLayout
}

/**
 * @param q,k,v [N, C] with C = heads * d
 * @param heads number of heads
 * @param window keys a query sees, itself included; null for a global layer
 * @param rows how the N positions divide into rows; each row sees only itself
 * @returns [N, C]
 * @throws Error when the shape does not divide into rows and heads, or a row is longer than MAX_POSITIONS
 */
export function causalAttention(
  q: tf.Tensor2D,
  k: tf.Tensor2D,
  v: tf.Tensor2D,
  heads: number,
  window: number | null,
  rows: RowLayout,
): tf.Tensor2D {
  const { starts, lengths } = rows
  const fits = starts.length === lengths.length + 1 && starts[0] === 0 && starts[lengths.length] === q.shape[0]
  if (!fits || !Number.isInteger(q.shape[1] / heads)) {
    throw new Error(`attention cannot cut [${q.shape.join()}] into ${lengths.length} rows and ${heads} heads`)
  }
  lengths.forEach((_, b) => {
    const T = positions(rows, b)
    if (T < 0) throw new Error('attention needs rows in order')
    if (T > MAX_POSITIONS) throw new Error(`attention takes rows of up to ${MAX_POSITIONS} positions, not ${T}`)
  })
  if (k.shape.join() !== q.shape.join() || v.shape.join() !== q.shape.join()) {
    throw new Error('attention needs q, k and v of one shape')
  }
  return runOp(ATTENTION, { q, k, v }, { heads, window: window ?? 0, rows } satisfies Attributes) as tf.Tensor2D
}

/** Positions of row b. */
function positions({ starts }: RowLayout, b: number): number {
  return (starts[b + 1] ?? 0) - (starts[b] ?? 0)
}

/** Puts the layout on the heap, outside a tidy too, and hands over what both directions pass to their kernel. */
function withLayout(
  C: number,
  { heads, window, rows }: Attributes,
  work: (shared: Record<'starts' | 'lengths' | 'C' | 'heads' | 'window' | 'packing', number>, units: number) => void,
): void {
  const B = rows.lengths.length
  const words = new Int32Array(2 * B + 1)
  words.set(rows.starts)
  rows.lengths.forEach((length, b) => (words[B + 1 + b] = Math.max(0, Math.min(length, positions(rows, b)))))
  const onHeap = tf.tensor1d(words, 'int32')
  try {
    const starts = addressOf(onHeap)
    const shared = { starts, lengths: starts + 4 * (B + 1), C, heads, window, packing: PACKING_BYTES }
    work(shared, B * heads)
  } finally {
    onHeap.dispose()
  }
}

/** About eight tasks for each thread: late queries cost more than early ones, and rows may differ in length. */
function grain(units: number): number {
  return Math.max(1, Math.floor(units / (8 * pool().threads)))
}

function forward(q: tf.TensorInfo, k: tf.TensorInfo, v: tf.TensorInfo, attrs: Attributes): tf.TensorInfo {
  const out = output(q.shape)
  withLayout(q.shape[1] ?? 0, attrs, (shared, units) => {
    const args = { q: addressOf(q), k: addressOf(k), v: addressOf(v), out: addressOf(out) }
    pool().run('attention', { ...args, ...shared }, units, grain(units))
  })
  return out
}

function backward(dout: tf.Tensor, saved: readonly tf.Tensor[], attrs: Attributes): Record<string, () => tf.Tensor> {
  const [q, k, v] = [savedAt(saved, 0), savedAt(saved, 1), savedAt(saved, 2)]
  const [dq, dk, dv] = [emptyTensor(q.shape), emptyTensor(q.shape), emptyTensor(q.shape)]
  withLayout(q.shape[1] ?? 0, attrs, (shared, units) => {
    const args = { q: addressOf(q), k: addressOf(k), v: addressOf(v), dout: addressOf(dout) }
    const outs = { dq: addressOf(dq), dk: addressOf(dk), dv: addressOf(dv) }
    pool().run('attentionInput', { ...args, ...outs, ...shared }, units, grain(units))
  })
  for (const tensor of saved) tensor.dispose()
  return { q: () => dq, k: () => dk, v: () => dv }
}

export const attentionOp: Op = {
  kernel: {
    kernelName: ATTENTION,
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) =>
      forward(input(inputs, 'q'), input(inputs, 'k'), input(inputs, 'v'), attributesOf<Attributes>(attrs)),
  },
  gradient: {
    kernelName: ATTENTION,
    inputsToSave: ['q', 'k', 'v'],
    gradFunc: (dy, saved, attrs) => backward(dy as tf.Tensor, saved, attributesOf<Attributes>(attrs)),
  },
}
