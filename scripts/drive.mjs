// Drives the built page in headless Chromium as a user would: sets the model folder and the data file through the page's own
// inputs, clicks Train and hands over the run's events. Not a second implementation: nothing here computes.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { chromium } from 'playwright'
import { ensureBrowser, launchArguments } from './ensure-browser.mjs'
import { startServer } from './serve.mjs'

/** @typedef {import('../src/workers/protocol').RunEvent} RunEvent */
/** @typedef {import('../src/workers/protocol').StepMetrics} StepMetrics */
/** @typedef {import('../src/workers/protocol').EvalMetrics} EvalMetrics */

/**
 * @typedef {object} DriveOptions
 * @property {object} recipe A recipe, or the part of one that differs from the demo's.
 * @property {string} [model] A local model folder; the built-in model when left out.
 * @property {string} [data] A local data file; the built-in data set when left out.
 * @property {Record<string, string>} [query] More of the page's address: preset, hub, model, data, revision. Where it names
 *   a hub, the page fetches what it needs from there before it trains.
 * @property {(line: FetchLine) => void} [onFetch] Called while files are fetched: for each file, twice a second, at the end.
 * @property {(event: RunEvent) => void} [onEvent] Called for each event, in order.
 * @property {(page: import('playwright').Page) => Promise<() => Promise<void>>} [watch] Called with the page before Train is
 *   clicked; what it gives is called when the run has ended, before the page is closed.
 * @property {AbortSignal} [signal] Ends the run early.
 */

/** @typedef {import('./fetch-printer.mjs').FetchLine} FetchLine */

/**
 * @typedef {object} Outcome
 * @property {string} runId
 * @property {StepMetrics[]} steps
 * @property {EvalMetrics[]} evaluations
 */

/**
 * Runs a recipe in the page to its end.
 * @param {DriveOptions} options
 * @returns {Promise<Outcome>}
 * @throws {Error} with a plain sentence when the page refuses, the run fails, a number is not finite or the tab dies.
 */
export async function drive(options) {
  const executablePath = ensureBrowser()
  const profile = mkdtempSync(join(tmpdir(), 'finetale-headless-'))
  const server = await startServer()
  /** @type {import('playwright').BrowserContext | undefined} */
  let context
  try {
    // A profile on disk: a private context would keep every checkpoint in memory.
    context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: launchArguments(),
      headless: true,
    })
    const page = context.pages()[0] ?? (await context.newPage())
    return await runInPage(page, server.url, options)
  } finally {
    await context?.close()
    await server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 })
  }
}

/**
 * @param {import('playwright').Page} page
 * @param {string} url
 * @param {DriveOptions} options
 * @returns {Promise<Outcome>}
 */
async function runInPage(page, url, { recipe, model, data, query = {}, onFetch, onEvent, watch, signal }) {
  /** @type {Outcome} */
  const outcome = { runId: '', steps: [], evaluations: [] }
  /** @type {(outcome: Outcome) => void} */
  let finish = () => undefined
  /** @type {(error: Error) => void} */
  let reject = () => undefined
  const ended = /** @type {Promise<Outcome>} */ (
    new Promise((yes, no) => {
      finish = yes
      reject = no
    })
  )
  // The set-up below can fail first; its own error is then the one to report.
  ended.catch(() => undefined)
  page.on('crash', () =>
    reject(new Error('The page crashed, most likely for lack of memory. Try a smaller batch or max_length.')),
  )
  page.on('pageerror', (error) => reject(new Error(`The page met an error it did not expect: ${error.message}`)))
  signal?.addEventListener('abort', () => reject(new Error('Interrupted.')))

  await hearEvents(page, (event) => {
    onEvent?.(event)
    const problem = take(outcome, event)
    if (problem) reject(new Error(problem))
    else if (event.kind === 'phase' && event.phase === 'finished') finish(outcome)
  })

  const usesHub = Object.keys(query).length > 0
  await page.goto(`${url}?${new URLSearchParams({ ...query, recipe: JSON.stringify(recipe) }).toString()}`)
  if (usesHub && onFetch) await watchFetches(page, onFetch)
  await untilReady(page, usesHub)
  if (model) await choose(page, '#model-folder', model, usesHub)
  if (data) await choose(page, '#data-file', data, usesHub)
  const seen = await watch?.(page)
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  const found = await Promise.race([ended, refusal(page, ended)])
  await seen?.()
  return found
}

/**
 * Has every run event of the pages opened later handed over, in order.
 * @param {import('playwright').Page} page
 * @param {(event: RunEvent) => void} onEvent
 */
export async function hearEvents(page, onEvent) {
  await page.exposeFunction('finetaleHeadlessEvent', onEvent)
  await page.addInitScript(() => {
    // The capture phase hears an event whether or not it bubbles.
    document.addEventListener(
      'finetale-run-event',
      (event) => {
        const { finetaleHeadlessEvent: tell } = /** @type {{ finetaleHeadlessEvent?: (e: unknown) => void }} */ (
          /** @type {unknown} */ (window)
        )
        if (event instanceof CustomEvent) tell?.(event.detail)
      },
      true,
    )
  })
}

/**
 * Tells how far the page's downloads are: they come before the run and are no events of it.
 * @param {import('playwright').Page} page
 * @param {(line: FetchLine) => void} onFetch
 */
async function watchFetches(page, onFetch) {
  await page.exposeFunction('finetaleHeadlessFetch', onFetch)
  await page.locator('finetale-app').evaluate((element) => {
    const { finetaleHeadlessFetch: tell } = /** @type {{ finetaleHeadlessFetch?: (line: unknown) => void }} */ (
      /** @type {unknown} */ (window)
    )
    const { store } = /** @type {import('../src/ui/finetale-app').FinetaleApp} */ (element)
    /** @type {Record<string, { at: number, progress: import('../src/workers/protocol').FetchProgress }>} */
    const under = {}
    store.subscribe(() => {
      for (const item of [store.state.hub.data, store.state.hub.model]) {
        if (!item) continue
        const { repo } = item.ref
        const { at, progress: before } = under[repo] ?? { at: -Infinity }
        const { progress } = item
        if (!progress) {
          if (before && item.fetched) tell?.({ repo, ...before, done: true })
          delete under[repo]
        } else if (progress.file !== '' && progress !== before) {
          const due = progress.file !== before?.file || performance.now() - at >= 500
          under[repo] = { at: due ? performance.now() : at, progress }
          if (due) tell?.({ repo, ...progress, done: false })
        }
      }
    })
  })
}

/**
 * Waits until model and data are loaded and Train can be clicked; or only the latter, where Train fetches them first.
 * @param {import('playwright').Page} page
 * @param {boolean} [fetches]
 * @throws {Error} with the page's own words when it shows an error instead.
 */
export async function untilReady(page, fetches = false) {
  const ready = page.locator('finetale-app[data-ready="true"]')
  // Under the name of Train again where an earlier run is shown.
  const train = page.locator('#train')
  const alert = page.getByRole('alert').first()
  for (;;) {
    if (await alert.isVisible()) throw new Error(await sentence(alert))
    if ((fetches || (await ready.count()) > 0) && (await train.count()) > 0 && (await train.isEnabled())) return
    await page.waitForTimeout(50)
  }
}

/**
 * The words of an alert: what happened and what to do, without its title and buttons.
 * @param {import('playwright').Locator} alert
 */
export async function sentence(alert) {
  const paragraphs = await alert.locator('p').allInnerTexts()
  return (paragraphs.length > 0 ? paragraphs.join(' ') : await alert.innerText()).trim()
}

/**
 * @param {import('playwright').Page} page
 * @param {'#model-folder' | '#data-file'} input
 * @param {string} path File or folder.
 * @param {boolean} [usesHub]
 */
export async function choose(page, input, path, usesHub = false) {
  await page.locator(input).setInputFiles(path)
  // The page names what it has taken; until then, "ready" still speaks of the input before. A refusal shows an alert.
  const picker = page.locator('finetale-source-picker', { has: page.locator(input) })
  const named = picker.getByText(basename(resolve(path)), { exact: true })
  await named.or(page.getByRole('alert')).first().waitFor()
  await untilReady(page, usesHub)
}

/**
 * Fails when the page shows an error of its own that no run event carries, for example a refused model folder.
 * @param {import('playwright').Page} page
 * @param {Promise<Outcome>} ended
 * @returns {Promise<never>}
 */
async function refusal(page, ended) {
  const alert = page.getByRole('alert').first()
  await alert.waitFor({ state: 'visible', timeout: 0 })
  // A failed run shows an alert too; its event arrives at once and says the same.
  await Promise.race([ended, page.waitForTimeout(500)])
  throw new Error(await sentence(alert))
}

/**
 * Adds an event to the outcome.
 * @param {Outcome} outcome
 * @param {RunEvent} event
 * @returns {string} What is wrong with the run, as a sentence; '' when nothing is.
 */
function take(outcome, event) {
  outcome.runId ||= event.runId
  if (event.kind === 'failed') return `${event.error.message} ${event.error.action}`.trim()
  if (event.kind === 'phase' && event.phase === 'failed') return event.detail || 'The run failed.'
  if (event.kind === 'step') {
    outcome.steps.push(event.metrics)
    if (!Number.isFinite(event.metrics.loss)) return `The loss of step ${event.metrics.step} is not a finite number.`
  }
  if (event.kind === 'eval') {
    outcome.evaluations.push(event.metrics)
    if (!Number.isFinite(event.metrics.loss))
      return `The evaluation loss at step ${event.metrics.step} is not a finite number.`
  }
  return ''
}
