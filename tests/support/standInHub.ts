// A hub on loopback with Hugging Face's paths, which misbehaves on demand. Not a model of the whole hub: no accounts, no
// uploads; a revision is a map of files.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { pieces, sha256Of, sizeOf, writable, type Content } from './hubContent'

export type RepoFiles = Readonly<Record<string, Content>>

export interface Behaviour {
  /** Which requests: a part of the path and query, or a pattern. */
  readonly on: string | RegExp
  /** How often; always when left out. */
  readonly times?: number
  /** Answers with this status and nothing of use. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Where a redirect leads: an address, or a path of this hub. */
  readonly to?: string
  /** What comes in place of the file. */
  readonly body?: 'page' | 'pointer' | 'empty' | 'other bytes'
  readonly gzip?: boolean
  readonly noLength?: boolean
  /** Bytes or, below 1, the share of the file after which the connection breaks, or ends as if the file were whole. */
  readonly stopAfter?: number
  readonly quietly?: boolean
  /** Bytes or share after which nothing more is sent. */
  readonly stallAfter?: number
  /** Sends no CORS headers: to a page the hub is then blocked. */
  readonly noCors?: boolean
  /** Milliseconds before each piece. */
  readonly delay?: number
}

export interface LoggedRequest {
  readonly method: string
  readonly url: string
  readonly authorization: string | null
  readonly range: string | null
}

export interface StandInOptions {
  readonly port?: number
  /** Whether there is an API that lists files; true when left out. */
  readonly listing?: boolean
  /** Files to a page of the listing; 1000 when left out. */
  readonly pageSize?: number
  /** A token that every request must carry. */
  readonly token?: string
  /** Answers preflights for range requests with 403, as the hub's storage does. */
  readonly refuseRangePreflight?: boolean
  /** Sends everything, whatever range is asked for. */
  readonly noRanges?: boolean
  /** Answers unknown paths with a start page and 200. */
  readonly fallbackPage?: boolean
}

const PAGE = '<!doctype html><html><body>Welcome to this host.</body></html>'
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`
const EXPOSED = 'X-Repo-Commit, X-Error-Code, Link, ETag, Accept-Ranges, Content-Range, Retry-After'
const COMMIT = 'c0ffee'.repeat(6) + 'cafe'

interface Found {
  readonly files: RepoFiles | undefined
  readonly path: string
  readonly listing: boolean
}

export class StandInHub {
  /** Everything that was asked, preflights too. */
  readonly requests: LoggedRequest[] = []
  /** Ends with '/'. */
  readonly url: string
  readonly #options: StandInOptions
  readonly #server: Server
  readonly #repos = new Map<string, RepoFiles>()
  readonly #renamed = new Map<string, string>()
  #behaviours: (Behaviour & { left: number })[] = []

  private constructor(server: Server, options: StandInOptions) {
    this.#server = server
    this.#options = options
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // A client that goes away in mid-answer is part of the game.
      this.#answer(request, response).catch(() => response.destroy())
    })
  }

  static async start(options: StandInOptions = {}): Promise<StandInHub> {
    const server = createServer()
    server.listen(options.port ?? 0, '127.0.0.1')
    await once(server, 'listening')
    return new StandInHub(server, options)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Adds a repository: 'owner/name', or 'datasets/owner/name'. */
  add(repo: string, files: RepoFiles, revision = 'main'): this {
    this.#repos.set(`${repo}@${revision}`, files)
    return this
  }

  /** The old name then leads to the new one by 307. */
  rename(from: string, to: string): this {
    this.#renamed.set(from, to)
    return this
  }

  /** From now on; the first that fits a request is taken. */
  behave(...behaviours: Behaviour[]): this {
    this.#behaviours.push(...behaviours.map((behaviour) => ({ ...behaviour, left: behaviour.times ?? Infinity })))
    return this
  }

  /** Behaves well again and forgets what was asked. */
  reset(): this {
    this.#behaviours = []
    this.requests.length = 0
    return this
  }

  /** Paths of the files that were asked for, in order. */
  asked(): string[] {
    return this.requests
      .filter(({ method, url }) => method === 'GET' && url.includes('/resolve/'))
      .map(({ url }) => decodeURIComponent(url.replace(/^.*\/resolve\/[^/]+\//, '')))
  }

  #behaviourFor(url: string): Behaviour {
    const found = this.#behaviours.find(
      ({ on, left }) => left > 0 && (typeof on === 'string' ? url.includes(on) : on.test(url)),
    )
    if (found) found.left--
    return found ?? { on: '' }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request
    const range = headers.range ?? null
    this.requests.push({ method, url, authorization: headers.authorization ?? null, range })
    const isPreflight = method === 'OPTIONS'
    const behaviour = isPreflight ? { on: '' } : this.#behaviourFor(url)
    if (!behaviour.noCors) {
      response.setHeader('Access-Control-Allow-Origin', '*')
      response.setHeader('Access-Control-Expose-Headers', EXPOSED)
    }
    if (isPreflight) {
      const wanted = headers['access-control-request-headers'] ?? ''
      if (this.#options.refuseRangePreflight && /range/i.test(wanted)) return void response.writeHead(403).end()
      response.setHeader('Access-Control-Allow-Headers', wanted)
      return void response.writeHead(204).end()
    }
    for (const [name, value] of Object.entries(behaviour.headers ?? {})) response.setHeader(name, value)
    if (behaviour.to !== undefined) {
      return void response.writeHead(behaviour.status ?? 307, { Location: behaviour.to }).end()
    }
    if (behaviour.status !== undefined && behaviour.status !== 206) {
      return void response.writeHead(behaviour.status).end('no\n')
    }
    const moved = this.#moved(url)
    if (moved !== null) return void response.writeHead(307, { Location: moved }).end()
    if (this.#options.token && headers.authorization !== `Bearer ${this.#options.token}`) {
      return void response.writeHead(401, { 'X-Error-Code': 'GatedRepo' }).end('no\n')
    }
    const { files, path, listing } = this.#find(url)
    // The hub says 401, not 404, to those who may not know which names exist.
    if (files === undefined) return this.#unknown(response, /\/(resolve|tree)\//.test(url) ? 401 : 404)
    if (listing) return this.#list(response, url, files)
    const content = files[path]
    if (content === undefined) return this.#unknown(response, 404)
    response.setHeader('X-Repo-Commit', COMMIT)
    await this.#send(response, content, behaviour, range)
  }

  #unknown(response: ServerResponse, status: number): void {
    if (this.#options.fallbackPage) response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE)
    else response.writeHead(status, { 'Content-Type': 'text/plain' }).end('no\n')
  }

  #moved(url: string): string | null {
    for (const [from, to] of this.#renamed) {
      const apiForm = (repo: string) => (repo.startsWith('datasets/') ? `/api/${repo}/` : `/api/models/${repo}/`)
      if (url.startsWith(`/${from}/`)) return `/${to}/${url.slice(from.length + 2)}`
      if (url.startsWith(apiForm(from))) return apiForm(to) + url.slice(apiForm(from).length)
    }
    return null
  }

  #find(url: string): Found {
    const { pathname } = new URL(url, this.url)
    const file = /^\/((?:datasets\/)?(?:[^/]+\/)?[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname)
    if (file) {
      const [, repo = '', revision = '', path = ''] = file
      const files = this.#repos.get(`${repo}@${decodeURIComponent(revision)}`)
      return { files, path: decodeURIComponent(path), listing: false }
    }
    const tree = /^\/api\/(?:models\/|(?=datasets\/))((?:datasets\/)?(?:[^/]+\/)?[^/]+)\/tree\/([^/]+)$/.exec(pathname)
    if (!tree || this.#options.listing === false) return { files: undefined, path: '', listing: false }
    const [, repo = '', revision = ''] = tree
    return { files: this.#repos.get(`${repo}@${decodeURIComponent(revision)}`), path: '', listing: true }
  }

  #list(response: ServerResponse, url: string, files: RepoFiles): void {
    const { pathname, searchParams } = new URL(url, this.url)
    const size = this.#options.pageSize ?? 1000
    const start = Number(searchParams.get('cursor') ?? 0)
    const entries = Object.entries(files).map(([path, content]) => {
      const entry = { type: 'file', path, oid: createHash('sha1').update(path).digest('hex'), size: sizeOf(content) }
      // The hub keeps text in git itself and says no SHA-256 of it.
      if (/\.(json|txt|md|jsonl|csv|tsv)$/.test(path)) return entry
      return { ...entry, lfs: { oid: sha256Of(content), size: sizeOf(content), pointerSize: 134 } }
    })
    const folders = [...new Set(Object.keys(files).flatMap((path) => (path.includes('/') ? [path.split('/')[0]] : [])))]
    const all = [...folders.map((path) => ({ type: 'directory', path, oid: '', size: 0 })), ...entries]
    response.setHeader('X-Repo-Commit', COMMIT)
    if (start + size < all.length) {
      response.setHeader(
        'Link',
        `<${this.url.slice(0, -1)}${pathname}?recursive=true&cursor=${start + size}>; rel="next"`,
      )
    }
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(all.slice(start, start + size)))
  }

  async #send(response: ServerResponse, file: Content, behaviour: Behaviour, range: string | null): Promise<void> {
    const { body, gzip, noLength, quietly, delay = 0 } = behaviour
    if (body === 'page') return void response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE)
    let content: Content = file
    if (body === 'pointer') content = Buffer.from(POINTER)
    if (body === 'empty') content = Buffer.alloc(0)
    if (body === 'other bytes') content = Buffer.alloc(sizeOf(file), 'x')
    let status = behaviour.status ?? 200
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    if (from !== undefined && !this.#options.noRanges && Buffer.isBuffer(content)) {
      const end = to ? Number(to) + 1 : content.length
      response.setHeader('Content-Range', `bytes ${from}-${end - 1}/${content.length}`)
      content = content.subarray(Number(from), end)
      status = 206
    }
    if (gzip && Buffer.isBuffer(content)) {
      content = gzipSync(content)
      response.setHeader('Content-Encoding', 'gzip')
    }
    const size = sizeOf(content)
    const bytes = (limit: number | undefined) =>
      limit === undefined ? Infinity : limit < 1 ? Math.floor(limit * size) : limit
    const [stop, stall] = [bytes(behaviour.stopAfter), bytes(behaviour.stallAfter)]
    if (!noLength) response.setHeader('Content-Length', size)
    response.writeHead(status, { 'Content-Type': 'application/octet-stream' })
    let sent = 0
    for await (const piece of pieces(content)) {
      const room = Math.min(stop, stall) - sent
      const part = piece.length > room ? piece.subarray(0, room) : piece
      if (part.length > 0 && !response.write(part)) await writable(response)
      sent += part.length
      if (response.destroyed) return
      if (sent >= stall) return
      if (sent >= stop) break
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
    }
    if (sent < size && !quietly) {
      // What was written leaves first, and a browser drops what it has not yet read when the connection breaks.
      await new Promise((resolve) => setTimeout(resolve, 250))
      return void response.socket?.end()
    }
    response.end()
  }
}
