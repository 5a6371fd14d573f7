// Work done once more after a kernel thread was lost in the middle of it, on the threads that are left.

import { KernelThreadLostError } from './pool'
import { pool } from './runtime'

/**
 * @param work must be repeatable: what it wrote before it threw must not change what it computes the second time
 * @param repeatable asked when a thread was lost; false passes the error on
 * @returns what `work` returns. Bits do not depend on the number of threads, so they are those of an undisturbed run
 * @throws whatever else `work` throws. It ends: every lost thread leaves fewer, and one alone cannot be lost
 */
export async function withRemainingThreads<T>(work: () => T, repeatable: () => boolean = () => true): Promise<T> {
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof KernelThreadLostError) || !repeatable()) throw error
      await pool().settled()
    }
  }
}
