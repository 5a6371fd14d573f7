// A run whose tab dies, resumed in the same profile, equals the run that was left alone: to the last bit of every loss.

import { expect, test } from 'vitest'
import { launch, newProfile } from '../support/browser'
import { FinetalePage, LONG_ENOUGH, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()
const recipe = { ...shortRecipe, max_steps: LONG_ENOUGH }

test('killed in mid-run and resumed, the losses are those of the uninterrupted run', async () => {
  const whole = await launch()
  const uninterrupted = await FinetalePage.open(whole, url, recipe)
  await uninterrupted.click('Train')
  await uninterrupted.waitForPhase('finished')
  await whole.close()
  const expected = uninterrupted.trace()
  expect(expected).toHaveLength(LONG_ENOUGH)

  const profile = newProfile()
  const first = await launch({ profile })
  const killed = await FinetalePage.open(first, url, recipe)
  await killed.click('Train')
  await killed.waitForStep(6)
  // A checkpoint is written beside the training: what counts is when it is said to be stored.
  await expect.poll(() => killed.checkpoints().at(-1) ?? -1, { timeout: 60_000 }).toBeGreaterThanOrEqual(4)
  const session = await first.newCDPSession(killed.page)
  const crashed = killed.page.waitForEvent('crash')
  // The answer never comes: the renderer is gone.
  session.send('Page.crash').catch(() => undefined)
  await crashed
  await first.close()
  expect(expected.slice(0, killed.steps().length)).toEqual(killed.trace())

  const second = await launch({ profile })
  const resumed = await FinetalePage.open(second, url)
  await resumed.click('Resume')
  await resumed.waitForPhase('finished')
  const started = resumed.events.find((event) => event.kind === 'started')
  const from = started?.kind === 'started' ? started.fromStep : -1
  expect(from).toBeGreaterThanOrEqual(4)
  expect(resumed.trace()).toEqual(expected.slice(from))
  expect(resumed.evalLosses().at(-1)).toBe(uninterrupted.evalLosses().at(-1))
  resumed.expectNoErrors()
})

test('a paused run survives a reload', async () => {
  const context = await launch()
  const finetale = await FinetalePage.open(context, url, recipe)
  await finetale.click('Train')
  await finetale.waitForStep(3)
  await finetale.click('Pause')
  await finetale.waitForPhase('paused')
  const paused = finetale.steps().length
  finetale.page.on('dialog', (dialog) => void dialog.accept())
  await finetale.page.reload()
  await finetale.click('Resume')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().map(({ step }) => step)).toEqual(Array.from({ length: LONG_ENOUGH }, (_, i) => i + 1))
  const started = finetale.events.filter((event) => event.kind === 'started').at(-1)
  expect(started?.kind === 'started' && started.fromStep).toBe(paused)
})

test('runs that the browser has cleared between two visits are named, not shown as an empty list', async () => {
  const context = await launch()
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 2, name: 'Gone' })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  await expect.poll(() => finetale.page.evaluate(() => localStorage.getItem('finetale-known-runs'))).toContain('Gone')
  await finetale.page.goto(`${url}icon.svg`)
  await finetale.page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.deleteDatabase('finetale')
        request.onsuccess = () => resolve()
        request.onerror = () => reject(request.error ?? new Error('not deleted'))
      }),
  )
  await finetale.page.goto(url)
  await finetale.page.getByText(/cleared by the browser .*Gone/).waitFor()
})

test('a tab with an older version open: the page asks to close it, and goes on by itself once it is', async () => {
  const context = await launch()
  const old = await context.newPage()
  await old.goto(`${url}icon.svg`)
  await old.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open('finetale', 1)
        request.onupgradeneeded = () => {
          const { result } = request
          result.createObjectStore('runs', { keyPath: 'id' }).createIndex('updatedAt', 'updatedAt')
          result.createObjectStore('metrics', { keyPath: ['runId', 'kind', 'first'] })
          result.createObjectStore('generations', { keyPath: 'id' }).createIndex('runId', 'runId')
          result.createObjectStore('checkpoints', { keyPath: 'id' }).createIndex('runId', 'runId')
          result.createObjectStore('parts')
          result.createObjectStore('files')
        }
        request.onsuccess = () => resolve()
        request.onerror = () => reject(request.error ?? new Error('not opened'))
      }),
  )
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 3 })
  const note = finetale.page.getByText(/Close the other tab/)
  // Whoever waits longer at an empty page thinks that the runs are gone.
  await note.waitFor({ timeout: 5_000 })
  await old.close()
  await note.waitFor({ state: 'detached' })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.checkpoints().at(-1)).toBe(3)
  finetale.expectNoErrors()
})

test('a newer version has been here: the page says so, and trains without its storage', async () => {
  const context = await launch()
  const newer = await context.newPage()
  await newer.goto(`${url}icon.svg`)
  await newer.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open('finetale', 99)
        request.onsuccess = () => resolve()
        request.onerror = () => reject(request.error ?? new Error('not opened'))
      }),
  )
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 3 })
  const note = finetale.page.getByText(/a newer version of Finetale .* Reload this tab/)
  await note.waitFor({ timeout: 5_000 })
  expect(await finetale.page.getByText(/keeps no data for the page/).count()).toBe(0)
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(await note.count()).toBe(1)
  finetale.expectNoErrors()
})

test('a run that was discarded is not missed at the next visit', async () => {
  const context = await launch()
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 400, name: 'Unwanted' })
  const known = () => finetale.page.evaluate(() => localStorage.getItem('finetale-known-runs'))
  await finetale.click('Train')
  await expect.poll(known, { timeout: 60_000 }).toContain('Unwanted')
  await finetale.click('Stop')
  await finetale.click('Discard')
  await expect.poll(known).toBe('[]')
  await expect.poll(() => finetale.page.locator('finetale-run-list li').count()).toBe(0)
  await finetale.page.reload()
  await expect.poll(() => finetale.button('Train').first().isEnabled(), { timeout: 60_000 }).toBe(true)
  expect(await finetale.page.getByText(/cleared by the browser/).count()).toBe(0)
})

test('a paused run goes on from its checkpoint with a tenth of the learning rate, which its record keeps', async () => {
  const context = await launch()
  const finetale = await FinetalePage.open(context, url, { ...recipe, warmup_steps: 0 })
  await finetale.click('Train')
  await finetale.waitForStep(2)
  await finetale.click('Pause')
  await finetale.waitForPhase('paused')
  const paused = finetale.steps().length
  await finetale.page.evaluate(() => {
    interface App extends Element {
      readonly store: { readonly state: { readonly runId: string } }
      readonly controller: { resumeSlower(runId: string): Promise<void> }
    }
    const { store, controller } = document.querySelector('finetale-app') as App
    return controller.resumeSlower(store.state.runId)
  })
  await finetale.waitForPhase('finished')
  const started = finetale.events.filter((event) => event.kind === 'started').at(-1)
  expect(started).toMatchObject({ fromStep: paused, changes: [{ step: paused, what: 'learning_rate', from: 1e-3 }] })
  const rates = finetale.steps().map((step) => step.learning_rate)
  // As Trainer logs it: the rate of the step after.
  expect(rates[paused]).toBeCloseTo((1e-4 * (LONG_ENOUGH - 1 - paused)) / LONG_ENOUGH, 9)
  await finetale.page.getByText(/learning rate is .* instead of/).waitFor()
})
