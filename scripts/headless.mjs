// Command line of the trainer: runs a recipe in the built page in headless Chromium and prints what happens, one line an event.

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, distIsStale } from './build.mjs'
import { drive } from './drive.mjs'
import { fetchPrinter } from './fetch-printer.mjs'
import { presetNames, readRecipe } from './recipe.mjs'

/** @typedef {import('../src/workers/protocol').RunEvent} RunEvent */

const usage = `Usage: npm run headless -- --recipe FILE|PRESET [--steps N] [--json] [--model DIR] [--data FILE]
                        [--hub URL] [--model-id ID] [--data-id ID] [--revision NAME]

  --recipe    a preset (demo, course, tiny) or a JSON file with the fields that differ from the demo's
  --steps     optimizer steps, in place of the recipe's max_steps; a longer warm-up is cut to them
  --json      print each event as one line of JSON, and a summary line at the end
  --model     a local model folder in Hugging Face layout
  --data      a local data file
  --hub       the address of a hub or mirror; course and tiny then fetch their own model and data set from there
  --model-id  a model on the hub, owner/name; on Hugging Face's when --hub is left out
  --data-id   a data set on the hub, owner/name
  --revision  branch, tag or commit of the model, or of the data set where the model is not from a hub

The built-in model and data set are used where nothing else is named.
Ends with 0 when the run finishes and every loss is a finite number, else with 1.`

/** Reads the command line. Unknown flags are refused by parseArgs. */
function readArguments() {
  const { values } = parseArgs({
    options: {
      recipe: { type: 'string' },
      model: { type: 'string' },
      data: { type: 'string' },
      steps: { type: 'string' },
      hub: { type: 'string' },
      'model-id': { type: 'string' },
      'data-id': { type: 'string' },
      revision: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return values
  if (!values.recipe) throw new Error('--recipe is missing.')
  if (values.steps !== undefined && !/^[1-9]\d*$/.test(values.steps)) {
    throw new Error(`--steps takes a whole number of 1 or more, not ${values.steps}.`)
  }
  if (values.model !== undefined && !statSync(values.model, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`--model ${values.model} is not a folder.`)
  }
  if (values.model !== undefined && !existsSync(join(values.model, 'config.json'))) {
    throw new Error(
      `--model ${values.model} has no config.json; a model folder holds one, with its weights and tokenizer.`,
    )
  }
  checkHub(values)
  if (values.data !== undefined && !statSync(values.data, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(`--data ${values.data} is not a file.`)
  }
  return values
}

/**
 * @param {Record<string, unknown>} values
 * @throws {Error} when flags contradict each other.
 */
function checkHub(values) {
  const { recipe, hub, revision } = values
  for (const side of ['model', 'data']) {
    if (values[side] && values[`${side}-id`]) throw new Error(`--${side} and --${side}-id name two ${side}s.`)
  }
  const named = values['model-id'] !== undefined || values['data-id'] !== undefined
  const preset = presetNames[String(recipe)] ?? 'demo'
  if (hub !== undefined && !named && preset === 'demo') throw new Error('--hub needs --model-id or --data-id here.')
  if (revision !== undefined && hub === undefined && !named) throw new Error('--revision needs a repository on a hub.')
}

/**
 * What the page's address says of the hub.
 * @param {ReturnType<typeof readArguments>} values
 * @returns {Record<string, string>} Empty when no hub is asked.
 */
function hubQuery(values) {
  const { hub, revision } = values
  const named = { model: values['model-id'], data: values['data-id'] }
  if (hub === undefined && named.model === undefined && named.data === undefined) return {}
  const preset = hub === undefined ? undefined : presetNames[values.recipe ?? '']
  const query = { preset, hub, ...named, revision }
  return Object.fromEntries(Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

/**
 * JSON has no NaN and no infinity; they are written as strings, so that a reader sees them.
 * @param {unknown} value
 */
function toLine(value) {
  return JSON.stringify(value, (_key, /** @type {unknown} */ item) =>
    typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
  )
}

/**
 * @param {RunEvent} event
 * @returns {string} One readable line; '' for what is not worth one.
 */
function describe(event) {
  switch (event.kind) {
    case 'phase':
      // Tokenizing reports every few rows; as lines that would be noise.
      if (event.phase === 'tokenizing') return ''
      return [event.phase, event.detail].filter(Boolean).join(': ')
    case 'started': {
      const { threads, flavour, isolated } = event.environment
      const where = `${threads} ${threads === 1 ? 'thread' : 'threads'}, ${flavour}${isolated ? '' : ', not isolated'}`
      return `${event.parameters.toLocaleString('en')} parameters, ${event.totalSteps} steps, ${where}`
    }
    case 'step': {
      const { step, epoch, loss, learning_rate, grad_norm, seconds } = event.metrics
      return `step ${step}  epoch ${epoch.toFixed(2)}  loss ${loss.toFixed(4)}  lr ${learning_rate.toExponential(2)}  grad_norm ${grad_norm.toFixed(3)}  ${seconds.toFixed(2)} s`
    }
    case 'eval':
      return `step ${event.metrics.step}  eval_loss ${event.metrics.loss.toFixed(4)}`
    case 'checkpoint':
      return `step ${event.step}  saved ${(event.bytes / 1e6).toFixed(1)} MB in ${event.seconds.toFixed(2)} s`
    case 'warning':
      return `warning: ${event.message}`
    case 'generation':
      return `step ${event.row.step}  ${toLine(event.row.prompt)} -> ${toLine(event.row.generation)}`
    case 'failed':
      return ''
  }
}

/**
 * @param {number[]} values
 * @returns {number | null} The middle one, the upper of two; null when there is none.
 */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

async function main() {
  let values
  try {
    values = readArguments()
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
  if (values.help) return console.log(usage)
  const recipe = await readRecipe(values.recipe ?? '', values.steps ? Number(values.steps) : undefined)
  if (distIsStale()) build()

  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  const fetches = fetchPrinter(process.stdout, values.json ?? false)
  /** @param {RunEvent} event */
  const onEvent = (event) => {
    const line = values.json ? toLine(event) : describe(event)
    if (!line) return
    fetches.clear()
    console.log(line)
  }
  const { model, data } = values
  const started = performance.now()
  const { runId, steps, evaluations } = await drive({
    recipe,
    onEvent,
    onFetch: fetches.show,
    query: hubQuery(values),
    signal: interrupted.signal,
    ...(model ? { model } : {}),
    ...(data ? { data } : {}),
  })
  const summary = {
    kind: 'summary',
    runId,
    steps: steps.length,
    firstLoss: steps[0]?.loss ?? null,
    lastLoss: steps.at(-1)?.loss ?? null,
    evalLosses: evaluations.map((evaluation) => evaluation.loss),
    // The first step also compiles and warms up; the median is not moved by it.
    medianStepSeconds: median(steps.map((step) => step.seconds)),
    peakHeapBytes: steps.reduce((peak, step) => Math.max(peak, step.heapBytes), 0),
    seconds: (performance.now() - started) / 1000,
  }
  if (steps.length === 0) throw new Error('The run finished without a single step.')
  if (values.json) return console.log(toLine(summary))
  const losses = `loss ${summary.firstLoss?.toFixed(4)} to ${summary.lastLoss?.toFixed(4)}`
  const evals = summary.evalLosses.map((loss) => loss.toFixed(4)).join(', ') || 'none'
  console.log(
    `Finished ${summary.steps} steps in ${summary.seconds.toFixed(1)} s: ${losses}; evaluation ${evals}; ` +
      `median step ${summary.medianStepSeconds?.toFixed(3)} s`,
  )
}

main().catch((/** @type {unknown} */ error) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
