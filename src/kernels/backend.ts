// Starts, measures and restarts the tfjs wasm backend. Knows nothing of models.
// The three wasm binaries are bundled by URL, so that no request leaves this origin.

import plainUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threadedUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'
import { FinetaleError } from '../recipe/error'
import { loadKernels } from './load'
import { KernelPool } from './pool'
import { registerOps } from './register'
import { allocateBytes, heapMemory, pool, setPool } from './runtime'
import * as tf from './tf'

export interface BackendInfo {
  /** Which kernels run: 'simd' or 'relaxed', with '-shared' on memory that threads share. */
  readonly flavour: string
  /** Threads that share the work; 1 without cross-origin isolation. */
  readonly threads: number
}

/** More would wait for memory, not compute. */
const MAX_THREADS = 16
/** A thread pool that a browser or policy blocks never reports an error, it only stays silent. */
const THREADED_START_MS = 8_000

const THREADS_FLAG = 'WASM_HAS_MULTITHREAD_SUPPORT'

/** The heap cannot grow; what is on it is sound, but most of what is tried next will fail too. */
class HeapFullError extends FinetaleError {
  constructor(wanted: number, held: number) {
    const [more, now] = [wanted, held].map((bytes) => Math.ceil(bytes / 2 ** 20))
    super(
      `The computing engine is out of memory: it holds ${now} MB, its limit is 4096 MB, and ${more} MB more do not fit.`,
      'Use a smaller batch size or maximum length, or a smaller model; your last checkpoint is kept.',
    )
    this.name = 'HeapFull'
  }
}

let ready: Promise<BackendInfo> | null = null

export interface BackendOptions {
  /** Kernel threads; 0 or absent takes the machine's count, up to 16. */
  readonly threads?: number
  /** The arithmetic instead of the detected one: to repeat a run of another browser to the bit, and for tests. */
  readonly arithmetic?: 'simd' | 'relaxed'
  /** Memory that threads can share, or not, whatever the number of threads; for tests, the bits are the same. */
  readonly shared?: boolean
  /** Told, as a sentence, when there are fewer threads than asked for, now or later. */
  readonly onWarning?: (sentence: string) => void
}

/**
 * Starts the wasm backend and the kernels; later calls return the first call's result, whatever they ask for.
 * @throws FinetaleError when the browser cannot run it.
 */
export function initBackend(options: BackendOptions = {}): Promise<BackendInfo> {
  if (ready === null) {
    ready = start(options).catch((error: unknown) => {
      ready = null
      throw error
    })
  }
  return ready
}

async function start(options: BackendOptions): Promise<BackendInfo> {
  registerOps()
  tf.setWasmPaths({
    'tfjs-backend-wasm.wasm': plainUrl,
    'tfjs-backend-wasm-simd.wasm': simdUrl,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedUrl,
  })
  // tfjs's own ops are few and small here; the threads are ours.
  tf.setThreadsCount(1)
  const wanted = threadsFor(options.threads ?? 0)
  const shared = (options.shared ?? wanted > 1) && globalThis.crossOriginIsolated
  if ((await startTfjs(shared)) !== shared) {
    options.onWarning?.('This browser withholds the 4 GiB of memory that threads share, so there is one thread.')
  }
  refuseNullPointers()
  const { module, flavour } = await loadKernels(heapMemory(), options.arithmetic)
  const kernels = new KernelPool({ module, memory: heapMemory(), malloc: allocateBytes, onWarning: options.onWarning })
  setPool(kernels)
  await kernels.resize(wanted)
  return { flavour, threads: kernels.threads }
}

function threadsFor(count: number): number {
  return Math.max(1, Math.min(count > 0 ? count : navigator.hardwareConcurrency || 1, MAX_THREADS))
}

/** With shared memory when asked and possible, else without: iOS refuses 4 GiB of it. @returns whether it is shared */
async function startTfjs(shared: boolean): Promise<boolean> {
  if (shared) {
    const deadline = new Promise<false>((resolve) => setTimeout(() => resolve(false), THREADED_START_MS))
    if (await Promise.race([tf.setBackend('wasm').catch(() => false), deadline])) return true
  }
  // One thread needs no shared memory: the plain SIMD build starts faster and everywhere.
  tf.env().set(THREADS_FLAG, false)
  if (await tf.setBackend('wasm').catch(() => false)) return false
  throw new FinetaleError(
    'This browser could not start the WebAssembly engine that Finetale computes on.',
    'Use a current Chrome, Edge, Firefox or Safari, and check that no extension blocks WebAssembly.',
  )
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
    throw new HeapFullError(bytes, heapBytes())
  }
}

/** Changes the number of kernel threads between steps; 0 takes the machine's count. @returns the number there are now */
export async function setThreads(count: number): Promise<number> {
  await pool().resize(threadsFor(count))
  return pool().threads
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
  if (ready !== null && tf.getBackend() === 'wasm') pool().dispose()
  setPool(null)
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
  ready = null
}
