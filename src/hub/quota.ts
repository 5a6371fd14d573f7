// Says what room a download needs when the browser has none left. It frees nothing.

import { FinetaleError } from '../recipe/error'
import { storageError } from '../storage/db'
import type { HubRef } from '../workers/protocol'

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`

/** What the browser says it would still take; null when it does not say. */
async function bytesLeft(): Promise<number | null> {
  try {
    const { quota, usage } = await navigator.storage.estimate()
    return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage)
  } catch {
    return null
  }
}

/**
 * Turns a failure of the store into one for people; other errors are returned as they are.
 * @param needed bytes of the file, where known
 */
export async function quotaError(error: unknown, ref: HubRef, path: string, needed: number | null): Promise<unknown> {
  if (error instanceof FinetaleError || !(error instanceof DOMException)) return error
  if (error.name !== 'QuotaExceededError') return storageError(`${path} of ${ref.repo} was not kept`, error)
  const left = await bytesLeft()
  const need = needed === null ? 'more room than is left' : megabytes(needed)
  return new FinetaleError(
    `${path} of ${ref.repo} needs ${need} in this browser’s storage` +
      (left === null ? ', which is full.' : `; the browser reports ${megabytes(left)} free.`),
    'Delete old runs or downloaded models, or free disk space, then download again. What was saved before is kept.',
    { code: 'quota' },
  )
}
