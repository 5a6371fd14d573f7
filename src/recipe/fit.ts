// Whether a recipe fits the model and the memory there is, and the largest setting that does. It knows sizes only; what
// they cost is counted in memory.ts. Nothing is changed here: the caller offers the change.

import { HEAP_LIMIT, heapNeeded, unknownRows, type ModelSize, type RowsSize } from './memory'
import type { Recipe } from './recipe'

export interface Work {
  readonly size: ModelSize
  readonly recipe: Recipe
  /** Rows of the two sides of the split; unknown before they are tokenized. */
  readonly train?: RowsSize | undefined
  readonly held?: RowsSize | undefined
  /** Kernel threads; 0 or absent counts the most there can be. */
  readonly threads?: number | undefined
}

export interface Misfit {
  readonly field: 'max_length' | 'per_device_train_batch_size' | 'per_device_eval_batch_size'
  /** What does not fit, in one sentence. */
  readonly message: string
  /** What would, in one sentence. */
  readonly action: string
  /** The fields to change so that it fits; null when no batch and no length is small enough. */
  readonly change: Partial<Recipe> | null
}

/** Bytes of the heap that a run needs at its worst moment. */
function heapOf({ size, recipe, train, held, threads }: Work): number {
  return heapNeeded(size, recipe, { train, held, threads }).total
}

/**
 * What is wrong with the sizes of a run, or null when it fits.
 * @param limit bytes the heap may take
 */
export function misfit(work: Work, limit = HEAP_LIMIT): Misfit | null {
  return tooLong(work) ?? tooLarge(work, limit)
}

/** Rows longer than the model has positions for. */
function tooLong({ size, recipe, train = unknownRows, held = unknownRows }: Work): Misfit | null {
  const known = size.max_position_embeddings
  const longest = recipe.padding === 'max_length' ? Infinity : Math.max(train.longest, held.longest)
  const T = Math.min(recipe.max_length, longest)
  if (T <= known) return null
  return {
    field: 'max_length',
    message: `This model knows ${known} positions, and rows may have ${T} tokens.`,
    action: `Set the maximum length to ${known}.`,
    change: { max_length: known },
  }
}

function tooLarge(work: Work, limit: number): Misfit | null {
  const { recipe } = work
  const needed = heapOf(work)
  if (needed <= limit) return null
  const fits = (change: Partial<Recipe>) => heapOf({ ...work, recipe: { ...recipe, ...change } }) <= limit
  const batch = recipe.per_device_train_batch_size
  const evalBatch = recipe.per_device_eval_batch_size
  const need = `This run needs about ${megabytes(needed)} MB of memory, and a page has ${megabytes(limit)} MB: `
  if (fits({ per_device_eval_batch_size: 1 })) {
    const most = largest(1, evalBatch, (n) => fits({ per_device_eval_batch_size: n })) ?? 1
    return {
      field: 'per_device_eval_batch_size',
      message: `${need}an evaluation batch size of ${evalBatch} is too large for this model.`,
      action: `The largest evaluation batch size that fits is ${most}.`,
      change: { per_device_eval_batch_size: most },
    }
  }
  const message = `${need}batch size ${batch} with up to ${recipe.max_length} tokens a row is too large for this model.`
  // The batches of the evaluation need not be larger than those of the training, which cost more.
  const both = (n: number) => ({
    per_device_train_batch_size: n,
    per_device_eval_batch_size: Math.min(n, evalBatch),
  })
  const mostRows = largest(1, batch, (n) => fits(both(n)))
  const mostTokens = largest(2, recipe.max_length, (n) => fits({ max_length: n }))
  const rows = `batch size ${mostRows} at this length`
  if (mostRows !== null) {
    const tokens = mostTokens === null ? '' : `, or maximum length ${mostTokens} at this batch size`
    return {
      field: 'per_device_train_batch_size',
      message,
      action: `The largest that fits is ${rows}${tokens}.`,
      change: fits({ per_device_train_batch_size: mostRows })
        ? { per_device_train_batch_size: mostRows }
        : both(mostRows),
    }
  }
  const single = largest(2, recipe.max_length, (n) => fits({ ...both(1), max_length: n }))
  return {
    field: single === null ? 'per_device_train_batch_size' : 'max_length',
    message,
    action:
      single === null
        ? 'Not even one row of two tokens fits: choose a smaller model.'
        : `The largest that fits is batch size 1 with maximum length ${single}.`,
    change: single === null ? null : { ...both(1), max_length: single },
  }
}

/** The largest whole number from `low` to `high` that fits, where all smaller ones do; null when `low` does not. */
function largest(low: number, high: number, fits: (n: number) => boolean): number | null {
  if (!fits(low)) return null
  let [fine, end] = [low, high]
  while (fine < end) {
    const middle = Math.ceil((fine + end) / 2)
    if (fits(middle)) fine = middle
    else end = middle - 1
  }
  return fine
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6)
}
