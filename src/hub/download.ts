// Brings one file of a hub: streamed, counted, hashed, checked, tried again when the connection breaks. What arrives goes
// to a sink part by part; publishing it is the caller's.

import { sha256 } from '@noble/hashes/sha2.js'
import type { HubRef } from '../workers/protocol'
import { fileUrl } from './address'
import { mismatchError } from './answers'
import { damageIn, HEAD_BYTES, ImpostorError, impostorIn } from './impostor'
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

/** Takes a body in. @returns hex SHA-256 and length @throws ImpostorError, FinetaleError */
async function takeIn({ response, next }: Answer, wanted: Wanted, sink: Sink, meter: Meter) {
  const { ref, path, size } = wanted
  const hash = sha256.create()
  const type = response.headers.get('content-type') ?? ''
  let head = new Uint8Array(0)
  let looked = false
  const look = () => {
    looked = true
    const found = impostorIn(head, type)
    if (found !== null) throw new ImpostorError(`${ref.repo}/${path}`, found)
  }
  let received = 0
  meter.expect(size ?? lengthOf(response, path))
  for (let piece = await next(); piece !== null; piece = await next()) {
    if (!looked) {
      const joined = new Uint8Array(head.length + Math.min(piece.length, HEAD_BYTES))
      joined.set(head)
      joined.set(piece.subarray(0, HEAD_BYTES), head.length)
      head = joined
      if (head.length >= HEAD_BYTES) look()
    }
    received += piece.length
    hash.update(piece)
    meter.add(piece.length)
    await sink.write(piece)
    if (size !== null && received > size) {
      if (!looked) look()
      throw mismatchError(ref, path, `${size} bytes`, `more than that`)
    }
  }
  if (!looked) look()
  return { received, hex: toHex(hash.digest()) }
}

/**
 * Downloads one file.
 * @param openSink a new sink for each try
 * @throws FinetaleError with the code of what happened; nothing is then left in a sink
 */
export function download<S extends Sink>(
  wanted: Wanted,
  openSink: () => S,
  meter: Meter,
  context: RequestContext,
): Promise<Arrived<S>> {
  const { ref, path, size } = wanted
  const once = async (): Promise<Arrived<S>> => {
    const sink = openSink()
    meter.begin(path, size, wanted.last)
    try {
      return await ask(fileUrl(ref, path), ref, path, context, async (answer) => {
        const { received, hex } = await takeIn(answer, wanted, sink, meter)
        if (size !== null && received !== size) {
          throw new Cut(mismatchError(ref, path, `${size} bytes`, `${received} bytes`))
        }
        if (wanted.sha256 !== null && hex !== wanted.sha256) {
          throw mismatchError(ref, path, `SHA-256 ${wanted.sha256}`, hex)
        }
        const blob = await sink.finish()
        // A body may end early without the browser knowing; where nothing else tells, the file's own form must.
        const damage = size === null ? await damageIn(path, blob) : null
        if (damage !== null) throw new Cut(mismatchError(ref, path, 'the whole file', damage))
        const { headers, url } = answer.response
        meter.end()
        return { sink, blob, sha256: hex, commit: headers.get('x-repo-commit') ?? '', url }
      })
    } catch (error) {
      await sink.discard()
      throw error
    }
  }
  return withRetries(once, context.patience.backoffMs, context.signal)
}
