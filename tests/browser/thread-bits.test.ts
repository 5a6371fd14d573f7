// A whole training step (two micro-batches, clip, AdamW) has the same bits at 1, 2 and 3 threads, in both arithmetics, on
// shared memory and not, in the page and in a worker.

import { afterEach, describe, expect, test } from 'vitest'
import { relaxedSimd } from 'wasm-feature-detect'
import { initBackend, resetBackend, setThreads } from '../../src/kernels/backend'
import { BUILT_IN, trainAndSum, WIDE } from '../support/stepRun'

const arithmetics: ('simd' | 'relaxed')[] = (await relaxedSimd()) ? ['simd', 'relaxed'] : ['simd']

afterEach(() => resetBackend())

describe.each(arithmetics)('%s', (arithmetic) => {
  test.each([
    ['the built-in shape', BUILT_IN],
    ['768 wide, two layers', WIDE],
  ])('%s', async (_, shape) => {
    const { flavour } = await initBackend({ threads: 2, arithmetic })
    expect(flavour).toBe(globalThis.crossOriginIsolated ? `${arithmetic}-shared` : arithmetic)
    const first = trainAndSum(shape, 2)
    expect(first.losses.every(Number.isFinite)).toBe(true)
    expect(first.losses[1]).not.toBe(first.losses[0])
    for (const threads of [1, 3]) {
      await setThreads(threads)
      expect(trainAndSum(shape, 2)).toEqual(first)
    }
    resetBackend()
    // One thread is one thread of the plain build: other memory, same bits.
    expect((await initBackend({ threads: 1, arithmetic })).flavour).toBe(arithmetic)
    expect(trainAndSum(shape, 2)).toEqual(first)
  })
})

test('inside a worker, where waiting blocks', async () => {
  const worker = new Worker(new URL('../support/step.worker.ts', import.meta.url), { type: 'module' })
  const results = await new Promise<unknown>((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data)
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage([1, 2, 3])
  })
  worker.terminate()
  const [one, two, three] = results as { threads: number }[]
  if (globalThis.crossOriginIsolated) expect([two?.threads, three?.threads]).toEqual([2, 3])
  expect({ ...two, threads: 1 }).toEqual(one)
  expect({ ...three, threads: 1 }).toEqual(one)
})
