// The wasm backend starts, counts its threads, restarts with an empty heap, and computes the same with any thread count.

import { afterAll, expect, test } from 'vitest'
import { heapBytes, initBackend, resetBackend, wasmBackend } from '../../src/kernels/backend'
import { zeroGrad } from '../../src/kernels/param'
import * as tf from '../../src/kernels/tf'
import { loadModel } from '../../src/model/load'
import { A, B, batchOf, m0Files } from '../support/m0'

afterAll(() => resetBackend())

/** Bytes of one loss and one gradient. */
async function run(threads: number): Promise<{ threads: number; lossSum: number; grad: Float32Array }> {
  resetBackend()
  const info = await initBackend({ threads })
  const model = await loadModel(m0Files())
  const { lossSum } = model.lossAndGradients(batchOf([A, B]), 0.1)
  const grad = (model.blocks[0]?.c_fc.weight.grad?.dataSync() ?? new Float32Array()) as Float32Array
  zeroGrad(model.params)
  model.dispose()
  return { threads: info.threads, lossSum, grad }
}

test('one and two threads give the same bits', async () => {
  const cores = navigator.hardwareConcurrency
  const [one, two] = [await run(1), await run(2)]
  expect([one.threads, two.threads]).toEqual([1, globalThis.crossOriginIsolated ? 2 : 1])
  expect(two.lossSum).toBe(one.lossSum)
  expect(two.grad).toEqual(one.grad)
  // What was changed for the start is back.
  expect(navigator.hardwareConcurrency).toBe(cores)
  expect(new Blob(['var WasmBackendModuleThreadedSimd = 1']).size).toBe(37)
})

test('a second start changes nothing; a reset gives an empty backend that works', async () => {
  const first = await initBackend({ threads: 1 })
  expect(await initBackend({ threads: 8 })).toBe(first)
  const old = tf.ones([1000])
  expect(heapBytes()).toBeGreaterThan(0)
  resetBackend()
  expect(heapBytes()).toBe(0)
  expect(old.isDisposed).toBe(false)
  const { threads } = await initBackend()
  expect(threads).toBeGreaterThan(0)
  expect(tf.memory().numTensors).toBe(0)
  expect(tf.tidy(() => tf.sum(tf.ones([5])).dataSync()[0])).toBe(5)
})

test('a browser that refuses the shared memory gets the plain build, on one thread, and says so', async () => {
  resetBackend()
  const { Memory } = WebAssembly
  const warnings: string[] = []
  let refused = 0
  // As iOS does: the constructor is there, and so is SharedArrayBuffer, but 4 GiB are too much to reserve.
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if (descriptor.shared) {
        refused++
        throw new RangeError('Out of memory')
      }
      super(descriptor)
    }
  }
  try {
    const { flavour, threads } = await initBackend({ threads: 2, onWarning: (sentence) => warnings.push(sentence) })
    expect(flavour).not.toContain('shared')
    expect(threads).toBe(1)
  } finally {
    WebAssembly.Memory = Memory
  }
  const isolated = globalThis.crossOriginIsolated
  expect(refused > 0).toBe(isolated)
  expect(warnings.length).toBe(isolated ? 1 : 0)
  expect(tf.tidy(() => tf.sum(tf.ones([5])).dataSync()[0])).toBe(5)
  const model = await loadModel(m0Files())
  expect(model.lossAndGradients(batchOf([A, B]), 0.1).lossSum).toBeGreaterThan(0)
  zeroGrad(model.params)
  model.dispose()
  // Where the memory is given, the next start shares it again.
  resetBackend()
  expect((await initBackend({ threads: 2 })).flavour.includes('shared')).toBe(isolated)
})

test('a full heap is an error before anything is overwritten, and a reset gives a fresh one', async () => {
  resetBackend()
  await initBackend({ threads: 1 })
  const kept = tf.range(0, 5)
  wasmBackend().makeOutput([900e6], 'float32')
  expect(() => wasmBackend().makeOutput([900e6], 'float32')).toThrow(/out of memory/)
  expect(() => tf.tidy(() => tf.tile(tf.ones([1, 1000]), [300e3, 1]))).toThrow(/out of memory/)
  expect([...kept.dataSync()]).toEqual([0, 1, 2, 3, 4])
  resetBackend()
  await initBackend({ threads: 1 })
  expect(heapBytes()).toBeLessThan(100e6)
  expect(tf.tidy(() => tf.sum(tf.ones([7])).dataSync()[0])).toBe(7)
})
