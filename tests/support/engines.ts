// Every way the kernels can run in this browser: both arithmetics, memory shared or not, one thread or several.

import { afterAll, beforeAll, describe } from 'vitest'
import { relaxedSimd } from 'wasm-feature-detect'
import { initBackend, resetBackend, setThreads } from '../../src/kernels/backend'
import { pool } from '../../src/kernels/runtime'

const arithmetics: ('simd' | 'relaxed')[] = (await relaxedSimd()) ? ['simd', 'relaxed'] : ['simd']

const engines = arithmetics.flatMap((arithmetic) => [
  { arithmetic, shared: false, threads: 1 },
  ...(globalThis.crossOriginIsolated ? [1, 2, 3].map((threads) => ({ arithmetic, shared: true, threads })) : []),
])

/**
 * Runs the tests that `define` makes on every engine. Tasks are kept so small that threads share even a tiny model's
 * work. Throws when the engine is not the one that was asked for.
 */
export function onEveryEngine(define: () => void): void {
  describe.each(engines)(
    '$arithmetic, shared memory: $shared, threads: $threads',
    ({ arithmetic, shared, threads }) => {
      beforeAll(async () => {
        resetBackend()
        const { flavour } = await initBackend({ arithmetic, shared, threads: 1 })
        const running = await setThreads(threads)
        const wanted = shared ? `${arithmetic}-shared` : arithmetic
        if (flavour !== wanted || running !== threads) throw new Error(`${flavour} runs on ${running} threads`)
        pool().grainLimit = 8
      })
      afterAll(() => resetBackend())
      define()
    },
  )
}
