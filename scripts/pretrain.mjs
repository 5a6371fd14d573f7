// Pretrains in the built page, headless: `npm run pretrain`. A run of hours that may be cut off at any time: it goes on
// from the browser profile it was left in, or from a run bundle. Prints one JSON line an event. What the page is told to
// do is longRun.mjs; this file reads the command line and decides when to begin again.

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, distIsStale, root } from './build.mjs'
import { longRun, PageGone } from './longRun.mjs'
import { readRecipe } from './recipe.mjs'
import { startServer } from './serve.mjs'

const usage = `Usage: npm run pretrain -- --data FILE [options]

Trains a GPT-Neo for hours in the built page: from scratch on plain text, or from a model folder on what the recipe says. Run the same command again to go on.

  --data FILE          texts: .jsonl(.gz) with a "text" in each line, .txt, .csv or .parquet
  --model DIR          a model folder to go on from, in place of --config and --tokenizer
  --config FILE        the model's config.json (default tools/builtin-model/shapes/wide.json)
  --tokenizer DIR      folder with its tokenizer files (default public/models/finetale-4m)
  --recipe FILE        fields that differ from the demo's (default tools/builtin-model/pretrain.json); its "name" names the run
  --steps N            optimizer steps in place of the recipe's
  --profile DIR        browser profile that keeps the run (default ~/.cache/finetale-pretrain)
  --port N             port of the page; storage belongs to it, so keep it (default 4179)
  --bundle FILE        run bundle: read when the profile has no such run, written when the command ends
  --bundle-minutes N   ... and every N minutes (default 30)
  --export DIR         model folder, written when the command ends, with trainer_state.json and metrics.jsonl
  --dtype TYPE         weights of the exported folder: float16 (default) or float32
  --minutes N          leaves after N minutes of this command, as on SIGTERM
  --help

SIGINT and SIGTERM save the run, write bundle and model folder, and leave with status 0; so does the run's end.`

function readArguments() {
  const text = /** @type {const} */ ({ type: 'string' })
  const options = {
    ...{ data: text, model: text, config: text, tokenizer: text, recipe: text, steps: text, profile: text, port: text },
    ...{ bundle: text, 'bundle-minutes': text, export: text, dtype: text, minutes: text },
    help: /** @type {const} */ ({ type: 'boolean' }),
  }
  const { values } = parseArgs({ options })
  if (values.help) return null
  if (!values.data) throw new Error(`--data is missing.\n\n${usage}`)
  const tools = join(root, 'tools', 'builtin-model')
  const found = {
    data: resolve(values.data),
    model: values.model === undefined ? undefined : resolve(values.model),
    config: resolve(values.config ?? join(tools, 'shapes', 'wide.json')),
    tokenizer: resolve(values.tokenizer ?? join(root, 'public', 'models', 'finetale-4m')),
    recipe: values.recipe ?? join(tools, 'pretrain.json'),
    steps: values.steps === undefined ? undefined : count('steps', values.steps),
    profile: resolve(values.profile ?? join(homedir(), '.cache', 'finetale-pretrain')),
    port: count('port', values.port ?? '4179'),
    bundle: values.bundle === undefined ? undefined : resolve(values.bundle),
    bundleMinutes: count('bundle-minutes', values['bundle-minutes'] ?? '30'),
    exportTo: values.export === undefined ? undefined : resolve(values.export),
    dtype: values.dtype ?? 'float16',
    minutes: values.minutes === undefined ? undefined : count('minutes', values.minutes),
  }
  for (const name of /** @type {const} */ (['data', 'config'])) {
    if (!statSync(found[name], { throwIfNoEntry: false })?.isFile())
      throw new Error(`--${name} ${found[name]} is no file.`)
  }
  if (found.model !== undefined && !existsSync(join(found.model, 'config.json'))) {
    throw new Error(`--model ${found.model} is not a folder with a config.json.`)
  }
  if (!existsSync(join(found.tokenizer, 'tokenizer.json'))) {
    throw new Error(`--tokenizer ${found.tokenizer} is not a folder with a tokenizer.json.`)
  }
  if (!['float16', 'float32'].includes(found.dtype)) {
    throw new Error(`--dtype ${found.dtype} is not known: expected float16 or float32.`)
  }
  return found
}

/**
 * @param {string} name
 * @param {string} value
 */
function count(name, value) {
  const number = Number(value)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`--${name} ${value} is not a whole number above 0.`)
}

async function main() {
  const found = readArguments()
  if (found === null) return console.log(usage)
  const recipe = await readRecipe(found.recipe, found.steps)
  if (distIsStale()) build()
  const leave = new AbortController()
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => leave.abort())
  if (found.minutes) setTimeout(() => leave.abort(), found.minutes * 60_000).unref()
  mkdirSync(found.profile, { recursive: true })

  const server = await startServer({ port: found.port })
  try {
    const { url } = server
    if (new URL(url).port !== String(found.port)) {
      throw new Error(
        `Port ${found.port} is taken, and a run is found again only on its own port. Free it, or give --port.`,
      )
    }
    // A tab that dies has saved its run; it is opened again as long as that brings it further.
    for (let last = -1; ;) {
      try {
        await longRun({ ...found, url, recipe, signal: leave.signal, tell })
        return
      } catch (error) {
        if (!(error instanceof PageGone) || leave.signal.aborted || error.savedStep <= last) throw error
        last = error.savedStep
        tell({ kind: 'restart', message: error.message, savedStep: last })
      }
    }
  } finally {
    await server.close()
  }
}

/** @param {object} line */
function tell(line) {
  console.log(JSON.stringify(line))
}

main().catch((/** @type {unknown} */ error) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
