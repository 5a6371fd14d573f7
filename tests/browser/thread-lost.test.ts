// A kernel thread that stops inside a step: the step is computed again on the threads that are left, with the same bits,
// unless the optimizer had begun to write.

import { afterEach, describe, expect, test } from 'vitest'
import { initBackend, resetBackend, wasmBackend } from '../../src/kernels/backend'
import * as C from '../../src/kernels/controlBlock'
import { KERNEL_NAMES, type KernelName } from '../../src/kernels/jobs'
import { loadKernels } from '../../src/kernels/load'
import { KernelPool, KernelThreadLostError } from '../../src/kernels/pool'
import { withRemainingThreads } from '../../src/kernels/retry'
import { allocateBytes, heapMemory, pool, setPool } from '../../src/kernels/runtime'
import { spawnPoolWorker } from '../../src/kernels/threads'
import * as tf from '../../src/kernels/tf'
import { AdamW } from '../../src/train/optimizer'
import { trainStepSurely } from '../../src/train/step'
import { randomBatch, randomModel, type StepShape } from '../support/randomModel'
import { testRecipe } from '../support/training'

const SMALL: StepShape = { vocab: 211, hidden: 32, layers: 2, heads: 4, window: 5, positions: 32, B: 2, T: 20 }
/** Steps until the thread has surely got a task: it must be awake while one is left. */
const MOST_STEPS = 500

afterEach(() => resetBackend())

/** A thread that looks at every job, and takes a task of one kernel only: after `skip` of its jobs, for ever. */
function stopsIn(kernel: KernelName, skip: number): Worker {
  const code = `onmessage = ({ data: s }) => {
    const c = new Int32Array(s.memory.buffer, s.control, ${C.CONTROL_WORDS})
    const mine = ${C.THREADS} + s.thread * ${C.THREAD_WORDS}
    new Int32Array(s.memory.buffer, s.scratch, 16).fill(0)
    let job = Atomics.load(c, mine + ${C.SEEN})
    let skip = ${skip}
    postMessage('ready')
    for (;;) {
      for (let spins = 0; Atomics.load(c, ${C.JOB}) === job; spins++) if (spins > 20000) Atomics.wait(c, ${C.JOB}, job)
      job = Atomics.load(c, ${C.JOB})
      Atomics.store(c, mine + ${C.SEEN}, job)
      if (Atomics.load(c, ${C.TOTAL}) === 0 || Atomics.load(c, ${C.KERNEL}) !== ${KERNEL_NAMES.indexOf(kernel)}) continue
      if (skip-- > 0) continue
      const word = Atomics.load(c, ${C.CLAIM})
      if ((word & 0xffff) > 3 || Atomics.compareExchange(c, ${C.CLAIM}, word, word + 1) !== word) continue
      Atomics.store(c, mine + ${C.BUSY}, 1)
      for (;;);
    }
  }`
  return new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })))
}

/** A backend whose third thread stops in the given kernel. */
async function start(kernel: KernelName, skip = 3): Promise<string[]> {
  const warnings: string[] = []
  await initBackend({ threads: 1, shared: true })
  const { module } = await loadKernels(heapMemory())
  const kernels = new KernelPool({
    module,
    memory: heapMemory(),
    malloc: allocateBytes,
    onWarning: (sentence) => warnings.push(sentence),
    stallMs: 300,
    spawn: (thread) => (thread === 2 ? stopsIn(kernel, skip) : spawnPoolWorker(thread)),
  })
  setPool(kernels)
  await kernels.resize(3)
  expect(kernels.threads).toBe(3)
  kernels.grainLimit = 4
  return warnings
}

/** Losses, norms and the last weights of `steps` steps, or of all until a thread is lost and two more. */
async function train(steps = 0): Promise<{ numbers: number[]; weights: Float32Array[] }> {
  const model = randomModel(SMALL)
  const optimizer = new AdamW(model.params, testRecipe)
  const before = { ...tf.memory(), ids: wasmBackend().numDataIds() }
  const numbers: number[] = []
  try {
    let end = steps || MOST_STEPS
    for (let i = 0; i < end; i++) {
      const window = [randomBatch(SMALL, 2 * i), { ...randomBatch(SMALL, 2 * i + 1), padInLoss: false }]
      const options = { learningRate: 1e-2, maxGradNorm: 1 }
      const { loss, gradNorm } = await trainStepSurely(model, optimizer, window, options)
      numbers.push(loss, gradNorm)
      if (steps === 0 && end === MOST_STEPS && pool().threads < 3) end = i + 3
      if (i > 0) continue
      // The head's working memory comes with the first step.
      Object.assign(before, tf.memory(), { ids: wasmBackend().numDataIds() })
    }
    expect({ ...tf.memory(), ids: wasmBackend().numDataIds() }).toEqual(before)
    return { numbers, weights: model.params.map(({ value }) => value.dataSync<'float32'>().slice()) }
  } finally {
    optimizer.dispose()
    model.dispose()
  }
}

describe.skipIf(!globalThis.crossOriginIsolated)('a thread stops', () => {
  test.each(['gemm', 'add', 'attention', 'crossEntropy', 'attentionInput', 'layerNormWeights', 'scatterAdd'] as const)(
    'in %s: the step is done again',
    async (kernel) => {
      const warnings = await start(kernel)
      const disturbed = await train()
      expect(warnings).toEqual(['1 kernel thread stopped; going on with 2.'])
      expect(pool().threads).toBe(2)
      resetBackend()
      await initBackend({ threads: 1, shared: true })
      expect(disturbed).toEqual(await train(disturbed.numbers.length / 2))
    },
  )

  test('in the update: the weights are unfinished, so the error goes on', async () => {
    await start('adamw')
    await expect(train()).rejects.toThrow(KernelThreadLostError)
    expect(pool().threads).toBe(2)
  })

  test('in an evaluation: its loss comes out the same', async () => {
    await start('gemm', 0)
    const model = randomModel(SMALL)
    const batch = randomBatch(SMALL, 1)
    const losses: unknown[] = []
    for (let i = 0; i < 200 && pool().threads === 3; i++) {
      losses.push(await withRemainingThreads(() => model.evaluateLoss(batch)))
    }
    expect(pool().threads).toBe(2)
    for (const loss of losses) expect(loss).toEqual(model.evaluateLoss(batch))
    model.dispose()
  })
})

test('any other error passes', async () => {
  const fail = () => {
    throw new RangeError('no')
  }
  await expect(withRemainingThreads(fail)).rejects.toThrow(RangeError)
})
