// Serves a folder, dist/ by default, with the headers of a cross-origin isolated page. Plain node:http, no build, no reload.

import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

/** The build's folder. */
export const distFolder = fileURLToPath(new URL('../dist', import.meta.url))

/** @type {Record<string, string>} */
const mimeTypes = {
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.jsonl': 'application/x-ndjson; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

/**
 * @param {string} path
 * @returns {import('node:fs').Stats | undefined} Its stat when it is there.
 */
function statOf(path) {
  return statSync(path, { throwIfNoEntry: false })
}

/**
 * Maps a request to a file of the folder.
 * @param {string} root Absolute folder.
 * @param {string} base Path prefix, starting and ending with '/'.
 * @param {string} url The request's target.
 * @returns {string | undefined} undefined where nothing is to be served, paths that leave the folder included.
 */
function fileFor(root, base, url) {
  let path
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname)
  } catch {
    return undefined
  }
  if (!path.startsWith(base) || path.includes('\0')) return undefined
  const file = resolve(root, `.${sep}${path.slice(base.length)}`)
  if (file !== root && !file.startsWith(root + sep)) return undefined
  const found = statOf(file)?.isDirectory() ? join(file, 'index.html') : file
  return statOf(found)?.isFile() ? found : undefined
}

/**
 * @typedef {object} ServeOptions
 * @property {string} [root] Folder to serve; dist/ when left out.
 * @property {string} [base] Path the folder appears under; '/' when left out.
 * @property {boolean} [isolation] Whether to send the isolation headers; true when left out.
 * @property {boolean} [fallback] Answers unknown paths with index.html and 200, as many hosts do. Off when left out.
 * @property {number} [port] First port to try; 0 takes any free one.
 * @property {string} [host] Address to listen on; loopback when left out.
 */

/**
 * Starts the server; when the port is taken, the next free one above it is used.
 * @param {ServeOptions} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} The page's URL, and a way to end the server.
 * @throws {Error} when the folder has no index.html.
 */
export async function startServer(options = {}) {
  const { isolation = true, fallback = false, port = 0, host = 'localhost' } = options
  const root = resolve(options.root ?? distFolder)
  const base = `/${options.base ?? ''}/`.replace(/\/+/g, '/')
  const index = join(root, 'index.html')
  if (!statOf(index)?.isFile()) throw new Error(`${root} has no index.html. Run "npm run build" first.`)

  const server = createServer((request, response) => {
    /** @type {Record<string, string>} */
    const headers = { 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' }
    if (isolation) {
      headers['Cross-Origin-Opener-Policy'] = 'same-origin'
      headers['Cross-Origin-Embedder-Policy'] = 'require-corp'
      headers['Cross-Origin-Resource-Policy'] = 'same-origin'
    }
    /** @param {number} status @param {string} text @param {Record<string, string>} [more] */
    const plain = (status, text, more) => {
      response.writeHead(status, { ...headers, ...more, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
    }
    const url = request.url ?? '/'
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return plain(405, 'Method not allowed', { Allow: 'GET, HEAD' })
    if (`${url}/` === base) return plain(308, `Moved to ${base}`, { Location: base })
    const file = fileFor(root, base, url) ?? (fallback ? index : undefined)
    if (!file) return plain(404, 'Not found')
    headers['Content-Type'] = mimeTypes[extname(file).toLowerCase()] ?? 'application/octet-stream'
    headers['Content-Length'] = String(statSync(file).size)
    response.writeHead(200, headers)
    if (request.method === 'HEAD') return void response.end()
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response)
  })

  const bound = await listen(server, host, port)
  return {
    url: `http://localhost:${bound}${base}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/**
 * @param {import('node:http').Server} server
 * @param {string} host
 * @param {number} first
 * @returns {Promise<number>} The port that was free.
 */
async function listen(server, host, first) {
  for (let port = first; ; port++) {
    /** @type {NodeJS.ErrnoException | undefined} */
    const failure = await new Promise((done) => {
      server.once('error', done)
      server.listen(port, host, () => {
        server.off('error', done)
        done(undefined)
      })
    })
    if (!failure) return /** @type {import('node:net').AddressInfo} */ (server.address()).port
    if (failure.code !== 'EADDRINUSE' || port >= 65535) throw failure
  }
}

const usage = `Usage: node scripts/serve.mjs [DIR] [--port N] [--base /a/b/] [--host ADDRESS] [--no-isolation]
Serves DIR (dist by default) at http://localhost:4173/, or at the next free port, and prints the URL.`

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '4173' },
      base: { type: 'string', default: '/' },
      host: { type: 'string', default: 'localhost' },
      'no-isolation': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(usage)
  const port = Number(values.port)
  if (positionals.length > 1 || !Number.isInteger(port) || port < 0 || port > 65535) throw new Error(usage)
  const root = positionals[0] ?? distFolder
  const server = await startServer({
    root,
    base: values.base,
    host: values.host,
    port,
    isolation: !values['no-isolation'],
  })
  console.log(`Finetale is at ${server.url}`)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((/** @type {unknown} */ error) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  })
}
