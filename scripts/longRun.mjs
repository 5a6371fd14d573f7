// One visit to the page for a run of hours: finds the run where it was left or begins it, follows it, and when it ends or
// is told to leave has it saved and carried out. It clicks what a user would click; the command line is pretrain.mjs.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { chromium } from 'playwright'
import { choose, hearEvents } from './drive.mjs'
import { ensureBrowser, launchArguments } from './ensure-browser.mjs'
import { findRun } from './findRun.mjs'
import { carryOut, exportModel } from './takeAway.mjs'

/** @typedef {import('../src/workers/protocol').RunEvent} RunEvent */
/** @typedef {import('../src/state/storeState').LibraryRun} LibraryRun */
/** @typedef {import('playwright').Page} Page */

/**
 * @typedef {object} LongRun
 * @property {string} url The page's address; storage belongs to it.
 * @property {string} profile Folder of the browser profile.
 * @property {import('../src/recipe/recipe').Recipe} recipe Of a new run; an old one goes on with its own.
 * @property {string} data
 * @property {string} [model] A model folder; else weights are drawn for `config`.
 * @property {string} config
 * @property {string} tokenizer
 * @property {string} [bundle]
 * @property {number} bundleMinutes
 * @property {string} [exportTo]
 * @property {string} dtype
 * @property {AbortSignal} signal Saves and leaves.
 * @property {(line: object) => void} tell
 */

/** The tab died; the run can go on from what it had saved. */
export class PageGone extends Error {
  /** @param {string} message @param {number} savedStep */
  constructor(message, savedStep) {
    super(message)
    this.savedStep = savedStep
  }
}

/**
 * @param {LongRun} options
 * @throws {PageGone} when the tab died.
 * @throws {Error} with a plain sentence when the page refuses, or the run stops for numbers that are not finite.
 */
export async function longRun(options) {
  const { profile, url, recipe, tell } = options
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: ensureBrowser(),
    args: launchArguments(),
    headless: true,
    // Signals are ours to answer: the run is saved before the browser goes.
    handleSIGINT: false,
    handleSIGTERM: false,
  })
  // Kept to the end: the page copies the files only beside the training.
  const shape = mkdtempSync(join(tmpdir(), 'finetale-shape-'))
  const run = new Followed(tell)
  try {
    const page = context.pages()[0] ?? (await context.newPage())
    page.on('crash', () => run.fail(new PageGone('The page crashed.', run.savedStep)))
    context.on('close', () => run.fail(new PageGone('The browser closed.', run.savedStep)))
    page.on('pageerror', (error) => run.fail(new Error(`The page met an error it did not expect: ${error.message}`)))
    page.on('dialog', (dialog) => void dialog.accept())
    await hearEvents(page, (event) => run.hear(event))
    await page.goto(`${url}?${new URLSearchParams({ recipe: JSON.stringify(recipe) }).toString()}`)
    await page.locator('finetale-app[data-ready="true"]').waitFor()
    const old = await findRun(page, options)
    if (old?.state === 'finished')
      tell({ kind: 'found', message: `The run "${old.name}" is finished.`, step: old.step })
    else {
      await (old ? resume(page, old, options) : begin(page, shape, options))
      await follow(page, run, options)
    }
    const runId = run.runId || old?.id || ''
    if (runId !== '' && (run.savedStep >= 0 || old?.hasCheckpoint)) await takeAway(page, runId, options)
    if (run.failure) throw run.failure
    if (run.step > run.savedStep) {
      throw new Error(
        `The run was at step ${run.step}, and no later checkpoint than that of step ${run.savedStep} was saved.`,
      )
    }
  } catch (error) {
    // A tab that dies fails whatever waits for it, before or after its own event comes.
    await run.untilOver(1000)
    throw run.failure ?? error
  } finally {
    await context.close()
    rmSync(shape, { recursive: true, force: true })
  }
}

/** What is known of the run from its events. */
class Followed {
  runId = ''
  /** The last one told, and the last one saved; -1 before any. */
  step = -1
  savedStep = -1
  /** @type {Error | null} */
  failure = null
  /** @type {(line: object) => void} */
  #tell
  #ended = false
  #totalSteps = 0
  #wake = () => {}

  /** @param {(line: object) => void} tell */
  constructor(tell) {
    this.#tell = tell
  }

  /** @param {Error} error */
  fail(error) {
    this.failure ??= error
    this.#wake()
  }

  get over() {
    return this.#ended || this.failure !== null
  }

  /** Resolves when the run has left the loop or failed, or after `ms`. @param {number} ms */
  async untilOver(ms) {
    if (this.over) return
    /** @type {NodeJS.Timeout | undefined} */
    let timer
    await new Promise((done) => {
      this.#wake = () => done(undefined)
      timer = setTimeout(done, ms)
    })
    clearTimeout(timer)
  }

  /** @param {RunEvent} event */
  hear(event) {
    this.runId = event.runId
    if (event.kind === 'step') {
      const { metrics } = event
      this.step = metrics.step
      const tokens_per_second = Math.round(metrics.tokens / metrics.seconds)
      this.#tell({ kind: 'step', total: this.#totalSteps, ...metrics, tokens_per_second })
      if (!Number.isFinite(metrics.loss))
        this.fail(new Error(`The loss of step ${metrics.step} is not a finite number.`))
    } else if (event.kind === 'eval') {
      this.#tell({ kind: 'eval', ...event.metrics })
    } else if (event.kind === 'checkpoint') {
      this.savedStep = event.step
      this.#tell(event)
    } else if (event.kind === 'failed') {
      this.fail(new Error(`${event.error.message} ${event.error.action}`.trim()))
    } else if (event.kind === 'phase') {
      const { phase } = event
      if (phase === 'finished' || phase === 'idle' || phase === 'paused') {
        this.#ended = true
        this.#wake()
      }
      if (phase !== 'saving' && phase !== 'training') this.#tell(event)
    } else {
      if (event.kind === 'started') {
        this.#totalSteps = event.totalSteps
        this.savedStep = event.fromStep > 0 ? event.fromStep : -1
      }
      if (event.kind === 'warning' && event.code === 'not-finite') this.fail(new Error(event.message))
      this.#tell(event)
    }
  }
}

/**
 * @param {Page} page
 * @param {LibraryRun} old
 * @param {LongRun} options
 */
async function resume(page, old, { tell }) {
  tell({ kind: 'resume', name: old.name, step: old.step, totalSteps: old.totalSteps })
  await page.locator(`finetale-run-list li[data-run-id="${old.id}"] [data-action=resume]`).click()
}

/**
 * @param {Page} page
 * @param {string} shape A folder to put the model's files in.
 * @param {LongRun} options
 */
async function begin(page, shape, { data, model, config, tokenizer }) {
  await choose(page, '#model-folder', model ?? shapeFolder(shape, config, tokenizer))
  await choose(page, '#data-file', data)
  await page.locator('#train').click()
}

/**
 * A model folder without weights. The page calls the model by its folder.
 * @param {string} shape A folder to put it in.
 * @param {string} config
 * @param {string} tokenizer
 */
function shapeFolder(shape, config, tokenizer) {
  const folder = join(shape, basename(config, '.json'))
  mkdirSync(folder)
  copyFileSync(config, join(folder, 'config.json'))
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']) {
    if (existsSync(join(tokenizer, name))) copyFileSync(join(tokenizer, name), join(folder, name))
  }
  return folder
}

/**
 * Until the run ends, fails or is told to leave; then it is saved.
 * @param {Page} page
 * @param {Followed} run
 * @param {LongRun} options
 */
async function follow(page, run, { signal, bundle, bundleMinutes, tell }) {
  let carried = Date.now()
  while (!run.over && !signal.aborted) {
    await run.untilOver(500)
    if (bundle === undefined || run.savedStep < 0 || Date.now() - carried < bundleMinutes * 60_000) continue
    carried = Date.now()
    try {
      await carryOut(page, run.runId, bundle, tell)
    } catch (error) {
      await run.untilOver(1000)
      if (run.failure) throw run.failure
      tell({
        kind: 'warning',
        message: `The bundle was not written: ${error instanceof Error ? error.message : String(error)}`,
      })
    }
  }
  if (run.failure instanceof PageGone) throw run.failure
  if (run.over) return
  tell({ kind: 'leaving' })
  const stop = page.locator('#stop')
  // Before the first step there is nothing to save: what was saved before is still there.
  if (!(await stop.isVisible()) || (await stop.isDisabled())) return
  await stop.click()
  await page.locator('#stop-save').click()
  // A step under way ends first.
  while (!run.over) await run.untilOver(500)
  if (run.failure instanceof PageGone) throw run.failure
}

/**
 * @param {Page} page
 * @param {string} runId
 * @param {LongRun} options
 */
async function takeAway(page, runId, { bundle, exportTo, dtype, tell }) {
  if (bundle !== undefined) await carryOut(page, runId, bundle, tell)
  if (exportTo === undefined) return
  await exportModel(page, runId, exportTo, dtype)
  tell({ kind: 'exported', folder: basename(exportTo), dtype })
}
