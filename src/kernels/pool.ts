// Runs kernels: on the calling thread alone, or shared out over threads on the same memory. One code path: with no other
// thread the caller takes every task itself. Bits do not depend on the number of threads, see assembly/gemm.ts.
//
// It never waits for ever. A thread that sleeps through jobs is dropped; one that stops inside a task fails that job.

import { FinetaleError } from '../recipe/error'
import * as C from './controlBlock'
import { KERNEL_NAMES, SCRATCH_BYTES, writeArguments, type Kernel, type KernelArguments, type KernelName } from './jobs'
import { spawnPoolWorker, startThreads, stopThread, type PoolThread, type SpawnWorker } from './threads'

/** A thread stopped in the middle of a task: what the job was writing is unfinished, everything else is sound. */
export class KernelThreadLostError extends FinetaleError {
  constructor() {
    super(
      'A kernel thread stopped answering in the middle of a step, so that step was given up.',
      'Resume from the last checkpoint; the run goes on with fewer threads.',
    )
    this.name = 'KernelThreadLostError'
  }
}

interface LostThread {
  readonly number: number
  readonly token: number
  readonly since: number
}

export interface PoolOptions {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  /** Allocates on the heap that the memory belongs to. */
  readonly malloc: (bytes: number) => number
  /** Told, as a sentence, when there are fewer threads than asked for. */
  readonly onWarning?: (sentence: string) => void
  /** No progress of a job for this long gives up its unfinished tasks. */
  readonly stallMs?: number
  readonly spawn?: SpawnWorker
  readonly probeMs?: number
}

/** Rounds of looking at the counter before the caller sleeps. */
const SPINS = 20_000
/** One sleep; also how often a suspended machine can fool the clock. */
const SLICE_MS = 50
const STALL_MS = 20_000
/** A sleeping thread is dropped when it has missed this many jobs and this much time. */
const MISSED_JOBS = 200
const MISSED_MS = 5_000
/** A terminated worker has ended by then; Chromium interrupts a busy one after two seconds. */
const GONE_MS = 3_000

/** Blocking is allowed in workers only; a page spins. */
const mayBlock = !('document' in globalThis)

export class KernelPool {
  /** Milliseconds per kernel while profiling, else null. */
  profile: Map<string, number> | null = null
  /** For tests: no task is larger than this many units, so that small models are shared out too. */
  grainLimit = Infinity
  readonly #options: PoolOptions
  readonly #kernels: readonly Kernel[]
  readonly #control: number
  readonly #scratch: number[]
  /** Numbers of threads that were given up: should one wake, nobody else uses its words and its scratch. */
  readonly #retired = new Set<number>()
  /** Threads that were given up, until they have surely ended. */
  #lost: LostThread[] = []
  #tokens = 0
  #threads: PoolThread[] = []
  #words: Int32Array
  #floats: Float32Array
  #missed = new Map<number, { job: number; since: number }>()

  constructor(options: PoolOptions) {
    this.#options = options
    const instance = new WebAssembly.Instance(options.module, { env: { memory: options.memory } })
    this.#kernels = KERNEL_NAMES.map((name) => instance.exports[name] as Kernel)
    this.#control = align(options.malloc(C.CONTROL_WORDS * 4 + 64))
    this.#scratch = [this.#newScratch()]
    this.#words = new Int32Array(options.memory.buffer)
    this.#floats = new Float32Array(options.memory.buffer)
    this.#words.fill(0, this.#control / 4, this.#control / 4 + C.CONTROL_WORDS)
  }

  /** Threads that share the work, the caller included. */
  get threads(): number {
    return this.#threads.length + 1
  }

  /** The pool's workers, for tests. */
  get workers(): readonly Worker[] {
    return this.#threads.map(({ worker }) => worker)
  }

  /**
   * Starts or stops threads until there are `count`, the caller included, at most 16; on memory that is not shared
   * there is only the caller. Fewer may come up: `threads` tells, and a warning is given. Not while a job runs.
   */
  async resize(count: number): Promise<void> {
    const { memory, module } = this.#options
    const wanted = isShared(memory) ? Math.max(1, Math.min(C.MAX_THREADS, Math.floor(count))) : 1
    for (const thread of this.#threads.splice(Math.max(0, wanted - 1))) {
      if (!(await stopThread(thread, this.#controlView()))) this.#retired.add(thread.number)
    }
    if (wanted <= this.threads) return
    const used = new Set([...this.#retired, ...this.#threads.map(({ number }) => number)])
    const numbers: number[] = []
    for (let i = 1; i < C.MAX_THREADS && numbers.length < wanted - this.threads; i++) if (!used.has(i)) numbers.push(i)
    const starts = numbers.map((thread) => ({
      module,
      memory,
      control: this.#control,
      scratch: (this.#scratch[thread] ??= this.#newScratch()),
      thread,
      token: ++this.#tokens,
      kernels: KERNEL_NAMES,
    }))
    const { spawn = spawnPoolWorker, probeMs } = this.#options
    this.#threads.push(...(await startThreads(starts, this.#controlView(), spawn, probeMs)))
    for (const thread of this.#threads) {
      thread.worker.onerror = () => this.#lose([thread])
    }
    if (this.threads < wanted) this.#warn(`Only ${this.threads} of ${wanted} kernel threads started.`)
  }

  /**
   * Runs units [0, total) of a kernel, in tasks of `grain` units, and returns when all are done.
   * @throws KernelThreadLostError when a thread stopped in the middle
   */
  run<K extends KernelName>(kernel: K, args: KernelArguments<K>, total: number, grain: number = total): void {
    if (total <= 0) return
    const begin = this.profile === null ? 0 : performance.now()
    const base = this.#control / 4
    // Memory that has grown has a new buffer: views of the old one may be dead.
    if (this.#words.buffer !== this.#options.memory.buffer) {
      this.#words = new Int32Array(this.#options.memory.buffer)
      this.#floats = new Float32Array(this.#options.memory.buffer)
    }
    writeArguments(kernel, args, this.#words, this.#floats, base + C.ARGUMENTS)
    const index = KERNEL_NAMES.indexOf(kernel)
    const step = Math.max(1, Math.ceil(Math.min(grain, this.grainLimit)), Math.ceil(total / C.MAX_TASKS))
    if (this.#threads.length === 0 || step >= total) {
      for (let from = 0; from < total; from += step) this.#call(index, from, Math.min(total, from + step))
    } else this.#runShared(index, total, step)
    if (this.profile !== null) {
      this.profile.set(kernel, (this.profile.get(kernel) ?? 0) + performance.now() - begin)
    }
  }

  /**
   * Waits until no thread that was given up can write any more. Needed before work is done again in memory that the
   * lost job used: terminate() ends a busy thread late, and only while its parent lets events pass.
   */
  async settled(): Promise<void> {
    const control = this.#controlView()
    const mayWrite = ({ number, token, since }: LostThread) =>
      word(control, number, C.LEFT) !== token &&
      word(control, number, C.FAILED) === 0 &&
      performance.now() < since + GONE_MS
    while ((this.#lost = this.#lost.filter(mayWrite)).length > 0) await new Promise((go) => setTimeout(go, 10))
  }

  /** Ends every thread. The heap goes with its owner. */
  dispose(): void {
    for (const thread of this.#threads.splice(0)) this.#stop(thread)
  }

  #call(index: number, from: number, to: number): void {
    this.#kernels[index]?.(from, to, this.#control + C.ARGUMENTS * 4, this.#scratch[0] ?? 0)
  }

  #runShared(index: number, total: number, grain: number): void {
    const control = this.#controlView()
    const tasks = Math.ceil(total / grain)
    const before = new Map(this.#threads.map(({ number }) => [number, doneBy(control, number)]))
    this.#dropSleepers(control)
    const job = (Atomics.load(control, C.JOB) + 1) | 0
    // Closed under the new number first: a late thread of the last job must not see new sizes beside an open old claim.
    Atomics.store(control, C.CLAIM, ((job & 0xffff) << 16) | C.CLOSED)
    Atomics.store(control, C.KERNEL, index)
    Atomics.store(control, C.TOTAL, total)
    Atomics.store(control, C.GRAIN, grain)
    Atomics.store(control, C.CLAIM, (job & 0xffff) << 16)
    Atomics.store(control, C.JOB, job)
    Atomics.notify(control, C.JOB)
    let own = 0
    for (let task = C.claimTask(control, job, tasks); task >= 0; task = C.claimTask(control, job, tasks)) {
      this.#call(index, task * grain, Math.min(total, task * grain + grain))
      own++
    }
    const left = () => {
      let done = own
      for (const [number, count] of before) done += (doneBy(control, number) - count) | 0
      return tasks - done
    }
    this.#await(control, left)
  }

  /** Waits until `left` is 0, a kernel fails, or nothing moves for `stallMs`. */
  #await(control: Int32Array, left: () => number): void {
    const stall = this.#options.stallMs ?? STALL_MS
    let quiet = 0
    for (;;) {
      const seen = Atomics.load(control, C.FINISHED)
      if (left() === 0) return
      if (this.#threads.some(({ number }) => word(control, number, C.FAILED) !== 0)) {
        this.#lose(this.#threads.filter(({ number }) => word(control, number, C.FAILED) !== 0))
        throw new KernelThreadLostError()
      }
      let spins = 0
      while (spins < SPINS && Atomics.load(control, C.FINISHED) === seen) spins++
      if (spins < SPINS) {
        quiet = 0
        continue
      }
      quiet = sleep(control, seen) ? 0 : quiet + SLICE_MS
      if (quiet < stall) continue
      const busy = this.#threads.filter(({ number }) => word(control, number, C.BUSY) !== 0)
      this.#lose(busy.length > 0 ? busy : this.#threads)
      throw new KernelThreadLostError()
    }
  }

  /** Drops threads that were told of many jobs over a long time and looked at none. They hold no task. */
  #dropSleepers(control: Int32Array): void {
    const job = Atomics.load(control, C.JOB)
    const patience = Math.min(MISSED_MS, this.#options.stallMs ?? MISSED_MS)
    const lost: PoolThread[] = []
    for (const thread of this.#threads) {
      if (word(control, thread.number, C.SEEN) === job) this.#missed.delete(thread.number)
      else {
        const first = this.#missed.get(thread.number)
        if (!first) this.#missed.set(thread.number, { job, since: performance.now() })
        else if (job - first.job > MISSED_JOBS && performance.now() - first.since > patience) {
          // Seen at all since then? Then it is slow, not gone.
          if (((word(control, thread.number, C.SEEN) - first.job) | 0) >= 0) this.#missed.delete(thread.number)
          else lost.push(thread)
        }
      }
    }
    if (lost.length > 0) this.#lose(lost)
  }

  #lose(threads: readonly PoolThread[]): void {
    const gone = threads.filter((thread) => this.#threads.includes(thread))
    if (gone.length === 0) return
    this.#threads = this.#threads.filter((thread) => !gone.includes(thread))
    for (const thread of gone) this.#stop(thread)
    this.#warn(
      `${gone.length} kernel ${gone.length === 1 ? 'thread' : 'threads'} stopped; going on with ${this.threads}.`,
    )
  }

  #stop({ number, token, worker }: PoolThread): void {
    const control = this.#controlView()
    this.#retired.add(number)
    this.#lost.push({ number, token, since: performance.now() })
    Atomics.store(control, C.THREADS + number * C.THREAD_WORDS + C.OWNER, 0)
    Atomics.notify(control, C.JOB)
    worker.terminate()
  }

  #warn(sentence: string): void {
    this.#options.onWarning?.(sentence)
  }

  #controlView(): Int32Array {
    return new Int32Array(this.#options.memory.buffer, this.#control, C.CONTROL_WORDS)
  }

  #newScratch(): number {
    return align(this.#options.malloc(SCRATCH_BYTES + 64))
  }
}

/** Whether the memory can be seen by other threads. */
export function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer
}

/** Up to the next cache line; heap addresses above 2 GiB come as negative numbers. */
function align(address: number): number {
  return ((address >>> 0) + 63 - (((address >>> 0) + 63) % 64)) >>> 0
}

function word(control: Int32Array, thread: number, offset: number): number {
  return Atomics.load(control, C.THREADS + thread * C.THREAD_WORDS + offset)
}

function doneBy(control: Int32Array, thread: number): number {
  return word(control, thread, C.DONE)
}

/** True when something finished. On the page's main thread it only passes the time. */
function sleep(control: Int32Array, seen: number): boolean {
  if (mayBlock) return Atomics.wait(control, C.FINISHED, seen, SLICE_MS) !== 'timed-out'
  const until = performance.now() + SLICE_MS
  while (performance.now() < until) if (Atomics.load(control, C.FINISHED) !== seen) return true
  return false
}
