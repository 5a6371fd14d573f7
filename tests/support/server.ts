// Serves the production build to the end-to-end tests, and ends every server when the test file is done.

import { afterAll } from 'vitest'
import { startServer } from '../../scripts/serve.mjs'
import type { ServeOptions } from '../../scripts/serve.mjs'

/** Starts a server of dist/ for this test file; returns the page's URL, which ends with '/'. */
export async function serveDist(options: ServeOptions = {}): Promise<string> {
  const server = await startServer(options)
  afterAll(() => server.close())
  return server.url
}
