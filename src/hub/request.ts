// One GET to a hub: plain, across origins, without cookies, past the browser's cache, and given up when nothing comes.
// It reads no body; download.ts and listing.ts do.

import { FinetaleError } from '../recipe/error'
import type { HubRef } from '../workers/protocol'
import { answerError, cancelledError, isPassing, unreachableError } from './answers'

/** How long is waited for a byte, and before each further try. */
export interface Patience {
  readonly stallMs: number
  readonly backoffMs: readonly number[]
}

export const patient: Patience = { stallMs: 60_000, backoffMs: [1000, 4000] }

export interface RequestContext {
  readonly token: string
  readonly signal: AbortSignal
  readonly patience: Patience
}

/** A failure that another try may mend; `shown` is what the user reads when none is left. */
export class Cut extends Error {
  readonly shown: FinetaleError

  constructor(shown: FinetaleError) {
    super(shown.message)
    this.shown = shown
  }
}

/**
 * Checks a token that a user typed.
 * @returns it without the spaces around it
 * @throws FinetaleError when it cannot be one; it is not repeated in the message
 */
export function readToken(text: string): string {
  const token = text.trim()
  if (/^[\x21-\x7e]*$/.test(token)) return token
  throw new FinetaleError(
    'The access token holds characters that no token has.',
    'Copy it again from the hub’s settings, without spaces or line breaks.',
  )
}

/** Ends a request when no byte has come for a while. */
class Watch {
  readonly controller = new AbortController()
  stalled = false
  readonly #ms: number
  readonly #outer: AbortSignal
  readonly #cancel = () => this.controller.abort()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(outer: AbortSignal, ms: number) {
    this.#ms = ms
    this.#outer = outer
    outer.addEventListener('abort', this.#cancel)
    if (outer.aborted) this.#cancel()
  }

  /** Waits for one thing of the request. */
  async wait<T>(coming: Promise<T>): Promise<T> {
    this.#timer = setTimeout(() => {
      this.stalled = true
      this.controller.abort()
    }, this.#ms)
    try {
      return await coming
    } finally {
      clearTimeout(this.#timer)
    }
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#outer.removeEventListener('abort', this.#cancel)
    this.controller.abort()
  }
}

/** An answer whose body is read piece by piece. */
export interface Answer {
  readonly response: Response
  /** The next piece, or null at the end. */
  readonly next: () => Promise<Uint8Array<ArrayBuffer> | null>
}

/**
 * Asks once and hands the answer to `use`.
 * @param url made of the reference's base: the token goes with no other
 * @param path how errors call what was asked for
 * @param from byte to begin at; above 0 the answer may be 206 with the rest, or 200 with everything
 * @throws Cut where another try may help, else FinetaleError
 */
export async function ask<T>(
  url: string,
  ref: HubRef,
  path: string,
  { token, signal, patience }: RequestContext,
  use: (answer: Answer) => Promise<T>,
  from = 0,
): Promise<T> {
  const watch = new Watch(signal, patience.stallMs)
  let received = from
  const broken = (error: unknown): Error => {
    if (signal.aborted) return cancelledError()
    const seconds = Math.round(patience.stallMs / 1000)
    const what = watch.stalled
      ? `sent nothing for ${seconds} s, after ${received} bytes`
      : received > from
        ? `broke off after ${received} bytes`
        : navigator.onLine === false
          ? 'was not reached: this browser is offline'
          : `gave no answer (${error instanceof Error ? error.message : String(error)})`
    return new Cut(unreachableError(ref, path, what))
  }
  try {
    const sameHost = new URL(url).origin === new URL(ref.base).origin
    const response = await watch
      .wait(
        fetch(url, {
          mode: 'cors',
          credentials: 'omit',
          cache: 'no-store',
          referrerPolicy: 'no-referrer',
          headers: {
            ...(token !== '' && sameHost ? { Authorization: `Bearer ${token}` } : {}),
            ...(from > 0 ? { Range: `bytes=${from}-` } : {}),
          },
          signal: watch.controller.signal,
        }),
      )
      .catch((error: unknown) => {
        throw broken(error)
      })
    // A part that was not asked for is no file either.
    if (response.status !== 200 && !(response.status === 206 && from > 0)) {
      const error = answerError(ref, path, response, token !== '')
      throw isPassing(response.status) ? new Cut(error) : error
    }
    const reader = response.body?.getReader()
    const next = async () => {
      if (reader === undefined) return null
      try {
        const { done, value } = await watch.wait(reader.read())
        if (done) return null
        received += value.length
        return value
      } catch (error) {
        throw broken(error)
      }
    }
    return await use({ response, next })
  } finally {
    watch.end()
  }
}

/** Waits between two tries; a cancel ends the wait. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer)
      reject(cancelledError())
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end)
      resolve()
    }, ms)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}

/**
 * Tries again after a Cut, with pauses between.
 * @param backoffMs one pause for each further try
 * @param progressed whether the last try brought what the next can go on from; it then counts as the first
 * @throws FinetaleError that of the last try, or 'cancelled'
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  backoffMs: readonly number[],
  signal: AbortSignal,
  progressed: () => boolean = () => false,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted) throw cancelledError()
      if (!(error instanceof Cut)) throw error
      if (progressed()) tries = 0
      const ms = backoffMs[tries]
      if (ms === undefined || navigator.onLine === false) throw error.shown
      await pause(ms, signal)
    }
  }
}
