// Asks a hub which files a revision has, with their sizes and, for large ones, their SHA-256. A mirror may have no such
// list: that is no error, only less to check by.

import { FinetaleError } from '../recipe/error'
import type { HubRef } from '../workers/protocol'
import { isInside, repoIn, treeUrl } from './address'
import { ask, Cut, withRetries, type RequestContext } from './request'

export interface ListedFile {
  readonly path: string
  readonly size: number
  /** Hex, for files that the hub keeps in large-file storage; null for the others. */
  readonly sha256: string | null
}

export interface Listing {
  readonly files: ReadonlyMap<string, ListedFile>
  /** The name under which the repository answered; null when it cannot be seen. */
  readonly repo: string | null
  /** The commit that the revision stands for; '' when the hub does not show it. */
  readonly commit: string
}

/** Why a hub's list cannot be used. */
export interface Unlisted {
  readonly files: null
  /** What the repository has in place of a list to use, to follow its name; '' when the hub gives none. */
  readonly why: string
}

const PAGE_FILES = 1000
const MAX_PAGES = 20
const MAX_PAGE_BYTES = 32 * 2 ** 20

const unlisted = (why: string): Unlisted => ({ files: null, why })
const NO_LIST = unlisted('')
const BROKEN_OFF = unlisted('has a list of files that could not be read to its end')
const TOO_LONG = unlisted(
  `has more than ${(MAX_PAGES * PAGE_FILES).toLocaleString('en')} files and folders, too many to list here`,
)

interface Page {
  readonly entries: readonly ListedFile[]
  readonly next: string | null
  readonly url: string
  readonly commit: string
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function readEntry(entry: unknown): ListedFile | null {
  if (!isRecord(entry) || entry['type'] !== 'file' || typeof entry['path'] !== 'string') return null
  if (!isInside(entry['path'])) return null
  const lfs = isRecord(entry['lfs']) ? entry['lfs'] : {}
  const size = lfs['size'] ?? entry['size']
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return null
  const oid = typeof lfs['oid'] === 'string' ? lfs['oid'].replace(/^sha256:/, '').toLowerCase() : ''
  return { path: entry['path'], size, sha256: /^[\da-f]{64}$/.test(oid) ? oid : null }
}

/**
 * The next page, always on the same host: the token goes along, and a mirror that hands on the hub's own link has the page
 * under the same path. What is no address leads to none.
 */
function nextPage(headers: Headers, base: string): string | null {
  const link = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(headers.get('link') ?? '')?.[1]
  if (link === undefined) return null
  try {
    const { pathname, search } = new URL(link, base)
    return new URL(pathname + search, new URL(base).origin).href
  } catch {
    return null
  }
}

async function readPage(url: string, ref: HubRef, context: RequestContext): Promise<Page | Unlisted> {
  return ask(url, ref, 'its list of files', context, async ({ response, next }) => {
    const decoder = new TextDecoder()
    let text = ''
    for (let piece = await next(); piece !== null; piece = await next()) {
      text += decoder.decode(piece, { stream: true })
      if (text.length > MAX_PAGE_BYTES) return TOO_LONG
    }
    let parsed: unknown
    try {
      parsed = JSON.parse(text + decoder.decode())
    } catch {
      return NO_LIST
    }
    if (!Array.isArray(parsed)) return NO_LIST
    const entries = parsed.map(readEntry).filter((entry) => entry !== null)
    const commit = response.headers.get('x-repo-commit') ?? ''
    return { entries, next: nextPage(response.headers, ref.base), url: response.url, commit }
  })
}

/**
 * Lists the files of a revision. Half of a list is not used: it would leave rows out without a word.
 * @returns why there is none when the hub gives no list (none there, refused, or not in the known form), or not all of it
 * @throws FinetaleError when the fetch was cancelled or the hub wants fewer requests
 */
export async function listFiles(ref: HubRef, context: RequestContext): Promise<Listing | Unlisted> {
  const files = new Map<string, ListedFile>()
  let repo: string | null = null
  let commit = ''
  let url: string | null = treeUrl(ref)
  let broken = NO_LIST
  try {
    for (let pages = 0; url !== null; pages++) {
      if (pages === MAX_PAGES) return TOO_LONG
      const address: string = url
      const read = () => readPage(address, ref, context)
      const page: Page | Unlisted = await withRetries(read, context.patience.backoffMs.slice(0, 1), context.signal)
      if ('why' in page) return page === NO_LIST ? broken : page
      for (const entry of page.entries) files.set(entry.path, entry)
      repo ??= repoIn(page.url, ref)
      commit ||= page.commit
      url = page.next
      broken = BROKEN_OFF
    }
  } catch (error) {
    const code = error instanceof FinetaleError ? error.details.code : undefined
    if (code === undefined && !(error instanceof Cut)) throw error
    if (code === 'cancelled' || code === 'hub-rate') throw error
    return broken
  }
  return files.size === 0 ? NO_LIST : { files, repo, commit }
}
