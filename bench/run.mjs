// `npm run bench -- gemm|ops|step|generate|threads|storage`: builds the bench page, runs it in headless Chromium and prints one JSON
// line for each result. It measures nothing itself; see bench/README.md for how to read the lines.

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright'
import { build } from 'vite'
import { ensureBrowser, launchArguments } from '../scripts/ensure-browser.mjs'
import { startServer } from '../scripts/serve.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shape: { type: 'string', default: 'course' },
    threads: { type: 'string', default: '0' },
    arithmetic: { type: 'string' },
    rounds: { type: 'string', default: '0' },
    params: { type: 'string', default: '0' },
    isolation: { type: 'boolean', default: true },
  },
  allowNegative: true,
})
const bench = positionals[0]
if (!bench) {
  console.error(
    'npm run bench -- gemm|ops|step|generate|threads|storage [--shape course|built-in|JSON] [--threads N] [--rounds N]\n' +
      '                 [--arithmetic simd|relaxed] [--no-isolation] [--params N]',
  )
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'finetale-bench-'))
let server
let browser
try {
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
  server = await startServer({ root: folder, isolation: values.isolation })
  // A profile on disk: without one the browser keeps its database in memory.
  const options = { executablePath: ensureBrowser(), args: launchArguments() }
  browser = await chromium.launchPersistentContext(join(folder, 'profile'), options)
  const page = browser.pages()[0] ?? (await browser.newPage())
  page.on('pageerror', (error) => console.error(error))
  await page.goto(server.url)
  await page.waitForFunction(() => 'runBench' in globalThis)
  const request = {
    bench,
    shape: values.shape,
    threads: Number(values.threads),
    arithmetic: values.arithmetic,
    rounds: Number(values.rounds),
    params: Number(values.params),
  }
  /** @type {object[]} */
  const lines = await page.evaluate(`runBench(${JSON.stringify(request)})`)
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, browser: `Chromium ${browser.browser()?.version()}` }
  for (const line of lines) console.log(JSON.stringify({ ...line, machine }))
} finally {
  await browser?.close()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
}
