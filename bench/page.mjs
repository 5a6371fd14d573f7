// Builds the bench page and serves it; shared by the scripts that open it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { build } from 'vite'
import { ensureBrowser, launchArguments } from '../scripts/ensure-browser.mjs'
import { startServer } from '../scripts/serve.mjs'

/**
 * @param {boolean} isolation whether to send the isolation headers
 * @returns {Promise<{ url: string, launch: () => Promise<import('playwright').BrowserContext>, close: () => Promise<void> }>}
 *   `launch` opens a browser on one profile on disk: without one its database would lie in memory
 */
export async function serveBench(isolation) {
  const folder = mkdtempSync(join(tmpdir(), 'finetale-bench-'))
  await build({
    root: fileURLToPath(new URL('.', import.meta.url)),
    configFile: fileURLToPath(new URL('../vite.config.ts', import.meta.url)),
    logLevel: 'error',
    publicDir: false,
    build: {
      outDir: folder,
      emptyOutDir: true,
      rolldownOptions: { input: fileURLToPath(new URL('index.html', import.meta.url)) },
    },
  })
  const server = await startServer({ root: folder, isolation })
  return {
    url: server.url,
    launch: () =>
      chromium.launchPersistentContext(join(folder, 'profile'), {
        executablePath: ensureBrowser(),
        args: launchArguments(),
      }),
    close: async () => {
      await server.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 40, retryDelay: 50 })
    },
  }
}
