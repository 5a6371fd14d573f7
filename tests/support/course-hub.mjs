// Command line of the full-size stand-in of the course: makes its files, serves them on loopback and prints the address.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'

const usage = `Usage: npm run course-hub -- [--port N] [--folder DIR] [--gpt2 DIR] [--seed N] [--no-listing]

Serves random weights of TinyStories-33M's shape and 2,322 rows under the names of the course notebook.

  --port        port on 127.0.0.1; any free one when left out
  --folder      where the files are kept and found again, for example to load them in Python; a temporary one when left out
  --gpt2        folder with GPT-2's vocab.json and merges.txt, for its real tokenizer
  --seed        another seed gives other weights and rows
  --no-listing  answers as a mirror without the API that lists files`

/** @returns {Promise<void>} */
async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      folder: { type: 'string' },
      gpt2: { type: 'string' },
      seed: { type: 'string', default: '1' },
      'no-listing': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(usage)
  const [port, seed] = [Number(values.port), Number(values.seed)]
  if (![port, seed].every((value) => Number.isInteger(value) && value >= 0)) throw new Error(usage)
  const folder = values.folder ? resolve(values.folder) : mkdtempSync(join(tmpdir(), 'finetale-course-'))
  mkdirSync(folder, { recursive: true })
  if (!values.folder) process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

  const path = fileURLToPath(new URL('courseHub.ts', import.meta.url))
  const options = /** @type {const} */ ({ configFile: false, logLevel: 'error' })
  const { startFullCourseHub } = /** @type {typeof import('./courseHub')} */ (
    (await runnerImport(path, options)).module
  )
  const hub = await startFullCourseHub({
    folder,
    port,
    seed,
    listing: !values['no-listing'],
    ...(values.gpt2 ? { gpt2: values.gpt2 } : {}),
  })
  console.log(`The course's hub is at ${hub.url}`)
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => void hub.close().then(() => process.exit(0)))
  }
}

main().catch((/** @type {unknown} */ error) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
