// Brings one file of a hub: streamed, counted, hashed, checked, taken up again when the connection breaks. What arrives
// goes to a sink part by part; publishing it is the caller's.

import { sha256 } from '@noble/hashes/sha2.js'
import { plainName } from '../formats/blobBytes'
import { HEAD_BYTES, impostorIn } from '../formats/impostors'
import { FinetaleError } from '../recipe/error'
import type { HubRef } from '../workers/protocol'
import { fileUrl } from './address'
import { ImpostorError, mismatchError } from './answers'
import { damageIn } from './damage'
import type { Meter } from './meter'
import { ask, Cut, withRetries, type Answer, type RequestContext } from './request'

export interface Wanted {
  readonly ref: HubRef
  readonly path: string
  /** Bytes and hex SHA-256, where the hub has told them. */
  readonly size: number | null
  readonly sha256: string | null
  /** Whether it is the last file to come, as far as is known. */
  readonly last: boolean
}

/** Where the body goes. */
export interface Sink {
  write(piece: Uint8Array<ArrayBuffer>): Promise<void>
  /** Everything written, kept but not published. */
  finish(): Promise<Blob>
  /** Lets go of everything written. */
  discard(): Promise<void>
}

export interface Arrived<S extends Sink> {
  readonly sink: S
  readonly blob: Blob
  readonly sha256: string
  readonly commit: string
  /** The address that answered in the end. */
  readonly url: string
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * The length that an answer names, where it can be that of the file. Text may come packed, and then the header tells the
 * packed length; across origins the browser hides whether it is packed.
 */
function lengthOf({ headers }: Response, path: string): number | null {
  const length = Number(headers.get('content-length') ?? NaN)
  if (!Number.isSafeInteger(length) || length <= 0 || headers.has('content-encoding')) return null
  return /\.(safetensors|bin|parquet|zip)$/.test(path) ? length : null
}

/** A file under way: what has come of it, over one or more answers. */
class Coming<S extends Sink> {
  readonly sink: S
  readonly hash = sha256.create()
  received = 0
  #head = new Uint8Array(0)
  #looked = false
  readonly #wanted: Wanted

  constructor(wanted: Wanted, sink: S) {
    this.#wanted = wanted
    this.sink = sink
  }

  /** @throws ImpostorError, FinetaleError when more comes than the file has, Cut */
  async take({ response, next }: Answer, meter: Meter): Promise<void> {
    const { ref, path, size } = this.#wanted
    const type = response.headers.get('content-type') ?? ''
    meter.expect(size ?? lengthOf(response, path))
    for (let piece = await next(); piece !== null; piece = await next()) {
      if (!this.#looked) {
        this.#head = joined(this.#head, piece.subarray(0, HEAD_BYTES))
        if (this.#head.length >= HEAD_BYTES) this.#look(type)
      }
      this.received += piece.length
      this.hash.update(piece)
      meter.add(piece.length)
      await this.sink.write(piece)
      if (size !== null && this.received > size) {
        this.#look(type)
        const error = mismatchError(ref, path, `${size} bytes`, `more than that`)
        throw response.status === 206 ? new WrongPart(error) : error
      }
    }
    this.#look(type)
  }

  #look(type: string): void {
    if (this.#looked) return
    this.#looked = true
    const found = impostorIn(this.#head, type)
    if (found !== null) throw new ImpostorError(`${this.#wanted.ref.repo}/${this.#wanted.path}`, found)
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/** A try that brought less is not worth counting as a new start. */
const PROGRESS_BYTES = 2 ** 20

/** Pieces of two answers that do not make the file: it may have changed in between. */
class Mixed extends Cut {}

/** Another part than the one asked for: a hub that does this once does it again, so no further range is asked for. */
class WrongPart extends Mixed {}

/**
 * Where a part begins by its own account. Across origins the header may be hidden; then only size and hash can tell.
 * @returns `from` when nothing speaks against it, 0 for the file from its start
 * @throws WrongPart when it is neither, or of a file with another length
 */
function startOf({ headers }: Response, { ref, path, size }: Wanted, from: number): number {
  const range = headers.get('content-range')
  if (range === null) return from
  const [, start, total] = /^\s*bytes\s+(\d{1,16})-\d{1,16}\/(\d{1,16}|\*)\s*$/i.exec(range) ?? []
  const fits = total === '*' || size === null || Number(total) === size
  if (start !== undefined && fits && (Number(start) === from || Number(start) === 0)) return Number(start)
  const expected = `the part from byte ${from}${size === null ? '' : ` of ${size}`}`
  throw new WrongPart(mismatchError(ref, path, expected, `"${plainName(range)}"`))
}

/** What a plain request may still get when one for the rest did not. */
const perhapsRanges = ['hub-unreachable', 'hub-refused', 'hub-missing']

/**
 * Downloads one file. A broken connection is taken up where it broke by a range request, but only where the hub has told
 * the file's SHA-256, for nothing else proves that the pieces belong together; and from the start where the hub, or the
 * storage it leads to, answers no ranges.
 * @param openSink a new sink for each start
 * @throws FinetaleError with the code of what happened; nothing is then left in a sink
 */
export async function download<S extends Sink>(
  wanted: Wanted,
  openSink: () => S,
  meter: Meter,
  context: RequestContext,
): Promise<Arrived<S>> {
  const { ref, path, size, last, sha256: provable } = wanted
  const state: { coming: Coming<S> | null } = { coming: null }
  let tries = 0
  let mayRange = provable !== null
  let ranges = mayRange
  let most = 0
  let progressed = false

  const drop = async () => {
    await state.coming?.sink.discard()
    state.coming = null
  }

  const once = async (): Promise<Arrived<S>> => {
    const from = ranges ? (state.coming?.received ?? 0) : 0
    const again = tries++ > 0
    meter.begin(path, size, last, from, from > 0 ? 'resumed' : again ? 'restarted' : undefined)
    progressed = false
    let answered = false
    const use = async (answer: Answer) => {
      answered = true
      const resumed = answer.response.status === 206 && startOf(answer.response, wanted, from) > 0
      // Only now that another answer is there may go what had come.
      if (!resumed) await drop()
      if (!resumed && from > 0) meter.begin(path, size, last, 0, 'restarted')
      const coming = (state.coming ??= new Coming(wanted, openSink()))
      try {
        await coming.take(answer, meter)
        return await finished(coming, answer, wanted, meter)
      } finally {
        progressed = provable !== null && coming.received - most >= PROGRESS_BYTES
        most = Math.max(most, coming.received)
      }
    }
    try {
      return await ask(fileUrl(ref, path), ref, path, context, use, from)
    } catch (error) {
      if (error instanceof Mixed) await drop()
      if (error instanceof WrongPart) mayRange = false
      // No answer to a request for the rest: ranges may be what was refused, so the next try asks for everything.
      const refused = from > 0 && !answered
      ranges = mayRange && !refused
      const code = error instanceof FinetaleError ? error.details.code : undefined
      if (refused && code !== undefined && perhapsRanges.includes(code)) throw new Cut(error as FinetaleError)
      throw error
    }
  }

  try {
    return await withRetries(once, context.patience.backoffMs, context.signal, () => progressed)
  } catch (error) {
    await drop()
    throw error
  }
}

/** Checks what has come whole. @throws Cut when another try may mend it */
async function finished<S extends Sink>(
  { sink, hash, received }: Coming<S>,
  { response }: Answer,
  wanted: Wanted,
  meter: Meter,
): Promise<Arrived<S>> {
  const { ref, path, size, sha256: expected } = wanted
  if (size !== null && received !== size) {
    throw new Cut(mismatchError(ref, path, `${size} bytes`, `${received} bytes`))
  }
  const hex = toHex(hash.digest())
  if (expected !== null && hex !== expected) {
    const error = mismatchError(ref, path, `SHA-256 ${expected}`, hex)
    throw response.status === 206 ? new Mixed(error) : error
  }
  const blob = await sink.finish()
  // A body may end early without the browser knowing; where nothing else tells, the file's own form must.
  const damage = size === null ? await damageIn(path, blob) : null
  if (damage !== null) throw new Cut(mismatchError(ref, path, 'the whole file', damage))
  meter.end()
  return { sink, blob, sha256: hex, commit: response.headers.get('x-repo-commit') ?? '', url: response.url }
}
