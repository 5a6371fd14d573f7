// Finds the run that a long run's command is to go on with: in the page's storage, or in a bundle that is taken in. It makes
// sure that it is the run asked for; what is done with it is longRun.mjs's.

import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { sentence } from './drive.mjs'

/** @typedef {import('../src/state/storeState').LibraryRun} LibraryRun */
/** @typedef {import('./longRun.mjs').LongRun} LongRun */
/** @typedef {import('playwright').Page} Page */

/**
 * The run to go on with, shown on the page; undefined where a new one is to begin.
 * @param {Page} page
 * @param {LongRun} options
 * @throws {Error} when it is another run than the one asked for.
 */
export async function findRun(page, options) {
  const run = await storedRun(page, options)
  if (run === undefined) return undefined
  const item = page.locator(`finetale-run-list li[data-run-id="${run.id}"]`)
  if ((await item.getAttribute('aria-current')) !== 'true') await item.locator('[data-action=runOpen]').click()
  await page.locator(`finetale-run-list li[data-run-id="${run.id}"][aria-current=true]`).waitFor()
  const theirs = await page.locator('finetale-app').evaluate((element) => {
    return /** @type {import('../src/ui/finetale-app').FinetaleApp} */ (element).store.state.recipe
  })
  const differences = Object.entries({ ...(theirs ?? {}), model: run.modelLabel, data: run.dataLabel })
    .map(([field, value]) => ({ field, value, wanted: wantedOf(field, options) }))
    .filter(({ field, value, wanted }) => field !== 'threads' && value !== wanted)
    .map(({ field, value, wanted }) => `${field} (${String(value)} there, ${String(wanted)} asked for)`)
  if (differences.length === 0) return run
  throw new Error(
    `There is a run "${run.name}" already, and it differs in ${differences.join(', ')}. It goes on only as it began: give the same files and recipe, or another "name" in the recipe, or another --profile for a new run.`,
  )
}

/**
 * @param {string} field Of the recipe, or model or data.
 * @param {LongRun} options
 */
function wantedOf(field, { recipe, model, config, data }) {
  if (field === 'model') return model === undefined ? basename(config, '.json') : basename(model)
  if (field === 'data') return basename(data)
  return recipe[/** @type {keyof typeof recipe} */ (field)]
}

/**
 * The profile's run of the recipe's name, the one touched last; else that of the bundle, taken in first.
 * @param {Page} page
 * @param {LongRun} options
 * @returns {Promise<LibraryRun | undefined>}
 */
async function storedRun(page, { recipe, bundle, tell }) {
  const named = async () => (await listRuns(page)).find(({ name }) => name === recipe.name)
  const here = await named()
  if (here && (here.hasCheckpoint || here.state === 'finished')) return here
  if (bundle === undefined || !existsSync(bundle)) return undefined
  tell({ kind: 'import', bundle })
  const before = new Set((await listRuns(page)).map(({ id }) => id))
  await page.locator('finetale-run-list #import').setInputFiles(bundle)
  for (;;) {
    const run = (await listRuns(page)).find(({ id }) => !before.has(id))
    if (run) {
      if (run.name !== recipe.name) tell({ kind: 'import', message: `The bundle holds the run "${run.name}".` })
      return run
    }
    const alert = page.getByRole('alert').first()
    if (await alert.isVisible()) throw new Error(await sentence(alert))
    await page.waitForTimeout(200)
  }
}

/**
 * The runs that the page's storage keeps, the one touched last first.
 * @param {Page} page
 * @returns {Promise<readonly LibraryRun[]>}
 */
function listRuns(page) {
  return page.locator('finetale-app').evaluate(async (element) => {
    const { library, store } = /** @type {import('../src/ui/finetale-app').FinetaleApp} */ (element)
    await library?.refresh()
    return store.state.library
  })
}
