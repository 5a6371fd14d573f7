// The lowest and the highest of any stretch of a growing series, without looking at every value of it. Numbers only: which
// stretches a chart asks for is in decimate.ts.

import { Column } from '../state/columns'

/** Entries of one level that an entry of the next stands for. */
const FAN = 8

/** Where a stretch is lowest and highest; -1 where it has no finite value. */
export interface Extremes {
  readonly lowest: number
  readonly highest: number
}

/**
 * A series with, per level, the places of the extremes of each whole block of 8, 64, 512, ... values. To push a value
 * costs a constant on average; to ask for a stretch of n values looks at about 16 log8(n) of them.
 */
export class ValueRanges {
  readonly #values = new Column()
  readonly #lowest: Column[] = []
  readonly #highest: Column[] = []
  /** Places of values that are not finite, ascending. */
  readonly #odd = new Column()

  get length(): number {
    return this.#values.length
  }

  at(index: number): number {
    return this.#values.at(index)
  }

  push(value: number): void {
    if (!Number.isFinite(value)) this.#odd.push(this.#values.length)
    this.#values.push(value)
    // Every level whose last block is now whole gets an entry.
    for (let level = 0, block = FAN; this.length % block === 0; level++, block *= FAN) {
      const lowest = (this.#lowest[level] ??= new Column())
      const highest = (this.#highest[level] ??= new Column())
      const count = this.length / block
      const found = { lowest: -1, highest: -1 }
      for (let i = (count - 1) * FAN; i < count * FAN; i++) this.#meet(found, level, i)
      lowest.push(found.lowest)
      highest.push(found.highest)
    }
  }

  /** The extremes of the values `from` to `to`, the latter excluded; of equal ones the first. */
  extremes(from: number, to: number): Extremes {
    const found = { lowest: -1, highest: -1 }
    let [start, end] = [Math.max(0, from), Math.min(this.length, to)]
    // Up the levels from the left, taking what does not fill a block; then what is left at the right, down again.
    const right: [level: number, from: number, to: number][] = []
    for (let level = 0; start < end; level++) {
      while (start < end && start % FAN !== 0) this.#meet(found, level, start++)
      const whole = Math.max(start, end - (end % FAN))
      if (whole < end) right.push([level, whole, end])
      start /= FAN
      end = whole / FAN
    }
    for (const [level, first, last] of right.reverse()) {
      for (let i = first; i < last; i++) this.#meet(found, level, i)
    }
    return found
  }

  /** The place of the first value of the stretch that is not finite; -1 when all are. */
  firstOdd(from: number, to: number): number {
    const at = lowerBound(this.#odd, this.#odd.length, from)
    const place = at < this.#odd.length ? this.#odd.at(at) : Infinity
    return place < to ? place : -1
  }

  /** How many values of the stretch are not finite. */
  oddCount(from: number, to: number): number {
    return lowerBound(this.#odd, this.#odd.length, to) - lowerBound(this.#odd, this.#odd.length, from)
  }

  /** Lets `found` meet entry `i` of a level; level 0 are the values themselves. */
  #meet(found: { lowest: number; highest: number }, level: number, i: number): void {
    const lowest = level === 0 ? i : (this.#lowest[level - 1]?.at(i) ?? -1)
    const highest = level === 0 ? i : (this.#highest[level - 1]?.at(i) ?? -1)
    const low = this.#values.at(lowest)
    const high = this.#values.at(highest)
    // Written so that what is not finite, or not there, is never an extreme.
    if (Number.isFinite(low) && !(this.#values.at(found.lowest) <= low)) found.lowest = lowest
    if (Number.isFinite(high) && !(this.#values.at(found.highest) >= high)) found.highest = highest
  }
}

/** The first of `length` ascending values that is not below `value`; `length` when all are. */
export function lowerBound(values: { at(index: number): number }, length: number, value: number): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values.at(middle) < value) low = middle + 1
    else high = middle
  }
  return low
}
