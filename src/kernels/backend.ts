// Starts, measures and restarts the tfjs wasm backend. Knows nothing of models.
// The three wasm binaries are bundled by URL, so that no request leaves this origin.

import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'
import threadScriptUrl from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js?url'
import { FinetaleError } from '../recipe/error'
import * as tf from './tf'

export interface BackendInfo {
  /** Which kernels run: 'tfjs' while op bodies are tfjs ops. */
  readonly flavour: string
  /** Threads XNNPACK really uses; 1 without cross-origin isolation. */
  readonly threads: number
}

/** tfjs's threaded build starts a pool of 8 workers; asking for more would block on workers that never come up. */
const MAX_THREADS = 8
/** A thread pool that a browser or policy blocks never reports an error, it only stays silent. */
const THREADED_START_MS = 8_000

const SLOW_PRODUCT_MS = 0.4

/** How the script that tfjs makes for its threads begins. */
const THREAD_SCRIPT_START = 'var WasmBackendModuleThreadedSimd ='

const THREADS_FLAG = 'WASM_HAS_MULTITHREAD_SUPPORT'

let ready: Promise<BackendInfo> | null = null

/**
 * Starts the wasm backend; later calls return the first call's result, whatever they ask for.
 * `threads` 0 or absent takes the machine's count, or 1 where a trial shows that threads do not pay.
 * @throws FinetaleError when the browser cannot run it.
 */
export function initBackend(options: { threads?: number } = {}): Promise<BackendInfo> {
  if (ready === null) {
    ready = start(options.threads ?? 0).catch((error: unknown) => {
      ready = null
      throw error
    })
  }
  return ready
}

async function start(wanted: number): Promise<BackendInfo> {
  const info = await startFlavour(wanted)
  refuseNullPointers()
  return info
}

async function startFlavour(wanted: number): Promise<BackendInfo> {
  tf.setWasmPaths({
    'tfjs-backend-wasm.wasm': plainUrl,
    'tfjs-backend-wasm-simd.wasm': simdUrl,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
  })
  const cores = navigator.hardwareConcurrency || 1
  const threads = Math.max(1, Math.min(wanted > 0 ? wanted : cores, MAX_THREADS))
  if (threads > 1 && globalThis.crossOriginIsolated) {
    if (await startThreaded(threads)) {
      if (wanted > 0 || threadsPay()) return { flavour: 'tfjs', threads: tf.getThreadsCount() }
      shutDown()
    }
  }
  // One thread needs no shared memory: the plain SIMD build starts faster and everywhere.
  tf.env().set(THREADS_FLAG, false)
  tf.setThreadsCount(1)
  if (!(await tf.setBackend('wasm').catch(() => false))) {
    throw new FinetaleError(
      'This browser could not start the WebAssembly engine that Finetale computes on.',
      'Use a current Chrome, Edge, Firefox or Safari, and check that no extension blocks WebAssembly.',
    )
  }
  return { flavour: 'tfjs', threads: 1 }
}

/**
 * Starts the threaded build with two things of its surroundings changed for as long as that takes.
 * - tfjs takes at most half of the cores it is told of, one thread of two: it is told of twice the threads wanted.
 * - tfjs hands its threads the text of a function of the bundle, which a minifier has made to depend on names outside
 *   it: they get the package's own file instead.
 */
async function startThreaded(threads: number): Promise<boolean> {
  tf.setThreadsCount(threads)
  Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2 * threads, configurable: true })
  const plainBlob = globalThis.Blob
  globalThis.Blob = class extends plainBlob {
    constructor(parts: BlobPart[] = [], options?: BlobPropertyBag) {
      const [text] = parts
      const isThreadScript = typeof text === 'string' && text.startsWith(THREAD_SCRIPT_START)
      const script = new URL(threadScriptUrl, globalThis.location.href).href
      super(isThreadScript ? [`importScripts(${JSON.stringify(script)})`] : parts, options)
    }
  }
  try {
    const deadline = new Promise<false>((resolve) => setTimeout(() => resolve(false), THREADED_START_MS))
    return await Promise.race([tf.setBackend('wasm').catch(() => false), deadline])
  } finally {
    globalThis.Blob = plainBlob
    // The own property goes, the prototype's true one shows again.
    Reflect.deleteProperty(navigator, 'hardwareConcurrency')
  }
}

/**
 * Whether threads help: a product the size of one attention head, which one thread does in about 0.1 ms. Where other
 * programs hold the cores, every such product waits for its second thread, and a step takes several times as long.
 */
function threadsPay(): boolean {
  const a = tf.zeros([160, 32])
  const b = tf.zeros([32, 160])
  const times = Array.from({ length: 41 }, () => {
    const begin = performance.now()
    tf.matMul(a, b).dispose()
    return performance.now() - begin
  })
  tf.dispose([a, b])
  const median = times.sort((x, y) => x - y)[20] ?? Infinity
  return median < SLOW_PRODUCT_MS
}

/**
 * When the heap cannot grow, malloc answers 0 and tfjs would go on to write the tensor over the start of the heap.
 * From here on the allocation throws instead, with nothing touched.
 */
function refuseNullPointers(): void {
  const wasm = wasmBackend().wasm as unknown as { _malloc: (bytes: number) => number; _free: (at: number) => void }
  // The first call replaces the property by the real function, and would replace ours too.
  wasm._free(wasm._malloc(8))
  const malloc = wasm._malloc
  wasm._malloc = (bytes) => {
    // Sizes wrap at 4 GiB on their way into wasm.
    const pointer = bytes < 2 ** 32 ? malloc(bytes) : 0
    if (pointer !== 0 || bytes === 0) return pointer
    const [wanted, held] = [bytes, heapBytes()].map((n) => Math.ceil(n / 2 ** 20))
    throw new FinetaleError(
      `The computing engine is out of memory: it holds ${held} MB, its limit is 4096 MB, and ${wanted} MB more do not fit.`,
      'Use a smaller batch size or maximum length, or a smaller model; your last checkpoint is kept.',
    )
  }
}

/** The running backend. @throws Error before initBackend has resolved. */
export function wasmBackend(): tf.BackendWasm {
  if (tf.getBackend() !== 'wasm') throw new Error('initBackend() must resolve before tensors are used')
  return tf.backend() as tf.BackendWasm
}

/** Bytes of the wasm heap: it only grows, so this is also its peak. 0 before the backend runs. */
export function heapBytes(): number {
  if (tf.getBackend() !== 'wasm') return 0
  const wasm = wasmBackend().wasm as unknown as { wasmMemory?: WebAssembly.Memory; HEAPU8: Uint8Array }
  // The threaded build shares its memory; its HEAPU8 view may lag behind growth on another thread.
  return wasm.wasmMemory?.buffer.byteLength ?? wasm.HEAPU8.byteLength
}

/**
 * Throws the backend away, with every tensor on it; the next initBackend starts a fresh one.
 * Also works after an allocation failed and the instance aborted, when nothing can be freed any more.
 */
export function resetBackend(): void {
  shutDown()
  ready = null
}

function shutDown(): void {
  if (tf.getBackend() === 'wasm') {
    const backend = wasmBackend()
    const dispose = backend.dispose.bind(backend)
    // The heap goes as a whole; freeing piece by piece would call into an instance that may be dead.
    backend.disposeData = () => true
    backend.dispose = () => {
      try {
        dispose()
      } catch {
        // An aborted instance throws here; it is unreachable from now on either way.
      }
    }
  }
  tf.engine().reset()
}
