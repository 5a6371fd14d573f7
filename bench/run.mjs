// `npm run bench -- gemm|ops|step|generate|threads|storage|chart`: builds the bench page, runs it in headless Chromium and prints one JSON
// line for each result. It measures nothing itself; see bench/README.md for how to read the lines.

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { serveBench } from './page.mjs'

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
    'npm run bench -- gemm|ops|step|generate|threads|storage|chart [--shape course|built-in|JSON] [--threads N] [--rounds N]\n' +
      '                 [--arithmetic simd|relaxed] [--no-isolation] [--params N]',
  )
  process.exit(1)
}

let served
let browser
try {
  served = await serveBench(values.isolation)
  browser = await served.launch()
  const page = browser.pages()[0] ?? (await browser.newPage())
  page.on('pageerror', (error) => console.error(error))
  await page.goto(served.url)
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
  await served?.close()
}
