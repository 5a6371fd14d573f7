// What the stand-in hub sends: files at hand or made on the way, piece by piece, no faster than they are read.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

const PIECE = 64 * 1024

/** Bytes at hand, or a stream that is made anew for each request, with what the listing says of it. */
export type Content =
  Buffer | { readonly size: number; readonly sha256: string; readonly open: () => AsyncIterable<Uint8Array> }

export const sizeOf = (content: Content) => (Buffer.isBuffer(content) ? content.length : content.size)
export const sha256Of = (content: Content) =>
  Buffer.isBuffer(content) ? createHash('sha256').update(content).digest('hex') : content.sha256

/** Waits until more can be written or nobody reads any more. Both are let go then: one of them never comes. */
export async function writable(response: ServerResponse): Promise<void> {
  const waiting = new AbortController()
  const { signal } = waiting
  const heard = [once(response, 'drain', { signal }), once(response, 'close', { signal })]
  try {
    await Promise.race(heard)
  } finally {
    waiting.abort()
    await Promise.allSettled(heard)
  }
}

export async function* pieces(content: Content): AsyncIterable<Uint8Array> {
  if (!Buffer.isBuffer(content)) {
    yield* content.open()
    return
  }
  for (let start = 0; start < content.length; start += PIECE) yield content.subarray(start, start + PIECE)
}
