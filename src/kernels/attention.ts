// Causal multi-head attention of GPT-Neo: global or windowed, padding masked, scores NOT divided by sqrt(head size).
// The mask's rules, transformers' odd corner included, stand in assembly/attention.ts. Scores of 48 queries of one head
// exist at a time on each thread; nothing but q, k and v is kept for the gradient.

import { MAX_POSITIONS, PACKING_BYTES } from './jobs'
import { attributesOf, input, runOp, savedAt, type Op } from './op'
import { addressOf, emptyTensor, output, pool } from './runtime'
import * as tf from './tf'

const ATTENTION = 'FinetaleCausalAttention'

interface Attributes {
  readonly heads: number
  /** 0 for no limit. */
  readonly window: number
  readonly lengths: Int32Array
}

/**
 * @param q,k,v [B*T, C] with C = heads * d, B = lengths.length
 * @param heads number of heads
 * @param window keys a query sees, itself included; null for a global layer
 * @param lengths [B] keys at and after lengths[b] are padding
 * @returns [B*T, C]
 * @throws Error when the shape does not divide into rows and heads, or a row is longer than MAX_POSITIONS
 */
export function causalAttention(
  q: tf.Tensor2D,
  k: tf.Tensor2D,
  v: tf.Tensor2D,
  heads: number,
  window: number | null,
  lengths: Int32Array,
): tf.Tensor2D {
  const T = q.shape[0] / lengths.length
  if (!Number.isInteger(T) || !Number.isInteger(q.shape[1] / heads)) {
    throw new Error(`attention cannot cut [${q.shape.join()}] into ${lengths.length} rows and ${heads} heads`)
  }
  if (T > MAX_POSITIONS) throw new Error(`attention takes rows of up to ${MAX_POSITIONS} positions, not ${T}`)
  if (k.shape.join() !== q.shape.join() || v.shape.join() !== q.shape.join()) {
    throw new Error('attention needs q, k and v of one shape')
  }
  return runOp(ATTENTION, { q, k, v }, { heads, window: window ?? 0, lengths } satisfies Attributes) as tf.Tensor2D
}

/** What both directions pass to their kernel. */
function common(shape: readonly number[], { heads, window, lengths }: Attributes) {
  const [N = 0, C = 0] = shape
  return { T: N / lengths.length, C, heads, window, packing: PACKING_BYTES }
}

/** Puts the lengths on the heap; outside a tidy too. */
function withLengths({ lengths }: Attributes, T: number, work: (at: number) => void): void {
  const onHeap = tf.tensor1d(
    lengths.map((length) => Math.max(0, Math.min(length, T))),
    'int32',
  )
  work(addressOf(onHeap))
  onHeap.dispose()
}

/** About eight tasks for each thread: late queries cost more than early ones, but all heads cost the same. */
function grain(units: number): number {
  return Math.max(1, Math.floor(units / (8 * pool().threads)))
}

function forward(q: tf.TensorInfo, k: tf.TensorInfo, v: tf.TensorInfo, attrs: Attributes): tf.TensorInfo {
  const out = output(q.shape)
  const units = attrs.lengths.length * attrs.heads
  const shape = common(q.shape, attrs)
  withLengths(attrs, shape.T, (lengths) => {
    const args = { q: addressOf(q), k: addressOf(k), v: addressOf(v), out: addressOf(out), lengths }
    pool().run('attention', { ...args, ...shape }, units, grain(units))
  })
  return out
}

function backward(dout: tf.Tensor, saved: readonly tf.Tensor[], attrs: Attributes): Record<string, () => tf.Tensor> {
  const [q, k, v] = [savedAt(saved, 0), savedAt(saved, 1), savedAt(saved, 2)]
  const [dq, dk, dv] = [emptyTensor(q.shape), emptyTensor(q.shape), emptyTensor(q.shape)]
  const units = attrs.lengths.length * attrs.heads
  const shape = common(q.shape, attrs)
  withLengths(attrs, shape.T, (lengths) => {
    const args = { q: addressOf(q), k: addressOf(k), v: addressOf(v), dout: addressOf(dout), lengths }
    const outs = { dq: addressOf(dq), dk: addressOf(dk), dv: addressOf(dv) }
    pool().run('attentionInput', { ...args, ...outs, ...shape }, units, grain(units))
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
