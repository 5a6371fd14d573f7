// The matrix product on every shape of a training step, beside the bound measured in the same run.

import { gemm, matrix, transposed, type GemmMode } from '../src/kernels/gemm'
import { rowsPerChunk } from '../src/kernels/lmHead'
import { allocateBytes, freeBytes, pool } from '../src/kernels/runtime'
import type { BenchContext } from './context'
import { fmaBound, median, round, shapeOf, time } from './measure'

interface Product {
  readonly name: string
  readonly m: number
  readonly k: number
  readonly n: number
  /** A or B lie transposed. */
  readonly a?: 'T'
  readonly b?: 'T'
  readonly mode?: GemmMode
}

export function benchGemm({ shape, rounds }: BenchContext): object[] {
  const { B, T, hidden: C, vocab: V } = shapeOf(shape)
  const N = B * T
  const chunk = Math.min(N, rowsPerChunk(V))
  const M = 4 * C
  const products: Product[] = [
    { name: 'projection', m: N, k: C, n: C, b: 'T' },
    { name: 'projection dX', m: N, k: C, n: C },
    { name: 'projection dW', m: C, k: N, n: C, a: 'T', mode: 'accumulate' },
    { name: 'c_fc', m: N, k: C, n: M, b: 'T' },
    { name: 'c_fc dX', m: N, k: M, n: C },
    { name: 'c_fc dW', m: M, k: N, n: C, a: 'T', mode: 'accumulate' },
    { name: 'c_proj', m: N, k: M, n: C, b: 'T' },
    { name: 'c_proj dX', m: N, k: C, n: M },
    { name: 'c_proj dW', m: C, k: N, n: M, a: 'T', mode: 'accumulate' },
    { name: 'head', m: chunk, k: C, n: V, b: 'T' },
    { name: 'head dX', m: chunk, k: V, n: C },
    { name: 'head dW', m: V, k: chunk, n: C, a: 'T', mode: 'accumulate' },
  ]
  return products.map((product) => {
    const bound = fmaBound()
    const rate = rateOf(product, rounds || 7)
    return {
      ...{ name: product.name, m: product.m, k: product.k, n: product.n, a: product.a ?? 'N', b: product.b ?? 'N' },
      ...{ gflops: round(rate), boundGflops: round(bound), share: round(rate / bound) },
    }
  })
}

function rateOf({ m, k, n, a, b, mode }: Product, rounds: number): number {
  const [aAt, bAt, cAt] = [filled(m * k), filled(k * n), filled(m * n)] as [number, number, number]
  const A = a === 'T' ? transposed(matrix(aAt, k, m)) : matrix(aAt, m, k)
  const B = b === 'T' ? transposed(matrix(bAt, n, k)) : matrix(bAt, k, n)
  const ms = median(time(rounds, () => gemm(A, B, matrix(cAt, m, n), mode)))
  for (const at of [aAt, bAt, cAt]) freeBytes(at)
  return (2 * m * k * n) / ms / 1e6
}

/** Zeros: the speed of multiply-adds does not depend on the numbers, as long as they are normal. */
function filled(count: number): number {
  const at = allocateBytes(count * 4)
  pool().run('zero', { x: at }, count, 1 << 20)
  return at
}
