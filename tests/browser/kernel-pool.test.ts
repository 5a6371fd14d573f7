// The thread pool: the same bits at every size, and threads that do not start, die in their sleep, or stop in mid-task.
// None of them may hang the caller.

import { afterEach, describe, expect, test } from 'vitest'
import * as C from '../../src/kernels/controlBlock'
import { KernelThreadLostError } from '../../src/kernels/pool'
import { spawnPoolWorker } from '../../src/kernels/threads'
import { bits, Harness, Noise, type HarnessOptions } from '../support/kernelHarness'
import { ownerErrors } from '../support/ownerErrors'

let harness: Harness | null = null
afterEach(() => {
  harness?.dispose()
  harness = null
})

async function start(options: HarnessOptions = {}): Promise<Harness> {
  harness = await Harness.create('simd-shared', options)
  return harness
}

function workerOf(code: string): Worker {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  return new Worker(url)
}

/** A product large enough to be shared, in tasks of 8 columns; its result's bits. */
function product(on: Harness, rounds = 1): Uint32Array {
  on.reset()
  const [m, k, n] = [64, 300, 400]
  const noise = new Noise(1)
  const a = on.floats(noise.floats(m * k))
  const b = on.floats(noise.floats(k * n))
  const c = on.floats(new Float32Array(m * n))
  const args = { a: a.at, rsa: k, csa: 1, b: b.at, rsb: n, csb: 1, c: c.at, ldc: n, m, k, n, mode: 0, bias: 0, axis: 1 }
  for (let i = 0; i < rounds; i++) on.pool.run('gemm', args, n, 8)
  expect(on.guardsIntact()).toBe(true)
  return bits(c.copy())
}

/** A thread that passes the probe, then takes a task and never finishes it. */
const stuck = () =>
  workerOf(`onmessage = ({ data: s }) => {
    const c = new Int32Array(s.memory.buffer, s.control, ${C.CONTROL_WORDS})
    const mine = ${C.THREADS} + s.thread * ${C.THREAD_WORDS}
    new Int32Array(s.memory.buffer, s.scratch, 16).fill(0)
    let job = Atomics.load(c, mine + ${C.SEEN})
    postMessage('ready')
    for (;;) {
      Atomics.wait(c, ${C.JOB}, job)
      job = Atomics.load(c, ${C.JOB})
      Atomics.store(c, mine + ${C.SEEN}, job)
      while (Atomics.load(c, ${C.TOTAL}) > 0) {
        const word = Atomics.load(c, ${C.CLAIM})
        if ((word & 0xffff) > 40) break
        if (Atomics.compareExchange(c, ${C.CLAIM}, word, word + 1) !== word) continue
        Atomics.store(c, mine + ${C.BUSY}, 1)
        for (;;);
      }
    }
  }`)

describe.skipIf(!globalThis.crossOriginIsolated)('on shared memory', () => {
  test('1, 2, 3 and 5 threads give the same bits, up and down', async () => {
    const on = await start()
    const alone = product(on)
    for (const threads of [2, 3, 5, 2, 1]) {
      await on.resize(threads)
      expect(on.pool.threads).toBe(threads)
      for (let i = 0; i < 20; i++) expect(product(on)).toEqual(alone)
    }
    expect(on.warnings).toEqual([])
  })

  test('a thread that is stopped and replaced at once does not come back', async () => {
    const on = await start()
    const alone = product(on)
    for (let i = 0; i < 15; i++) {
      await on.resize(3)
      expect(product(on)).toEqual(alone)
      await on.resize(1)
      await on.resize(3)
      for (let j = 0; j < 5; j++) expect(product(on)).toEqual(alone)
    }
  })

  test('jobs of very different sizes in turn never mix', async () => {
    const on = await start()
    await on.resize(3)
    on.reset()
    const one = on.floats(new Float32Array(300).fill(1))
    const [small, large] = [on.floats(new Float32Array(300)), on.floats(new Float32Array(300))]
    const rounds = 20_000
    for (let i = 0; i < rounds; i++) {
      on.pool.run('addScaled', { x: one.at, out: small.at, scale: 1 }, 2, 1)
      on.pool.run('addScaled', { x: one.at, out: large.at, scale: 1 }, 300, 4)
    }
    expect([...small.view]).toEqual(Array.from({ length: 300 }, (_, i) => (i < 2 ? rounds : 0)))
    expect([...large.view]).toEqual(Array.from({ length: 300 }, () => rounds))
  })

  test('never more than 16 threads', async () => {
    const on = await start()
    await on.resize(17)
    expect(on.pool.threads).toBe(16)
  })

  test('threads that never answer are left out, with a warning', async () => {
    const on = await start({ spawn: () => workerOf('onmessage = () => {}'), probeMs: 200 })
    const begin = performance.now()
    await on.resize(3)
    expect(performance.now() - begin).toBeLessThan(2000)
    expect(on.pool.threads).toBe(1)
    expect(on.warnings).toEqual(['Only 1 of 3 kernel threads started.'])
    product(on)
  })

  test('a thread that claims to run but cannot write our memory is left out', async () => {
    const on = await start({ spawn: () => workerOf("onmessage = () => postMessage('ready')"), probeMs: 200 })
    await on.resize(2)
    expect(on.pool.threads).toBe(1)
  })

  test('workers that cannot be made, or whose script is broken', async () => {
    const refuse = () => {
      throw new Error('no workers here')
    }
    const errors = ownerErrors()
    for (const spawn of [refuse, () => workerOf('throw new Error("broken")')]) {
      const on = await start({ spawn, probeMs: 500 })
      await on.resize(2)
      expect(on.pool.threads).toBe(1)
      on.dispose()
    }
    // The owner is told after the thread's own listeners.
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(errors).toEqual([])
  })

  test('a thread that dies between jobs is done without, and noticed', async () => {
    const on = await start({ stallMs: 300 })
    const alone = product(on)
    await on.resize(2)
    on.pool.workers[0]?.terminate()
    const until = performance.now() + 20_000
    while (on.pool.threads > 1 && performance.now() < until) {
      expect(product(on, 50)).toEqual(alone)
      // A busy worker ends only some time after terminate(), and only while its parent lets events pass.
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(on.pool.threads).toBe(1)
    expect(on.warnings).toEqual(['1 kernel thread stopped; going on with 1.'])
    await on.resize(2)
    expect(on.pool.threads).toBe(2)
    expect(product(on)).toEqual(alone)
  })

  test('a thread that stops in mid-task fails the job; the next one runs on what is left', async () => {
    const on = await start({
      stallMs: 300,
      spawn: (thread) => (thread === 2 ? stuck() : spawnPoolWorker(thread)),
    })
    const alone = product(on)
    await on.resize(3)
    expect(on.pool.threads).toBe(3)
    expect(() => {
      for (let i = 0; i < 1000; i++) product(on)
    }).toThrow(KernelThreadLostError)
    expect(on.pool.threads).toBe(2)
    for (let i = 0; i < 20; i++) expect(product(on)).toEqual(alone)
  })

  test('a kernel that leaves the memory fails the job and not the page', async () => {
    const on = await start({ stallMs: 2000 })
    await on.resize(2)
    const beyond = on.memory.buffer.byteLength - 64
    expect(() => {
      for (let i = 0; i < 100; i++) on.pool.run('zero', { x: beyond }, 100_000, 1000)
    }).toThrow()
    product(on)
  })
})

test('memory that is not shared has one thread, whatever is asked for', async () => {
  harness = await Harness.create('simd')
  await harness.resize(4)
  expect(harness.pool.threads).toBe(1)
  product(harness)
})
