// The few words of shared memory through which the pool and its threads speak. Indices into an Int32Array that starts at
// the block; nothing else lies in it.
//
// A job is: kernel, argument block, `total` units cut into tasks of `grain`. The claim word holds the job's number in its
// upper half and the next task in its lower half; a task is taken by compare-and-exchange on the whole word, so a thread
// that was given up and wakes late cannot take work from a later job.

/** Threads of a pool at most, the caller's own included. */
export const MAX_THREADS = 16

/** Number of the current job; threads sleep on it. */
export const JOB = 0
/** (job & 0xffff) << 16 | next task. */
export const CLAIM = 1
export const KERNEL = 2
export const TOTAL = 3
export const GRAIN = 4
/** Grows with every finished task; the caller sleeps on it. Own cache line. */
export const FINISHED = 16
/** The argument block: up to 32 words. */
export const ARGUMENTS = 32
/** Words of thread w start at THREADS + w * THREAD_WORDS: one cache line each. */
export const THREADS = 64
export const THREAD_WORDS = 16
/** Tasks this thread has finished, ever. */
export const DONE = 0
/** Last job this thread has seen. */
export const SEEN = 1
/** 1 while it runs a task. */
export const BUSY = 2
/**
 * The token of the thread that may use these words. Any other thread leaves: terminate() takes effect late, and the one
 * that had them before may still be there.
 */
export const OWNER = 3
/** 1 when a kernel threw. */
export const FAILED = 4
/** Set to its token by a thread that has left: its number and scratch may be given to another. */
export const LEFT = 5

export const CONTROL_WORDS = THREADS + MAX_THREADS * THREAD_WORDS
/** Tasks of a job at most: they are counted in 16 bits. */
export const MAX_TASKS = 4096
/** A task number that no job has: nothing can be claimed. */
export const CLOSED = 0xffff

/** Takes the next task of job number `job`; -1 when there is none left or another job has begun. */
export function claimTask(control: Int32Array, job: number, tasks: number): number {
  const tag = (job & 0xffff) << 16
  for (;;) {
    const word = Atomics.load(control, CLAIM)
    const task = word & 0xffff
    if ((word & ~0xffff) !== tag || task >= tasks) return -1
    if (Atomics.compareExchange(control, CLAIM, word, word + 1) === word) return task
  }
}

/** What a thread needs to begin. */
export interface ThreadStart {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  /** Byte offset of the control block. */
  readonly control: number
  /** Byte offset of this thread's scratch area. */
  readonly scratch: number
  /** Its number, 1 or more; the caller is 0. */
  readonly thread: number
  /** Not 0, and never given twice. */
  readonly token: number
  readonly kernels: readonly string[]
}
