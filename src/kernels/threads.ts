// Starts the threads of the pool and proves that each really runs: it must execute a kernel on shared memory that we can
// see, then wake from Atomics.wait. Whatever is not up in time is terminated and left out.

import * as C from './controlBlock'

/** A thread that has not answered by then is not coming: some browsers and policies let workers fail in silence. */
const PROBE_MS = 5_000

export interface PoolThread {
  readonly number: number
  readonly token: number
  readonly worker: Worker
}

/** Makes the worker; tests pass one that misbehaves. */
export type SpawnWorker = (thread: number) => Worker

export const spawnPoolWorker: SpawnWorker = (thread) =>
  new Worker(new URL('./pool.worker.ts', import.meta.url), { type: 'module', name: `kernel-${thread}` })

/**
 * Starts and probes threads in parallel.
 * @param starts one record per thread
 * @returns the threads that passed, in order
 */
export async function startThreads(
  starts: readonly C.ThreadStart[],
  control: Int32Array,
  spawn: SpawnWorker,
  deadline = PROBE_MS,
): Promise<PoolThread[]> {
  const until = performance.now() + deadline
  const results = await Promise.all(starts.map((start) => startThread(start, control, spawn, until)))
  return results.filter((thread) => thread !== null)
}

async function startThread(
  start: C.ThreadStart,
  control: Int32Array,
  spawn: SpawnWorker,
  until: number,
): Promise<PoolThread | null> {
  const mine = C.THREADS + start.thread * C.THREAD_WORDS
  control.fill(0, mine, mine + C.THREAD_WORDS)
  Atomics.store(control, mine + C.OWNER, start.token)
  Atomics.store(control, mine + C.SEEN, Atomics.load(control, C.JOB))
  const probe = new Int32Array(start.memory.buffer, start.scratch, 16).fill(1)
  let worker: Worker
  try {
    worker = spawn(start.thread)
  } catch {
    return null
  }
  const ready = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), Math.max(0, until - performance.now()))
    const settle = (value: boolean) => () => {
      clearTimeout(timer)
      resolve(value)
    }
    worker.addEventListener('message', settle(true), { once: true })
    worker.addEventListener('error', (event) => {
      // Told by our own sentence; left alone, it would also be an error of the worker that owns this one, and end it.
      event.preventDefault()
      settle(false)()
    })
    worker.postMessage(start)
  })
  if (ready && probe.every((word) => word === 0) && (await wakes(control, mine, until))) {
    return { number: start.thread, token: start.token, worker }
  }
  Atomics.store(control, mine + C.OWNER, 0)
  worker.terminate()
  return null
}

/** An empty job must be seen. Polls by timer: the page's main thread may not block. */
async function wakes(control: Int32Array, mine: number, until: number): Promise<boolean> {
  // Let it fall asleep first, or only the spinning would be proved.
  await pause(2)
  Atomics.store(control, C.TOTAL, 0)
  Atomics.store(control, C.GRAIN, 1)
  const job = (Atomics.add(control, C.JOB, 1) + 1) | 0
  Atomics.notify(control, C.JOB)
  while (performance.now() < until) {
    const seen = Atomics.load(control, mine + C.SEEN)
    if (((seen - job) | 0) >= 0) return true
    await pause(1)
  }
  return false
}

/** How long a thread may take to leave before its number is given up. */
const LEAVE_MS = 500

/**
 * Tells a thread to leave and waits until it has. terminate() alone is not enough: it takes effect late, and until then
 * the thread could take a task with a scratch area that another one uses.
 * @returns whether its number and scratch may be used again
 */
export async function stopThread({ number, token, worker }: PoolThread, control: Int32Array): Promise<boolean> {
  const mine = C.THREADS + number * C.THREAD_WORDS
  Atomics.store(control, mine + C.OWNER, 0)
  Atomics.notify(control, C.JOB)
  const until = performance.now() + LEAVE_MS
  const left = () => Atomics.load(control, mine + C.LEFT) === token
  while (!left() && performance.now() < until) await pause(1)
  worker.terminate()
  return left()
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
