// What threads bring: the product and a step at 1, 2, ... threads in one run, and what handing out a job costs.

import { setThreads } from '../src/kernels/backend'
import { gemm, matrix, transposed } from '../src/kernels/gemm'
import { allocateBytes, freeBytes, pool } from '../src/kernels/runtime'
import type { BenchContext } from './context'
import { fmaBound, median, memorySpeed, round, shapeOf, time } from './measure'
import { benchStep } from './step'

export async function benchThreads(context: BenchContext): Promise<object[]> {
  const { B, T, hidden: C } = shapeOf(context.shape)
  const lines: { threads: number; gemmGflops: number; secondsPerStep: number }[] = []
  for (let threads = 1; threads <= context.threads; threads = threads < 4 ? threads + 1 : threads * 2) {
    await setThreads(threads)
    const [line] = benchStep(context) as { secondsPerStep: number }[]
    const memory = memorySpeed()
    lines.push({
      threads: pool().threads,
      gemmGflops: round(product(B * T, C)),
      boundGflops: round(fmaBound()),
      copyGBs: round(memory.copy),
      jobMicroseconds: round(jobCost()),
      secondsPerStep: line?.secondsPerStep ?? NaN,
    } as (typeof lines)[number])
  }
  const [one] = lines
  return lines.map((line) => ({
    ...line,
    gemmSpeedup: round(line.gemmGflops / (one?.gemmGflops ?? NaN)),
    stepSpeedup: round((one?.secondsPerStep ?? NaN) / line.secondsPerStep),
  }))
}

function product(N: number, C: number): number {
  const [a, b, c] = [N * C, 4 * C * C, 4 * N * C].map((count) => allocateBytes(count * 4)) as [number, number, number]
  pool().run('zero', { x: a }, N * C)
  pool().run('zero', { x: b }, 4 * C * C)
  const run = () => gemm(matrix(a, N, C), transposed(matrix(b, 4 * C, C)), matrix(c, N, 4 * C))
  const ms = median(time(7, run))
  for (const at of [a, b, c]) freeBytes(at)
  return (2 * N * C * 4 * C) / ms / 1e6
}

/** Microseconds to hand out a job with one empty task for each thread and have it back. */
function jobCost(): number {
  const at = allocateBytes(4096)
  const jobs = 2000
  const ms = median(
    time(5, () => {
      for (let i = 0; i < jobs; i++) pool().run('zero', { x: at }, pool().threads, 1)
    }),
  )
  freeBytes(at)
  return (1000 * ms) / jobs
}
