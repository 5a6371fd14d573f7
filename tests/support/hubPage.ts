// A page that holds nothing but a HubFetcher, for the tests of fetching in a real browser: built from the sources, served
// from its own origin. The finished app is in the other end-to-end tests.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright'
import { build } from 'vite'
import type { FetchProgress, FinetaleErrorData, HubRef } from '../../src/workers/protocol'

export interface Outcome {
  /** Sizes by name; null when the fetch failed. */
  readonly files: Readonly<Record<string, number>> | null
  /** Contents of the files of up to 2 KB. */
  readonly texts: Readonly<Record<string, string>>
  readonly notes: readonly string[]
  readonly origin: HubRef | null
  readonly error: FinetaleErrorData | null
  readonly progress: readonly FetchProgress[]
}

/** What hubEntry.ts puts on the page. */
export interface HubWindow {
  readonly fetchFromHub: (ref: HubRef, options: FetchOptions) => Promise<Outcome>
  readonly cancelFetch: () => Promise<void>
  readonly cachedBytes: (ref: HubRef) => Promise<number>
  readonly removeCached: (ref: HubRef) => Promise<number>
  /** Keys of hubFiles and hubParts. */
  readonly stored: () => Promise<{ files: string[]; parts: string[] }>
  /** Cuts or empties the parts of a file, as a browser that clears storage. */
  readonly damage: (path: string, how: 'missing' | 'short') => Promise<void>
}

export interface FetchOptions {
  readonly token?: string
  /** Milliseconds: a stall, and the pauses between tries. */
  readonly stallMs?: number
  readonly backoffMs?: readonly number[]
  /** No database, as in some private windows; or one whose quota is used up. */
  readonly storage?: 'none' | 'full'
  readonly partBytes?: number
  /** Cancels when this many bytes have come. */
  readonly cancelAt?: number
}

/** Builds the page and serves it; `url` is its address. */
export async function serveHubPage(): Promise<{ url: string; close: () => Promise<void> }> {
  const entry = fileURLToPath(new URL('hubEntry.ts', import.meta.url))
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, target: 'es2022', lib: { entry, formats: ['es'], fileName: 'hub' } },
  })
  const [output] = Array.isArray(result) ? result : [result]
  if (!output || !('output' in output)) throw new Error('The hub page was not built.')
  const chunk = output.output[0]
  const server = createServer((request, response) => {
    const isScript = request.url === '/hub.js'
    response.writeHead(200, {
      'Content-Type': isScript ? 'text/javascript' : 'text/html',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    })
    response.end(
      isScript ? chunk.code : '<!doctype html><title>Hub</title><script type="module" src="/hub.js"></script>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Opens the page and waits for its script. */
export async function openHubPage(page: Page, url: string): Promise<Page> {
  await page.goto(url)
  await page.waitForFunction(() => 'fetchFromHub' in window)
  return page
}

/** Fetches in the page. */
export function fetchIn(page: Page, ref: HubRef, options: FetchOptions = {}): Promise<Outcome> {
  return page.evaluate(([wanted, how]) => (window as unknown as HubWindow).fetchFromHub(wanted, how), [
    ref,
    options,
  ] as const)
}

/** Calls another of the page's functions. */
export function callIn<Name extends Exclude<keyof HubWindow, 'fetchFromHub'>>(
  page: Page,
  name: Name,
  ...args: Parameters<HubWindow[Name]>
): Promise<Awaited<ReturnType<HubWindow[Name]>>> {
  return page.evaluate(
    ([called, given]) => (window as unknown as Record<string, (...a: unknown[]) => Promise<never>>)[called]!(...given),
    [name as string, args as unknown[]] as const,
  )
}
