// What crosses to the page when something throws in the worker: always a plain sentence and what to do.
// Recognises the two failures that the engine itself reports badly: memory exhausted, and a heap that has aborted.

import { FinetaleError } from '../recipe/error'
import type { FinetaleErrorData } from '../workers/protocol'

const heapGone =
  /abort|out of memory|memory access out of bounds|cannot enlarge memory|allocation failed|invalid array length|unreachable|table index is out of bounds/i

/** The name of the error that means the engine is dead until the worker restarts. */
const HEAP_ABORTED = 'HeapAborted'

/** Any thrown value as error data. */
export function toErrorData(thrown: unknown): FinetaleErrorData {
  if (thrown instanceof FinetaleError) {
    const { name, message, action, details } = thrown
    return { name, message, action, ...details }
  }
  const name = thrown instanceof Error ? thrown.name : 'Error'
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (name === 'QuotaExceededError') {
    return {
      name,
      message: 'The browser has no room left for this run.',
      action: 'Delete old runs or free disk space, then resume from the last checkpoint.',
      code: 'quota',
    }
  }
  if (name === 'RuntimeError' || heapGone.test(message)) {
    return {
      name: HEAP_ABORTED,
      message: 'The training engine ran out of memory and had to stop; a page can use at most 4 GB.',
      action:
        'Restart the worker and resume from the last checkpoint, or start again with a smaller batch or fewer tokens per row.',
    }
  }
  return {
    name,
    message: `The training engine stopped: ${message}`,
    action: 'Resume from the last checkpoint; if it happens again, start the run anew with other settings.',
  }
}
