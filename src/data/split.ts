// The train and test split of datasets.train_test_split, index for index. It knows row numbers only, not rows.

import { PCG64 } from './random'

export interface Split {
  /** Row numbers, in the order the run sees them before any epoch shuffle. */
  readonly train: Int32Array // [n - ceil(testSize * n)]
  readonly test: Int32Array // [ceil(testSize * n)]
}

/** numpy.random.default_rng(seed).permutation(n): Fisher-Yates from the end, masked rejection. */
export function permutation(n: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  const random = new PCG64(seed)
  for (let i = n - 1; i > 0; i--) {
    const j = random.interval(i)
    const held = order[i]!
    order[i] = order[j]!
    order[j] = held
  }
  return order
}

/**
 * Splits rows 0..n-1 as `datasets.Dataset.train_test_split(test_size, seed)` does: the test rows are the first
 * ceil(testSize * n) of the permutation, the training rows the rest, both in permuted order.
 * @param testSize share held out, 0 to below 1; 0 holds out nothing and leaves the rows in their own order
 * @throws RangeError when testSize is out of range
 */
export function trainTestSplit(n: number, testSize: number, seed: number): Split {
  if (!(testSize >= 0 && testSize < 1)) throw new RangeError(`test_size must be from 0 to below 1, not ${testSize}`)
  if (testSize === 0) return { train: Int32Array.from({ length: n }, (_, i) => i), test: new Int32Array(0) }
  const order = permutation(n, seed)
  const tests = Math.ceil(testSize * n)
  return { train: order.slice(tests), test: order.slice(0, tests) }
}
