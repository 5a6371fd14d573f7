// Medians, the machine's bounds measured beside them, and the shapes by name.

import { allocateBytes, freeBytes, pool } from '../src/kernels/runtime'
import type { Batch } from '../src/model/batch'
import { BUILT_IN, randomBatch, type StepShape } from '../tests/support/randomModel'

/** The course's model and batch. */
export const COURSE: StepShape = {
  vocab: 50257,
  hidden: 768,
  layers: 4,
  heads: 16,
  window: 256,
  positions: 2048,
  B: 8,
  T: 128,
}

/** The demo's model and batch. */
const DEMO: StepShape = { ...BUILT_IN, B: 8, T: 192 }

export function shapeOf(name: string): StepShape {
  if (name === 'course') return COURSE
  if (name === 'built-in') return DEMO
  return { ...COURSE, ...(JSON.parse(name) as Partial<StepShape>) }
}

/**
 * The batch of a step. The course counts padding in its loss, so every position is work; the demo does not, and its rows
 * fill three quarters of a batch, as here.
 */
export function batchOf(name: string, shape: StepShape): Batch {
  const { B, T } = shape
  const demo = name === 'built-in'
  const lengths = Int32Array.from({ length: B }, (_, b) => (demo ? T - Math.round((b * T) / (2 * B - 2)) : T))
  return { ...randomBatch(shape, 1), lengths, padInLoss: !demo }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

/** Milliseconds of each of `rounds` runs, after one that does not count. */
export function time(rounds: number, work: () => void): number[] {
  work()
  return Array.from({ length: rounds }, () => {
    const begin = performance.now()
    work()
    return performance.now() - begin
  })
}

export function round(value: number, digits = 3): number {
  return Number(value.toPrecision(digits))
}

/** Floating-point operations of one unit of the fmaBound kernel: 1024 rounds of 12 four-lane multiply-adds. */
const BOUND_FLOPS = 1024 * 12 * 4 * 2

/** Keeps all threads busy for a while: the first milliseconds of a thread run at half speed. */
export function warmUp(ms = 700): void {
  const until = performance.now() + ms
  while (performance.now() < until) fmaBound()
}

/** The best multiply-add rate that stays in registers, all threads together, in GFLOP/s. */
export function fmaBound(): number {
  const units = 400 * pool().threads
  const ms = median(time(7, () => pool().run('fmaBound', {}, units, Math.ceil(units / (4 * pool().threads)))))
  return (units * BOUND_FLOPS) / ms / 1e6
}

/** Memory speed over 128 MB, all threads together, in GB/s: bytes read and written by a copy; bytes read alone. */
export function memorySpeed(): { copy: number; read: number } {
  const floats = 32 * 1024 * 1024
  const [x, out] = [allocateBytes(floats * 4), allocateBytes(floats * 4)]
  pool().run('zero', { x }, floats, floats / 8)
  const copy = median(time(5, () => pool().run('copy', { x, out }, floats, 1 << 20)))
  const read = median(time(5, () => pool().run('readAll', { x }, floats, 1 << 20)))
  freeBytes(x)
  freeBytes(out)
  return { copy: (2 * floats * 4) / copy / 1e6, read: (floats * 4) / read / 1e6 }
}
