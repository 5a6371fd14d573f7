// Addresses on a hub with Hugging Face's paths: reads what a user types, builds what is asked for. It asks for nothing.

import { FinetaleError } from '../recipe/error'
import type { HubRef } from '../workers/protocol'

/** The hub that is asked when the user names no other. */
export const DEFAULT_HUB = 'https://huggingface.co/'

/** The revision under which the hub keeps data sets converted to Parquet. */
export const CONVERTED = 'refs/convert/parquet'

/** What a user's text says of a repository; what it leaves out is absent. */
export interface HubInput {
  readonly repo: string
  readonly revision?: string
  readonly kind?: HubRef['kind']
  readonly base?: string
}

const SEGMENT = /^\w(?:[\w.-]{0,94}\w)?$/

function refuse(message: string): FinetaleError {
  return new FinetaleError(message, 'Type a name such as owner/name, or paste the address of the page that shows it.')
}

function isRepo(text: string): boolean {
  const segments = text.split('/')
  return segments.length <= 2 && segments.every((segment) => SEGMENT.test(segment) && !segment.includes('..'))
}

/** A branch, tag, commit or ref; nothing that could lead elsewhere. */
function isRevision(text: string): boolean {
  return /^[\w][\w./+-]{0,199}$/.test(text) && !text.includes('..') && !text.includes('//') && !text.endsWith('/')
}

/** A path inside a repository that stays inside it. */
export function isInside(path: string): boolean {
  if (path === '' || path.length > 1000 || /[\\\u0000-\u001f\u007f]/.test(path)) return false
  return path.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
}

/**
 * Reads the address of a hub or mirror, for example 'https://huggingface.co' or 'http://127.0.0.1:8000/hub'.
 * @returns the address with '/' at its end
 * @throws FinetaleError when it is no http or https address, or holds more than a host and a folder
 */
export function parseBase(text: string): string {
  const typed = text.trim()
  const local = /^(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/.test(typed)
  const action = 'Type an address such as https://huggingface.co/, the hub or a mirror of it.'
  let url: URL
  try {
    url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(typed) ? typed : `${local ? 'http' : 'https'}://${typed}`)
  } catch {
    throw new FinetaleError(`"${typed}" is not the address of a hub.`, action)
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new FinetaleError(`A hub's address begins with https:// or http://, not ${url.protocol}//.`, action)
  }
  if (url.username !== '' || url.password !== '') {
    throw new FinetaleError('A hub’s address holds no user name or password.', `${action} A token has its own field.`)
  }
  // URL resolves '..' by itself, so what was typed is looked at too.
  if (url.search !== '' || url.hash !== '' || /\s/.test(typed) || typed.includes('..') || typed.includes('\\')) {
    throw new FinetaleError(`"${typed}" holds more than a host and a folder.`, action)
  }
  return url.origin + url.pathname.replace(/(?<!\/)\/*$/, '/')
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** The revision after /tree/ and the like: one segment, or the three of refs/pr/1. */
function revisionFrom(segments: readonly string[]): string | undefined {
  const [first] = segments
  if (first === undefined || first === '') return undefined
  return first === 'refs' ? segments.slice(0, 3).join('/') : first
}

function named(path: string, base: string | undefined): HubInput {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decoded)
  let kind: HubRef['kind'] | undefined
  if (segments[0] === 'datasets' && segments.length > 1) {
    kind = 'dataset'
    segments.shift()
  } else if (segments[0] === 'models' && segments.length > 2) {
    kind = 'model'
    segments.shift()
  } else if (segments[0] === 'spaces' && segments.length > 1) {
    throw refuse('That is the address of a Space, which is neither a model nor a data set.')
  }
  const isMark = (segment: string | undefined) => /^(tree|blob|resolve|raw|commit|commits|viewer)$/.test(segment ?? '')
  const length = isMark(segments[1]) ? 1 : Math.min(2, segments.length)
  const [last = '', revisionInName] = (segments[length - 1] ?? '').split('@', 2)
  const repo = [...segments.slice(0, length - 1), last].join('/')
  if (segments.length === 0 || !isRepo(repo)) throw refuse(`"${path}" is not the name of a repository.`)
  const rest = segments.slice(length)
  if (rest.length > 0 && !isMark(rest[0])) throw refuse(`"${path}" is not the name of a repository.`)
  const revision = rest[0] === 'viewer' ? undefined : (revisionFrom(rest.slice(1)) ?? revisionInName)
  if (revision !== undefined && !isRevision(revision)) throw refuse(`"${revision}" is not the name of a revision.`)
  return {
    repo,
    ...(revision === undefined ? {} : { revision }),
    ...(kind === undefined ? {} : { kind }),
    ...(base === undefined ? {} : { base }),
  }
}

/**
 * Reads what a user types or pastes: 'owner/name', 'name', 'owner/name@revision', 'datasets/owner/name', or the address of
 * a repository's page, of a folder or of a file in it.
 * @param knownBase the hub in use, which may lie below a folder of its host
 * @throws FinetaleError when it names no repository
 */
export function parseHubInput(text: string, knownBase = DEFAULT_HUB): HubInput {
  const typed = text.trim()
  if (typed === '') throw refuse('No name was given.')
  if (/[\s\\]|\.\./.test(decoded(typed))) throw refuse(`"${typed}" is not the name of a repository.`)
  if (!/^[a-z][a-z\d+.-]*:/i.test(typed)) {
    if (/[?#]/.test(typed)) throw refuse(`"${typed}" is not the name of a repository.`)
    // A page's address without its beginning; owners have no dot and a slash after it that often.
    const host = /^((?:[\w-]+\.)+(?:co|com|org|net|cn|io|ai))\/(.+)$/.exec(typed)
    return host && typed.split('/').length > 2 ? named(host[2]!, `https://${host[1]}/`) : named(typed, undefined)
  }
  let url: URL
  try {
    url = new URL(typed)
  } catch {
    throw refuse(`"${typed}" is not an address.`)
  }
  const bare = url.origin + url.pathname
  if (bare.startsWith(knownBase)) return named(bare.slice(knownBase.length), knownBase)
  return named(url.pathname, parseBase(url.origin))
}

/**
 * Checks a reference before anything is asked for.
 * @throws FinetaleError naming what cannot be used
 */
export function checkRef(ref: HubRef): void {
  if (parseBase(ref.base) !== ref.base) throw refuse(`"${ref.base}" is not the address of a hub.`)
  if (!isRepo(ref.repo)) throw refuse(`"${ref.repo}" is not the name of a repository.`)
  if (!isRevision(ref.revision)) throw refuse(`"${ref.revision}" is not the name of a revision.`)
}

/** `<base><datasets/ or nothing><repo>`: names a repository whatever its revision. */
export function repoKey({ base, kind, repo }: HubRef): string {
  return `${base}${kind === 'dataset' ? 'datasets/' : ''}${repo}`
}

/** The key of a file in the cache. */
export function fileKey(ref: HubRef, path: string): string {
  return `${repoKey(ref)}@${ref.revision}/${path}`
}

/** Where a file lies. A revision's slashes are part of its name, so they are escaped; a path's are not. */
export function fileUrl(ref: HubRef, path: string): string {
  const escaped = path.split('/').map(encodeURIComponent).join('/')
  return `${repoKey(ref)}/resolve/${encodeURIComponent(ref.revision)}/${escaped}`
}

/** Where the hub lists the files of a revision. */
export function treeUrl({ base, kind, repo, revision }: HubRef): string {
  return `${base}api/${kind}s/${repo}/tree/${encodeURIComponent(revision)}?recursive=true`
}

/** The name of the repository that answered, where its address tells; null where it does not (another host, say). */
export function repoIn(address: string, { base, kind }: HubRef): string | null {
  if (!address.startsWith(base)) return null
  const path = address.slice(base.length).replace(/^api\/models\//, '')
  const own = kind === 'dataset' ? path.replace(/^(api\/)?datasets\//, '') : path
  const repo = /^(.+?)\/(?:resolve|tree)\//.exec(own)?.[1]
  return repo !== undefined && isRepo(decoded(repo)) ? decoded(repo) : null
}

/** Host and folder, as people read it. */
export function hubName(base: string): string {
  return base.replace(/^https?:\/\//, '').replace(/\/$/, '')
}
