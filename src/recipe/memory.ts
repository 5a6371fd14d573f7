// How much of the wasm heap a run takes, from the model's sizes and the recipe alone: before anything is loaded. It counts
// what src/kernels and src/model allocate; what is done about it is in fit.ts.

import type { Recipe } from './recipe'

/** Bytes at which the heap ends, with shared memory and without: both builds of tfjs declare 65,536 pages, less one. */
export const HEAP_LIMIT = 4_294_901_760

/** Sizes of a GPT-Neo under the names of its config.json. */
export interface ModelSize {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly num_layers: number
  readonly intermediate_size: number
  readonly max_position_embeddings: number
}

/** The rows of one side of the split: how many there are, and tokens of the longest. Infinity where it is not known. */
export interface RowsSize {
  readonly rows: number
  readonly longest: number
}

export const unknownRows: RowsSize = { rows: Infinity, longest: Infinity }

export interface HeapNeeded {
  /** Weights, gradients and both moments. */
  readonly state: number
  /** Activations of one training batch and their gradients. */
  readonly activations: number
  /** Activations of one evaluation batch: of one block at a time, and the outputs of all before it. */
  readonly evaluation: number
  /** One chunk of logits. */
  readonly logits: number
  /** Scratch of the kernel threads, and what the engine has for itself. */
  readonly scratch: number
  /** The largest sum of what there is at one time. */
  readonly total: number
}

const FLOAT = 4
/** Weights, gradients, two moments. */
const STATE_COPIES = 4
/** Numbers of one chunk of logits at most, and rows it comes in: see kernels/lmHead.ts. */
const CHUNK_NUMBERS = 13_000_000
const CHUNK_BLOCK = 256
/** Scratch of one thread, see kernels/jobs.ts. */
const THREAD_SCRATCH = 2_752_576
const MAX_THREADS = 16
/** Stack, static data and kernels of tfjs. */
const ENGINE = 16 * 2 ** 20

/** Parameters of the model; the tied head is the embedding. */
export function parameterCount(size: ModelSize): number {
  const { vocab_size: V, hidden_size: C, num_layers: L, intermediate_size: M, max_position_embeddings: P } = size
  return (V + P) * C + L * (4 * C * C + 2 * M * C + 6 * C + M) + 2 * C
}

/** Positions of the largest batch of `batch` rows. */
function positions(batch: number, { padding, max_length }: Recipe, { rows, longest }: RowsSize): number {
  return Math.min(batch, rows) * (padding === 'max_length' ? max_length : Math.min(max_length, longest))
}

function chunkNumbers(V: number, rows: number): number {
  const most = Math.max(1, Math.floor(CHUNK_NUMBERS / V))
  return V * Math.min(rows, most < CHUNK_BLOCK ? most : most - (most % CHUNK_BLOCK))
}

/**
 * Bytes of heap that a run of `recipe` needs at its worst moment, evaluations and texts included.
 *
 * The worst moment of a step is the end of its backward pass. For each of N positions the forward pass leaves, in a block
 * of width C and inner width M, its input, its norm, q, k, v, the mixed values, the middle of the residual stream and
 * that one's norm (8 C), and the inner activation (M); the tape then keeps every gradient of them until its end, 13 C + M
 * in the place of what it frees. With what does not fit into the gaps that is 16 C + M, found by measuring: tests/unit/
 * memory.test.ts holds the heaps of ten shapes after real steps against it. Embedding, last norm and head take 6 C.
 * @param threads kernel threads; 0 counts the most there can be
 */
export function heapNeeded(
  size: ModelSize,
  recipe: Recipe,
  {
    train = unknownRows,
    held = unknownRows,
    threads = 0,
  }: { train?: RowsSize; held?: RowsSize; threads?: number } = {},
): HeapNeeded {
  const { vocab_size: V, hidden_size: C, num_layers: L, intermediate_size: M, max_position_embeddings: P } = size
  const evaluates = recipe.eval_strategy !== 'no' && held.rows > 0
  const N = positions(recipe.per_device_train_batch_size, recipe, train)
  const E = evaluates ? positions(recipe.per_device_eval_batch_size, recipe, held) : 0
  const state = STATE_COPIES * FLOAT * parameterCount(size)
  const activations = FLOAT * N * (L * (16 * C + M) + 6 * C)
  const evaluation = FLOAT * E * ((L + 12) * C + 2 * M)
  const writing = FLOAT * (2 * P * C * L + V)
  const logits = FLOAT * chunkNumbers(V, Math.max(N, E))
  const scratch = ENGINE + THREAD_SCRATCH * (threads > 0 ? Math.min(threads, MAX_THREADS) : MAX_THREADS)
  const total = state + logits + scratch + Math.max(activations, evaluation, writing)
  return { state, activations, evaluation, logits, scratch, total }
}
