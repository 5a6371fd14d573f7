// Counts what comes in and tells how far a fetch is: bytes, speed, time left. It never tells more than it knows.

import type { FetchProgress } from '../workers/protocol'

/** Reports come at most this often. */
const INTERVAL_MS = 100
/** Time constant of the speed's average. */
const SMOOTHING_S = 3

export class Meter {
  readonly #tell: (progress: FetchProgress) => void
  readonly #now: () => number
  #file = ''
  /** Bytes of files that are done. */
  #done = 0
  /** Bytes of the file under way, and its size where known. */
  #current = 0
  #size: number | null = null
  /** Whether it is the last one, as far as is known. */
  #last = false
  /** Bytes of all files to fetch, where a listing told them. */
  #planned: number | null = null
  #speed = 0
  #mended: FetchProgress['mended']
  #sample = { at: 0, bytes: 0 }
  #pending = 0
  #toldAt = -Infinity

  constructor(tell: (progress: FetchProgress) => void, now: () => number = () => performance.now()) {
    this.#tell = tell
    this.#now = now
    this.#sample.at = now()
  }

  /** All files together, known beforehand. */
  plan(bytes: number | null): void {
    this.#planned = bytes === null ? null : this.#done + bytes
  }

  /**
   * A file begins, or begins again after the connection broke.
   * @param from bytes of it that are there already; what had come beyond them no longer counts
   */
  begin(file: string, size: number | null, last: boolean, from = 0, mended?: FetchProgress['mended']): void {
    this.#file = file
    this.#size = size
    this.#last = last
    this.#current = from
    this.#mended = mended
    this.#report(true)
  }

  /** The size that an answer names; less trusted than a listing's. */
  expect(size: number | null): void {
    if (size !== null) this.#size = size
  }

  add(bytes: number): void {
    this.#current += bytes
    this.#pending += bytes
    // A length that is passed was that of the packed file: it says nothing.
    if (this.#size !== null && this.#current > this.#size) this.#size = null
    this.#report(false)
  }

  /** The file is whole. */
  end(): void {
    this.#done += this.#current
    this.#current = 0
    this.#mended = undefined
    this.#size = this.#last ? 0 : null
    this.#report(true)
  }

  /** Without a plan, all that is to come is known only in the last file. */
  #total(): number | null {
    const received = this.#done + this.#current
    const total = this.#planned ?? (this.#last && this.#size !== null ? this.#done + this.#size : null)
    return total === null || total < received ? null : total
  }

  #measure(now: number): void {
    const seconds = (now - this.#sample.at) / 1000
    if (seconds < INTERVAL_MS / 1000) return
    const speed = this.#pending / seconds
    const weight = this.#speed === 0 ? 1 : 1 - Math.exp(-seconds / SMOOTHING_S)
    this.#speed += weight * (speed - this.#speed)
    this.#sample.at = now
    this.#pending = 0
  }

  #report(always: boolean): void {
    const now = this.#now()
    this.#measure(now)
    if (!always && now - this.#toldAt < INTERVAL_MS) return
    this.#toldAt = now
    const receivedBytes = this.#done + this.#current
    const totalBytes = this.#total()
    const secondsLeft = totalBytes === null || this.#speed <= 0 ? null : (totalBytes - receivedBytes) / this.#speed
    const file = this.#file
    const bytesPerSecond = Math.round(this.#speed)
    const mended = this.#mended === undefined ? {} : { mended: this.#mended }
    this.#tell({ file, receivedBytes, totalBytes, bytesPerSecond, secondsLeft, ...mended })
  }
}
