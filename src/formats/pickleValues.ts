// The values a pickle is made of where JavaScript has none of its own, and the reading of numbers and texts from its
// bytes. The opcodes are in pickle.ts.

/** Ends the reading with a sentence on what is wrong. */
export type Fail = (what: string) => never

export class PickleTuple {
  readonly items: readonly unknown[]

  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

/** A set whose members nobody asks for. */
export class PickleSet {}

export type PickleKey = string | number | bigint | boolean | null | PickleTuple

export class PickleDict {
  /** In the order of insertion. Tuples are keys by identity, which is enough where no one looks them up. */
  readonly entries = new Map<PickleKey, unknown>()
}

export function isKey(value: unknown): value is PickleKey {
  const simple = ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
  return simple || value === null || value instanceof PickleTuple
}

/** Python's longest integer that a file of weights can reasonably hold. */
const MAX_LONG_BYTES = 128
const MAX_LINE = 1024

/** Reads forward; whatever would pass the end fails. */
export class PickleCursor {
  at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #fail: Fail

  constructor(bytes: Uint8Array, fail: Fail) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#fail = fail
  }

  /** Fails unless that many bytes follow. */
  checkAhead(length: number): void {
    const left = this.#bytes.length - this.at
    if (length > left) this.#fail(`it is cut: expected ${length} more bytes at byte ${this.at}, found ${left}`)
  }

  #take(length: number): number {
    this.checkAhead(length)
    this.at += length
    return this.at - length
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  /** An unsigned number of 2, 4 or 8 bytes. */
  length(width: 2 | 4 | 8): number {
    const at = this.#take(width)
    if (width === 2) return this.#view.getUint16(at, true)
    return width === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true))
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), false)
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  text(length: number): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.bytes(length))
  }

  /** A text that ends with a line feed, without it. */
  line(): string {
    const window = this.#bytes.subarray(this.at, this.at + MAX_LINE)
    const length = window.indexOf(10)
    if (length < 0) this.#fail(`a name at byte ${this.at} has no end`)
    const line = this.text(length)
    this.at++
    return line
  }

  /** A little-endian two's complement integer; a bigint where a number would not be exact. */
  long(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) this.#fail(`it has an integer of ${length} bytes`)
    const bytes = this.bytes(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
    value = BigInt.asIntN(8 * length, value)
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
}
