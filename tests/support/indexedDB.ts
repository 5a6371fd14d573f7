// Faults of the browser's database for tests: what happens to a write, and where checkpoints are written.

import { vi } from 'vitest'

type Put = (this: IDBObjectStore, value: unknown, key?: IDBValidKey) => IDBRequest<IDBValidKey>

const put = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'put')!.value as Put

/**
 * Calls `handle` for every write of this thread; `proceed` does it, with another value when one is given. It lasts until
 * vi.restoreAllMocks().
 */
export function onPut(
  handle: (store: IDBObjectStore, key: unknown, proceed: (other?: unknown) => ReturnType<Put>) => ReturnType<Put>,
): void {
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value: unknown, key) {
    return handle(this, key, (other = value) => put.call(this, other, key))
  })
}

/** Has checkpoints written on this thread, where a test can make the database fail; until vi.unstubAllGlobals(). */
export function writeHere(): void {
  const RealWorker = Worker
  const Refusing = function (url: URL | string, options?: WorkerOptions) {
    if (String(url).includes('checkpoint.worker')) throw new DOMException('refused', 'SecurityError')
    return new RealWorker(url, options)
  }
  vi.stubGlobal('Worker', Refusing)
}
