// Runs kernels on a memory of their own, without tfjs: a bump allocator with guards around every array.

import { expect } from 'vitest'
import { relaxedSimd } from 'wasm-feature-detect'
import { kernelUrls, type KernelFlavour } from 'virtual:finetale-kernels'
import type { SpawnWorker } from '../../src/kernels/threads'
import { KernelPool } from '../../src/kernels/pool'

export { Noise } from './randomModel'

/** The flavours that this browser can run. */
export async function usableFlavours(): Promise<KernelFlavour[]> {
  const relaxed = await relaxedSimd()
  const names = Object.keys(kernelUrls) as KernelFlavour[]
  return names.filter(
    (name) => (relaxed || !name.startsWith('relaxed')) && (globalThis.crossOriginIsolated || !name.endsWith('shared')),
  )
}

const PAGES = 1024
/** Floats on each side of an array that nobody may touch. */
const GUARD = 16
const GUARD_VALUE = 12345.678

export class Harness {
  readonly pool: KernelPool
  readonly memory: WebAssembly.Memory
  readonly warnings: string[] = []
  #next = 65_536
  /** Where the arrays of a case begin: behind what the pool has taken. */
  #floor: number
  #arrays: { at: number; bytes: number }[] = []

  private constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, options: HarnessOptions) {
    this.memory = memory
    this.pool = new KernelPool({
      module,
      memory,
      malloc: (bytes) => this.#take(bytes),
      onWarning: (sentence) => this.warnings.push(sentence),
      ...options,
    })
    this.#floor = this.#next
  }

  static async create(flavour: KernelFlavour, options: HarnessOptions = {}): Promise<Harness> {
    const module = await WebAssembly.compile(await (await fetch(kernelUrls[flavour])).arrayBuffer())
    const memory = flavour.endsWith('shared')
      ? new WebAssembly.Memory({ initial: PAGES, maximum: 65_536, shared: true })
      : new WebAssembly.Memory({ initial: PAGES })
    return new Harness(module, memory, options)
  }

  #take(bytes: number): number {
    const at = this.#next
    this.#next = (this.#next + bytes + 63) & ~63
    if (this.#next > this.memory.buffer.byteLength) throw new Error('the harness is full')
    return at
  }

  /** Puts numbers on the heap between guards. */
  floats(values: ArrayLike<number>): Floats {
    const at = this.#take((values.length + 2 * GUARD) * 4) + GUARD * 4
    new Float32Array(this.memory.buffer, at - GUARD * 4, values.length + 2 * GUARD).fill(GUARD_VALUE)
    this.#arrays.push({ at, bytes: values.length * 4 })
    const floats = new Floats(this.memory, at, values.length)
    floats.view.set(values)
    return floats
  }

  ints(values: ArrayLike<number>): number {
    const at = this.#take(values.length * 4 + 64)
    new Int32Array(this.memory.buffer, at, values.length).set(values)
    return at
  }

  doubles(count: number): { at: number; view: Float64Array } {
    const at = this.#take(count * 8 + 64)
    return { at, view: new Float64Array(this.memory.buffer, at, count) }
  }

  /** True while no guard has been written over. */
  guardsIntact(): boolean {
    return this.#arrays.every(({ at, bytes }) =>
      [at - GUARD * 4, at + bytes].every((side) =>
        new Float32Array(this.memory.buffer, side, GUARD).every((value) => value === Math.fround(GUARD_VALUE)),
      ),
    )
  }

  /** Starts or stops threads; arrays made before are forgotten. */
  async resize(threads: number): Promise<void> {
    this.reset()
    await this.pool.resize(threads)
    this.#floor = this.#next
  }

  /** Forgets the arrays of the last case. */
  reset(): void {
    this.#arrays = []
    this.#next = this.#floor
  }

  /**
   * Runs with every cut: all must leave the same bits in `outs`, and nothing beside any array. The outs keep the result.
   * @param run given the units of a task
   */
  sameForEveryCut(outs: readonly Floats[], total: number, run: (grain: number) => void): void {
    const before = outs.map((out) => out.copy())
    run(Math.max(1, total))
    const whole = outs.map((out) => out.copy())
    for (const grain of [1, 3, 4, 7]) {
      outs.forEach((out, i) => out.view.set(before[i] ?? []))
      run(grain)
      outs.forEach((out, i) =>
        expect(bits(out.copy()), `tasks of ${grain}`).toEqual(bits(whole[i] ?? new Float32Array())),
      )
    }
    expect(this.guardsIntact()).toBe(true)
  }

  dispose(): void {
    this.pool.dispose()
  }
}

export interface HarnessOptions {
  readonly stallMs?: number
  readonly probeMs?: number
  readonly spawn?: SpawnWorker
}

export class Floats {
  readonly at: number
  readonly length: number
  readonly #memory: WebAssembly.Memory

  constructor(memory: WebAssembly.Memory, at: number, length: number) {
    this.#memory = memory
    this.at = at
    this.length = length
  }

  get view(): Float32Array {
    return new Float32Array(this.#memory.buffer, this.at, this.length)
  }

  copy(): Float32Array {
    return Float32Array.from(this.view)
  }
}

/** The bits of floats, so that -0, NaN and all are compared exactly. */
export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(Float32Array.from(values).buffer)
}
