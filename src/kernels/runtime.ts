// The one running kernel pool, and the way from tensors to addresses. tfjs owns the memory: tensors are allocated by its
// backend, and an address stays good for as long as the tensor lives, also when the heap grows.

import type { KernelPool } from './pool'
import * as tf from './tf'

let current: KernelPool | null = null

/** Called by backend.ts when the backend starts (a pool) and when it is thrown away (null). Ends the threads of the last. */
export function setPool(pool: KernelPool | null): void {
  current?.dispose()
  current = pool
}

/** The running pool. @throws Error before initBackend() has resolved */
export function pool(): KernelPool {
  if (current === null) throw new Error('initBackend() must resolve before kernels are used')
  return current
}

function backend(): tf.BackendWasm {
  return tf.backend() as tf.BackendWasm
}

/** What tfjs's module has beside its declared type. */
interface Heap {
  _malloc(bytes: number): number
  _free(address: number): void
  /** In the threaded build. */
  readonly wasmMemory?: WebAssembly.Memory
  /** In the plain builds. */
  readonly asm?: { readonly memory?: WebAssembly.Memory }
}

function heap(): Heap {
  return backend().wasm as unknown as Heap
}

/** Byte address of a tensor's first element. */
export function addressOf(tensor: tf.TensorInfo): number {
  return backend().getMemoryOffset(tensor.dataId) >>> 0
}

/** Outputs of the op that runs now; the engine learns of them when it returns. */
let unfinished: tf.TensorInfo[] = []

/** A new tensor of a registered kernel's output, its numbers not yet set. Within freeingOutputs only. */
export function output(shape: readonly number[]): tf.TensorInfo {
  const made = newMemory(shape)
  unfinished.push(made)
  return made
}

/** Runs an op of registered kernels; frees their outputs when it throws, as nothing else knows them. */
export function freeingOutputs<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    for (const { dataId } of unfinished) backend().disposeData(dataId)
    throw error
  } finally {
    unfinished = []
  }
}

function newMemory(shape: readonly number[]): tf.TensorInfo {
  return backend().makeOutput([...shape], 'float32')
}

/** A new tensor of the current tidy, its numbers not yet set. */
export function emptyTensor(shape: readonly number[]): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo(newMemory(shape))
}

/** A view of a tensor's numbers, to be used at once: the next allocation may grow the heap and end it. */
export function floatsOf(tensor: tf.TensorInfo): Float32Array {
  return backend().typedArrayFromHeap(tensor) as Float32Array
}

/** Bytes of tfjs's heap for what is not a tensor. Pair it with freeBytes. */
export function allocateBytes(bytes: number): number {
  const address = heap()._malloc(bytes) >>> 0
  if (address === 0) throw new Error(`the wasm heap has no ${bytes} bytes left`)
  return address
}

export function freeBytes(address: number): void {
  heap()._free(address)
}

/** tfjs's memory: shared in its threaded build. */
export function heapMemory(): WebAssembly.Memory {
  const memory = heap().wasmMemory ?? heap().asm?.memory
  if (!memory) throw new Error('this build of tfjs does not show its memory')
  return memory
}

/** A view of `count` floats at an address; good until the next allocation. */
export function floatsAt(address: number, count: number): Float32Array {
  return new Float32Array(heapMemory().buffer, address, count)
}

/** A view of `count` doubles at an address (a multiple of 8); good until the next allocation. */
export function doublesAt(address: number, count: number): Float64Array {
  return new Float64Array(heapMemory().buffer, address, count)
}
