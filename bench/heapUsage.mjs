// What the JavaScript of a page and of its workers holds, asked of the browser's debugger after a collection. The wasm heap,
// which is shared memory, is no part of it; workers that workers start are not counted.

/**
 * @typedef {object} HeapUsage
 * @property {number} pageBytes objects and array buffers of the page
 * @property {number} workerBytes the same of the workers it has started, together
 * @property {number} domNodes
 */

/** @typedef {{ usedSize: number, backingStorageSize?: number, embedderHeapUsedSize?: number }} Usage */

/** @param {Usage} usage */
function bytesOf({ usedSize, backingStorageSize = 0, embedderHeapUsedSize = 0 }) {
  return usedSize + backingStorageSize + embedderHeapUsedSize
}

/**
 * Attaches to a page.
 * @param {import('playwright').Page} page
 * @returns {Promise<() => Promise<HeapUsage>>} collects garbage and tells what is left
 */
export async function heapUsageOf(page) {
  const session = await page.context().newCDPSession(page)
  /** Sessions of workers that live. @type {Set<string>} */
  const workers = new Set()
  /** @type {Map<number, (result: unknown) => void>} */
  const waiting = new Map()
  let lastId = 0
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.add(sessionId)
  })
  session.on('Target.detachedFromTarget', ({ sessionId }) => void workers.delete(sessionId))
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id = 0, result } = /** @type {{ id?: number, result?: unknown }} */ (JSON.parse(message))
    waiting.get(id)?.(result)
    waiting.delete(id)
  })
  /** @type {(sessionId: string, method: string) => Promise<unknown>} */
  const ask = async (sessionId, method) => {
    const id = ++lastId
    const answer = new Promise((resolve) => waiting.set(id, resolve))
    await session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    return answer
  }
  await session.send('Performance.enable')
  // Playwright's sessions cannot name a worker's own session, so messages to workers go wrapped.
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  return async () => {
    await session.send('HeapProfiler.collectGarbage')
    const pageBytes = bytesOf(await session.send('Runtime.getHeapUsage'))
    let workerBytes = 0
    for (const worker of workers) {
      await ask(worker, 'HeapProfiler.collectGarbage')
      workerBytes += bytesOf(/** @type {Usage} */ (await ask(worker, 'Runtime.getHeapUsage')))
    }
    const { metrics } = await session.send('Performance.getMetrics')
    return { pageBytes, workerBytes, domNodes: metrics.find(({ name }) => name === 'Nodes')?.value ?? 0 }
  }
}
