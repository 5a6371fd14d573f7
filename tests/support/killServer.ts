// A copy of the production build whose checkpoint writer stops at a chosen database request and says so, so that a test
// can kill the page exactly there. The build itself knows nothing of it.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { distFolder, startServer } from '../../scripts/serve.mjs'

/**
 * Asks the server before and after each write and delete, and waits for its answer; at the place chosen none comes. Before
 * a part is after the one before it, so of parts only their ends are asked for.
 */
const hook = `
for (const operation of ['put', 'delete']) {
  const original = IDBObjectStore.prototype[operation]
  IDBObjectStore.prototype[operation] = function (...args) {
    const ask = (moment) => {
      const request = new XMLHttpRequest()
      request.open('GET', '/at?' + moment + '-' + operation + '-' + this.name, false)
      request.send()
    }
    if (operation === 'delete' || this.name !== 'parts') ask('before')
    const result = original.apply(this, args)
    this.transaction.addEventListener('complete', () => ask('after'))
    return result
  }
}
`

export interface KillServer {
  readonly url: string
  /** The requests seen since the last call of `holdAt`, in order. */
  readonly seen: readonly string[]
  /** Holds the writer at the n-th request from now, counted from 0; resolves when it is there. */
  holdAt(n: number): Promise<string>
}

/** Serves the build with parts of `partBytes`; the writer asks before and after each of its requests. */
export async function serveKillable(partBytes: number): Promise<KillServer> {
  const folder = mkdtempSync(join(tmpdir(), 'finetale-kill-'))
  cpSync(distFolder, folder, { recursive: true })
  const assets = join(folder, 'assets')
  let writers = 0
  let sizes = 0
  for (const name of readdirSync(assets).filter((file) => file.endsWith('.js'))) {
    const path = join(assets, name)
    const text = readFileSync(path, 'utf8')
    // 64 MiB, as the minifier writes it.
    const small = text.replaceAll('64*2**20', String(partBytes)).replaceAll('67108864', String(partBytes))
    if (small !== text) sizes++
    const isWriter = name.startsWith('checkpoint.worker')
    if (isWriter) writers++
    writeFileSync(path, isWriter ? hook + small : small)
  }
  if (writers !== 1 || sizes === 0) throw new Error(`the build has changed: ${writers} writers, ${sizes} part sizes`)
  const plain = await startServer({ root: folder })

  let seen: string[] = []
  let left = Infinity
  let reached: (at: string) => void = () => {}
  const server = createServer((request, response) => {
    const url = request.url ?? '/'
    if (url.startsWith('/at?')) {
      const at = url.slice('/at?'.length)
      seen.push(at)
      if (left-- === 0) reached(at)
      else response.writeHead(200, { 'Content-Type': 'text/plain' }).end('go on')
      return
    }
    fetch(new URL(url, plain.url))
      .then(async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer())
        const headers = Object.fromEntries(
          [...answer.headers].filter(([name]) => !/^(connection|keep-alive)$/.test(name)),
        )
        response.writeHead(answer.status, headers).end(body)
      })
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  afterAll(async () => {
    server.closeAllConnections()
    server.close()
    await plain.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    get seen() {
      return seen
    },
    holdAt(n) {
      seen = []
      left = n
      return new Promise((resolve) => (reached = resolve))
    },
  }
}
