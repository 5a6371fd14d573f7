// One thread of the kernel pool: its own instance of the kernel module over the shared memory, and a loop that never
// returns. It knows no tensors and loads no tfjs; it ends by being terminated.

import * as C from './controlBlock'
import type { Kernel } from './jobs'

/** Looks at the job word this often before it sleeps: about 0.1 ms, so that jobs in a row find it awake. */
const SPINS = 20_000

function work(start: C.ThreadStart, exports: WebAssembly.Exports): void {
  const control = new Int32Array(start.memory.buffer, start.control, C.CONTROL_WORDS)
  const kernels = start.kernels.map((name) => exports[name] as Kernel)
  const args = start.control + C.ARGUMENTS * 4
  const mine = C.THREADS + start.thread * C.THREAD_WORDS
  const mayStay = () => {
    if (Atomics.load(control, mine + C.OWNER) === start.token) return true
    Atomics.store(control, mine + C.LEFT, start.token)
    return false
  }
  let job = Atomics.load(control, mine + C.SEEN)
  for (;;) {
    for (let spins = 0; Atomics.load(control, C.JOB) === job; spins++) {
      if (!mayStay()) return
      if (spins >= SPINS) Atomics.wait(control, C.JOB, job)
    }
    if (!mayStay()) return
    job = Atomics.load(control, C.JOB)
    Atomics.store(control, mine + C.SEEN, job)
    const total = Atomics.load(control, C.TOTAL)
    const grain = Atomics.load(control, C.GRAIN)
    const kernel = kernels[Atomics.load(control, C.KERNEL)]
    const tasks = Math.ceil(total / grain)
    for (;;) {
      const task = C.claimTask(control, job, tasks)
      if (task < 0) break
      Atomics.store(control, mine + C.BUSY, 1)
      try {
        const from = task * grain
        kernel?.(from, Math.min(total, from + grain), args, start.scratch)
      } catch (error) {
        Atomics.store(control, mine + C.FAILED, 1)
        Atomics.add(control, C.FINISHED, 1)
        Atomics.notify(control, C.FINISHED)
        throw error
      }
      Atomics.store(control, mine + C.BUSY, 0)
      Atomics.add(control, mine + C.DONE, 1)
      Atomics.add(control, C.FINISHED, 1)
      Atomics.notify(control, C.FINISHED)
    }
  }
}

globalThis.addEventListener('message', (event: MessageEvent<C.ThreadStart>) => {
  const start = event.data
  const instance = new WebAssembly.Instance(start.module, { env: { memory: start.memory } })
  // Part of the probe: the starter has filled the head of the scratch area and looks for zeros.
  const zero = instance.exports.zero as Kernel
  const args = new Int32Array(start.memory.buffer, start.scratch, 1)
  args[0] = start.scratch
  zero(0, 16, start.scratch, start.scratch)
  globalThis.postMessage('ready')
  work(start, instance.exports)
})
