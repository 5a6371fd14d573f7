// One owner per run across tabs: a Web Lock that lives as long as the run does and dies with its tab.

import { FinetaleError } from '../recipe/error'

/** The name of a run's lock; who looks for live runs asks navigator.locks.query() for it. */
function runLockName(runId: string): string {
  return `finetale-run-${runId}`
}

/**
 * Does `work` while holding the run's lock; without navigator.locks (an insecure page) it just does it.
 * Throws FinetaleError when another tab holds the lock.
 */
export async function withRunLock<T>(runId: string, work: () => Promise<T>): Promise<T> {
  if (!('locks' in navigator)) return work()
  return await navigator.locks.request(runLockName(runId), { ifAvailable: true }, (lock) => {
    if (lock !== null) return work()
    throw new FinetaleError(
      'This run is live in another tab.',
      'Go on in that tab, or close it and resume the run here.',
    )
  })
}
