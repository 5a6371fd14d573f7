// A worker's sign of life: a Web Lock that it holds for as long as it runs, and that the browser takes from it however it
// ends. A worker that is terminated or closes itself sends no event, so the page waits for the lock instead.

/** Takes the lock for good; resolves once it is held, at once where the browser has no locks. */
export function holdForLife(name: string): Promise<void> {
  if (!('locks' in navigator)) return Promise.resolve()
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, () => {
        resolve()
        return new Promise<never>(() => {})
      })
      .catch(reject)
  })
}

/** Resolves when nobody holds the lock any more; rejects when the waiting is ended. */
export async function whenGone(name: string, signal: AbortSignal): Promise<void> {
  await navigator.locks.request(name, { signal }, () => {})
}
