// What a hub's answers mean, as errors for people: each names repository, file and revision, and what can be done.

import type { Impostor } from '../formats/impostors'
import { FinetaleError } from '../recipe/error'
import type { HubRef } from '../workers/protocol'
import { fileUrl, hubName } from './address'

/** Statuses after which the same request may well succeed a moment later. */
export function isPassing(status: number): boolean {
  return status === 408 || status >= 500
}

const thing = ({ kind }: HubRef) => (kind === 'dataset' ? 'data set' : 'model')

export function missingError(ref: HubRef, path: string, found = ''): FinetaleError {
  return new FinetaleError(
    `${ref.repo} has no ${path} at revision ${ref.revision}${found}.`,
    `Check the name and the revision of the ${thing(ref)}, or use files from your disk.`,
    { code: 'hub-missing' },
  )
}

function refusedError(ref: HubRef, path: string, status: number, hasToken: boolean): FinetaleError {
  return new FinetaleError(
    `${hubName(ref.base)} does not give out ${path} of ${ref.repo} at revision ${ref.revision} (answer ${status}): ` +
      `the ${thing(ref)} does not exist, or it is private or gated.`,
    hasToken
      ? 'Check the name, and that the token is valid and its account may read it.'
      : 'Check the name. If it is private or gated, accept its terms on the hub and type an access token here.',
    { code: 'hub-refused' },
  )
}

/** Seconds to wait, from Retry-After (seconds or a date) or the hub's RateLimit header, where the browser shows them. */
function secondsToWait(headers: Headers): number | undefined {
  const text = headers.get('retry-after')
  if (text !== null) {
    const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000
    if (Number.isFinite(seconds)) return Math.max(1, Math.ceil(seconds))
  }
  const reset = /(?:^|[;,\s])t=(\d{1,9})(?!\d)/.exec(headers.get('ratelimit') ?? '')
  return reset ? Math.max(1, Number(reset[1])) : undefined
}

function rateError(ref: HubRef, path: string, headers: Headers): FinetaleError {
  const retryAfter = secondsToWait(headers)
  const wait = retryAfter === undefined ? 'Wait a few minutes' : `Wait ${retryAfter} s`
  return new FinetaleError(
    `${hubName(ref.base)} has had too many requests from here; ${path} of ${ref.repo} at revision ${ref.revision} has ` +
      'to wait.',
    `${wait}, then try again. What has come whole is kept.`,
    { code: 'hub-rate', ...(retryAfter === undefined ? {} : { retryAfter }) },
  )
}

/** No answer, or none that is of use. `what` ends the sentence that begins with the address. */
export function unreachableError(ref: HubRef, path: string, what: string): FinetaleError {
  const mixed =
    globalThis.location?.protocol === 'https:' &&
    ref.base.startsWith('http:') &&
    !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/.test(ref.base)
  return new FinetaleError(
    `${fileUrl(ref, path)} ${what}. Nothing is lost: what has come whole is kept.`,
    mixed
      ? 'This page came over https, so the browser blocks addresses that begin with http://. Use an https mirror, or files from your disk.'
      : 'Check the connection, and whether this network blocks the host; then try again, or use a mirror or files from your disk.',
    { code: 'hub-unreachable' },
  )
}

/** What a person reads of each, and what to do about it. */
const impostors: Readonly<Record<Impostor, readonly [found: string, action: string]>> = {
  nothing: ['nothing (0 bytes)', 'Try again, or choose a copy of the file from your disk.'],
  page: [
    'a web page',
    'Check the address, and whether this network wants you to sign in first; then try again, or use files from your disk.',
  ],
  pointer: [
    'a Git LFS pointer of a few lines, not the file it points to',
    'Use a hub or mirror that keeps the file itself, or choose a copy from your disk after "git lfs pull".',
  ],
}

/** A file that is a web page, a pointer or nothing. Optional files are then taken for missing. */
export class ImpostorError extends FinetaleError {
  constructor(name: string, impostor: Impostor) {
    const [found, action] = impostors[impostor]
    super(`${name}: expected the file itself, found ${found}.`, action, { code: 'hub-mismatch' })
  }
}

export function mismatchError(ref: HubRef, path: string, expected: string, got: string): FinetaleError {
  return new FinetaleError(
    `${path} of ${ref.repo}: expected ${expected}, got ${got}. The file was thrown away.`,
    'Download again: only this file is fetched anew.',
    { code: 'hub-mismatch' },
  )
}

export function cancelledError(): FinetaleError {
  return new FinetaleError('The download was cancelled.', 'Files that had come whole are kept for the next time.', {
    code: 'cancelled',
  })
}

/** The error that an answer other than 2xx stands for. */
export function answerError(ref: HubRef, path: string, response: Response, hasToken: boolean): FinetaleError {
  const { status, headers } = response
  const code = headers.get('x-error-code')
  if (code === 'RevisionNotFound') return missingError(ref, 'such revision')
  if (status === 401 || status === 403) return refusedError(ref, path, status, hasToken)
  if (status === 404 || status === 410) return missingError(ref, path)
  if (status === 429) return rateError(ref, path, headers)
  return unreachableError(ref, path, `answered ${`${status} ${response.statusText}`.trim()}`)
}

/** Answers that an optional file may get for not being there: 401 and 403 are how some mirrors say it. */
export function isAbsence(error: unknown): boolean {
  return error instanceof FinetaleError && ['hub-missing', 'hub-refused'].includes(error.details.code ?? '')
}
