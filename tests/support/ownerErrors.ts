// What a worker's error does to the thread that owns the worker: unless someone prevents it, it becomes an error there too,
// and in a worker that owns another it goes on to the page.

import { onTestFinished } from 'vitest'

/** Messages of the errors that reach this thread from now to the test's end. */
export function ownerErrors(): string[] {
  const messages: string[] = []
  const listener = (event: ErrorEvent) => {
    event.preventDefault()
    messages.push(event.message)
  }
  globalThis.addEventListener('error', listener)
  onTestFinished(() => globalThis.removeEventListener('error', listener))
  return messages
}
