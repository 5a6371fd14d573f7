// A long run of the built page under watch: what it holds in memory and on disk, sampled as it goes, and whether that grows.
// It is driven through scripts/drive.mjs as a user would; nothing here is timed. The command line is long.mjs.

import { drive } from '../scripts/drive.mjs'
import { heapUsageOf } from './heapUsage.mjs'

/**
 * @typedef {object} Sample
 * @property {number} step
 * @property {number} tensors tfjs tensors after the step
 * @property {number} heapBytes the wasm heap
 * @property {number} pageBytes JavaScript of the page, after a collection
 * @property {number} workerBytes JavaScript of the trainer and the tokenizer worker, after a collection
 * @property {number} domNodes
 * @property {number} checkpoints
 * @property {number} checkpointBytes bytes of the largest one
 * @property {number} keptBytes bytes of the parts that a checkpoint names
 * @property {number} partBytes bytes of all stored parts, those of a save under way included
 * @property {number} metricsBlocks
 * @property {number} diskBytes what the browser reports for IndexedDB, files that it has yet to remove included
 */

/** @typedef {Pick<Sample, 'checkpoints' | 'checkpointBytes' | 'keptBytes' | 'partBytes' | 'metricsBlocks' | 'diskBytes'>} Stored */

/**
 * What is stored. Runs in the page.
 * @returns {Promise<Stored>}
 */
async function countStored() {
  /** @type {<T>(request: IDBRequest<T>) => Promise<T>} */
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error ?? new Error('not read'))
    })
  const db = await done(indexedDB.open('finetale'))
  const store = (/** @type {string} */ name) => db.transaction(name).objectStore(name)
  /** @type {Blob[]} */
  const parts = await done(store('parts').getAll())
  /** @type {{ bytes: number, parts: { key: string, byteLength: number }[] }[]} */
  const manifests = await done(store('checkpoints').getAll())
  const named = new Map(manifests.flatMap((manifest) => manifest.parts.map(({ key, byteLength }) => [key, byteLength])))
  const metricsBlocks = await done(store('metrics').count())
  db.close()
  const { usage = 0, usageDetails } = /** @type {StorageEstimate & { usageDetails?: { indexedDB?: number } }} */ (
    await navigator.storage.estimate()
  )
  return {
    checkpoints: manifests.length,
    checkpointBytes: Math.max(0, ...manifests.map(({ bytes }) => bytes)),
    keptBytes: [...named.values()].reduce((sum, bytes) => sum + bytes, 0),
    partBytes: parts.reduce((sum, { size }) => sum + size, 0),
    metricsBlocks,
    diskBytes: usageDetails?.indexedDB ?? usage,
  }
}

/**
 * Trains the built-in model and takes a sample every `every` steps and at the end.
 * @param {{ recipe: object, every: number, onSample?: (sample: Sample) => void }} options
 * @returns {Promise<{ samples: Sample[], steps: import('../src/workers/protocol').StepMetrics[] }>}
 * @throws {Error} as drive() does
 */
export async function longRun({ recipe, every, onSample }) {
  /** @type {Sample[]} */
  const samples = []
  /** @type {(metrics: import('../src/workers/protocol').StepMetrics) => Promise<void>} */
  let sample = async () => {}
  let last = /** @type {import('../src/workers/protocol').StepMetrics | null} */ (null)
  let busy = Promise.resolve()
  const { steps } = await drive({
    recipe,
    onEvent: (event) => {
      if (event.kind !== 'step') return
      last = event.metrics
      const { metrics } = event
      if (metrics.step % every === 0) busy = busy.then(() => sample(metrics))
    },
    watch: async (page) => {
      const usage = await heapUsageOf(page)
      sample = async ({ step, tensors, heapBytes }) => {
        const taken = { step, tensors, heapBytes, ...(await usage()), ...(await page.evaluate(countStored)) }
        samples.push(taken)
        onSample?.(taken)
      }
      return async () => {
        await busy
        if (last !== null && samples.at(-1)?.step !== last.step) await sample(last)
      }
    },
  })
  return { samples, steps }
}

/** History that a step rightly leaves: 29 numbers in the columns of page and charts, with room to double. */
const PAGE_BYTES_A_STEP = 500
/** The same on disk: a row of a metrics block. */
const DISK_BYTES_A_STEP = 600
/** The inputs and the record of a run, and what the database needs for itself. */
const DISK_BYTES_BESIDE = 16e6
/** The last two, the best, and the one that a new one is about to replace. */
const MOST_CHECKPOINTS = 4

/**
 * What grew. Tensors and the wasm heap must stay as they are after the warm-up; objects of the engine, collected at its
 * leisure, may take a tenth more and what the history takes; storage holds the kept set and at most one save under way.
 * @param {readonly Sample[]} samples at least four; the first lies in the warm-up
 * @returns {string[]} sentences; empty when nothing grew
 */
export function growth(samples) {
  const warm = samples.slice(1)
  const third = Math.floor(warm.length / 3)
  const [first, last] = [warm[0], warm.at(-1)]
  if (third < 1 || first === undefined || last === undefined) return ['There are too few samples to tell.']
  /** @type {(of: readonly Sample[], key: keyof Sample) => number[]} */
  const values = (of, key) => of.map((sample) => sample[key])
  const [early, late] = [warm.slice(0, third), warm.slice(-third)]
  const steps = last.step - first.step
  /** @type {string[]} */
  const grew = []
  /** @type {(key: keyof Sample, found: number, limit: number) => void} */
  const hold = (key, found, limit) => {
    if (found > limit) grew.push(`${key} is ${found}, above ${Math.round(limit)}.`)
  }
  for (const key of /** @type {const} */ (['tensors', 'heapBytes'])) {
    hold(key, Math.max(...values(warm, key)), first[key])
  }
  // The lowest of the last third: what is really held, not what waits to be collected.
  for (const key of /** @type {const} */ (['pageBytes', 'workerBytes', 'domNodes'])) {
    const history = key === 'domNodes' ? 0 : PAGE_BYTES_A_STEP * steps
    hold(key, Math.min(...values(late, key)), 1.1 * Math.max(...values(early, key)) + history)
  }
  for (const { checkpoints, checkpointBytes, keptBytes, partBytes } of warm) {
    hold('checkpoints', checkpoints, MOST_CHECKPOINTS)
    hold('partBytes', partBytes, keptBytes + checkpointBytes)
  }
  hold('partBytes', last.partBytes, last.keptBytes)
  const disk = (MOST_CHECKPOINTS + 1) * last.checkpointBytes + DISK_BYTES_BESIDE + DISK_BYTES_A_STEP * last.step
  hold('diskBytes', Math.min(...values(late, 'diskBytes')), disk)
  return grew
}
