// The list of runs: a run goes to another profile in a zip and ends there as it would have here; a new run begins from a
// checkpoint; a second tab watches a live run and takes over when the first is gone.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { TrainerState } from '../../src/formats/trainerState'
import { readZip } from '../../src/formats/zip'
import { launch } from '../support/browser'
import { FinetalePage, LONG_ENOUGH, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

/** Every stored run with its losses. Runs in the page. */
async function storedSteps() {
  const done = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error ?? new Error('not read'))
    })
  const db = await done(indexedDB.open('finetale'))
  const all = <T>(name: string) => done(db.transaction(name).objectStore(name).getAll()) as Promise<T[]>
  const runs = await all<{
    id: string
    name: string
    state: string
    step: number
    totalSteps: number
    currentCheckpoint: string
  }>('runs')
  const blocks = await all<{ runId: string; kind: string; rows: { loss: number }[] }>('metrics')
  const checkpoints = await all<{ id: string; runId: string; cursor: { step: number } }>('checkpoints')
  db.close()
  return runs.map(({ id, name, state, step, totalSteps, currentCheckpoint }) => ({
    ...{ name, state, step, totalSteps },
    losses: blocks
      .filter(({ runId, kind }) => runId === id && kind === 'step')
      .flatMap(({ rows }) => rows.map(({ loss }) => loss)),
    checkpoint: checkpoints.find((one) => one.id === currentCheckpoint && one.runId === id)?.cursor.step ?? -1,
  }))
}

const action = (finetale: FinetalePage, name: string) =>
  finetale.page.locator(`finetale-run-list [data-action=${name}]`)

test('a paused run, exported and imported in another profile, ends with the same losses', async () => {
  const recipe = { ...shortRecipe, max_steps: LONG_ENOUGH }
  const whole = await FinetalePage.open(await launch(), url, recipe)
  await whole.click('Train')
  await whole.waitForPhase('finished')
  const expected = whole.trace()

  const here = await FinetalePage.open(await launch(), url, recipe)
  await here.click('Train')
  await here.waitForStep(5)
  await here.click('Pause')
  await here.waitForPhase('paused')
  const done = here.steps().length
  const downloading = here.page.waitForEvent('download')
  await action(here, 'runExport').click()
  const zip = await (await downloading).path()
  const files = await readZip(new Blob([readFileSync(zip)]), 'run.zip')
  const state = JSON.parse(await files.get('trainer_state.json')!.text()) as TrainerState
  expect(state).toMatchObject({ global_step: done, max_steps: LONG_ENOUGH, train_batch_size: 2, logging_steps: 1 })
  const logged = state.log_history.filter((row) => 'loss' in row)
  expect(logged.map(({ step }) => step)).toEqual(here.steps().map(({ step }) => step))
  expect(logged.map(({ loss }) => loss)).toEqual(here.steps().map(({ loss }) => Number(loss.toFixed(4))))

  const there = await FinetalePage.open(await launch(), url)
  await there.page.locator('finetale-run-list #import').setInputFiles(zip)
  await action(there, 'resume').click()
  await there.waitForPhase('finished')
  expect(there.trace()).toEqual(expected.slice(done))
  expect(there.evalLosses().at(-1)).toBe(whole.evalLosses().at(-1))
  there.expectNoErrors()
})

test('runs are renamed, begun from, and deleted', async () => {
  const finetale = await FinetalePage.open(await launch(), url, { ...shortRecipe, max_steps: 3 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  await action(finetale, 'runRename').click()
  const name = finetale.page.locator('finetale-run-list #name')
  await name.fill('First <b>try</b>')
  await name.press('Enter')
  const list = finetale.page.locator('finetale-run-list li')
  await expect.poll(() => list.first().locator('h3').textContent()).toBe('First <b>try</b>')

  const last = finetale.steps().at(-1)
  await action(finetale, 'runFork').click()
  await finetale.page.getByText('The next run begins from “First <b>try</b>”, step 3.').waitFor()
  await finetale.page
    .getByRole('button', { name: /^Train/ })
    .first()
    .click()
  await expect.poll(() => list.count(), { timeout: 60_000 }).toBe(2)
  await finetale.waitForPhase('finished')
  await expect
    .poll(() => list.first().textContent(), { timeout: 30_000 })
    .toContain('Began from “First <b>try</b>”, step 3')
  // It goes on from trained weights, so its first loss is below the first run's first one.
  const losses = finetale.steps().map(({ loss }) => loss)
  expect(losses).toHaveLength(6)
  expect(losses[3]).toBeLessThan(losses[0]!)
  expect(last.step).toBe(3)

  const second = list.nth(1).locator('[data-action=delete]')
  await second.click()
  await second.click()
  await expect.poll(() => list.count()).toBe(1)
  finetale.expectNoErrors()
})

test('two tabs train two runs at the same time, and neither gets what is the other’s', async () => {
  const context = await launch()
  const recipes = [7, 9].map((max_steps) => ({
    ...shortRecipe,
    name: `Run of ${max_steps}`,
    max_steps,
    seed: max_steps,
  }))
  const alone: string[][] = []
  for (const recipe of recipes) {
    const finetale = await FinetalePage.open(await launch(), url, recipe)
    await finetale.click('Train')
    await finetale.waitForPhase('finished')
    alone.push(finetale.trace())
    await finetale.page.context().close()
  }
  const first = await FinetalePage.open(context, url, recipes[0])
  const second = await FinetalePage.open(context, url, recipes[1], await context.newPage())
  for (const tab of [first, second])
    await expect.poll(() => tab.button('Train').first().isEnabled(), { timeout: 60_000 }).toBe(true)
  await Promise.all([first.click('Train'), second.click('Train')])
  await Promise.all([first.waitForPhase('finished'), second.waitForPhase('finished')])
  const tabs = [first, second]
  const ids = tabs.map((tab) => [...new Set(tab.events.flatMap(({ kind, runId }) => (kind === 'step' ? [runId] : [])))])
  expect(ids.map(({ length }) => length)).toEqual([1, 1])
  expect(ids[0]).not.toEqual(ids[1])
  expect(tabs.map((tab) => tab.trace())).toEqual(alone)

  // What is stored is each run's own: read by a page that has trained neither.
  const kept = await second.page.evaluate(storedSteps)
  expect(kept.sort((a, b) => a.totalSteps - b.totalSteps)).toEqual(
    recipes.map(({ name, max_steps }, i) => ({
      ...{ name, state: 'finished', step: max_steps, totalSteps: max_steps },
      losses: tabs[i]!.steps().map(({ loss }) => loss),
      checkpoint: max_steps,
    })),
  )
  tabs.forEach((tab) => tab.expectNoErrors())
})

test('a second tab watches a live run, and goes on with it when the first has died', async () => {
  const context = await launch()
  const owner = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 400, save_steps: 5 })
  await owner.click('Train')
  await owner.waitForStep(6)
  await expect.poll(() => owner.checkpoints().length, { timeout: 60_000 }).toBeGreaterThan(0)

  const page = await context.newPage()
  await page.goto(url)
  await page.locator('[data-action=watch]').click({ timeout: 60_000 })
  const app = page.locator('finetale-app')
  await expect.poll(() => app.getAttribute('data-phase'), { timeout: 60_000 }).toBe('training')
  // The watcher can neither pause nor stop the run of the other tab.
  expect(await page.getByRole('button', { name: 'Pause', exact: true }).isVisible()).toBe(false)

  const session = await context.newCDPSession(owner.page)
  session.send('Page.crash').catch(() => undefined)
  await page.locator('#resume').first().click({ timeout: 60_000 })
  await expect.poll(() => app.getAttribute('data-phase'), { timeout: 60_000 }).toBe('training')
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  await expect.poll(() => app.getAttribute('data-phase'), { timeout: 60_000 }).toBe('paused')
})
