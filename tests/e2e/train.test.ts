// The main job against the production build: open, Train, watch, pause, continue, step, stop; on odd servers too.

import { expect, test } from 'vitest'
import { launch, launchPlain } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

test('the demo trains, and its evaluation loss falls', async () => {
  const finetale = await FinetalePage.open(await launch(), url, shortRecipe)
  await expect.poll(() => finetale.button('Train').isEnabled(), { timeout: 60_000 }).toBe(true)
  const clicked = Date.now()
  await finetale.click('Train')
  await finetale.waitForStep(1)
  console.log(`first step ${Date.now() - clicked} ms after the click`)
  await finetale.waitForPhase('finished')

  expect(finetale.steps().map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(finetale.steps().every(({ loss }) => Number.isFinite(loss))).toBe(true)
  const evaluations = finetale.evalLosses()
  expect(evaluations.length).toBeGreaterThanOrEqual(2)
  expect(evaluations.at(-1)).toBeLessThan(evaluations[0] ?? 0)
  expect(finetale.checkpoints().at(-1)).toBe(12)
  expect(await finetale.page.locator('canvas').count()).toBeGreaterThanOrEqual(1)
  const { environment } = finetale.events.find((event) => event.kind === 'started') ?? {}
  expect(environment?.isolated).toBe(true)
  finetale.expectNoErrors()
})

test('the demo’s own recipe, cut short, already brings the evaluation loss down', async () => {
  const finetale = await FinetalePage.open(await launch(), url, { max_steps: 20 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  const [before = 0, ...after] = finetale.evalLosses()
  expect(finetale.steps().length).toBe(20)
  expect(after.at(-1)).toBeLessThan(before - 0.1)
  finetale.expectNoErrors()
})

test('pause, single step, continue and stop do what they say', async () => {
  const finetale = await FinetalePage.open(await launch(), url, { ...shortRecipe, max_steps: 400 })
  await finetale.click('Train')
  await finetale.waitForStep(2)
  await finetale.click('Pause')
  await finetale.waitForPhase('paused')
  const paused = finetale.steps().length
  expect(finetale.checkpoints().at(-1)).toBe(paused)

  await finetale.page.waitForTimeout(1000)
  expect(finetale.steps().length).toBe(paused)

  await finetale.click('One step')
  await finetale.waitForStep(paused + 1)
  await finetale.waitForPhase('paused')
  await finetale.page.waitForTimeout(500)
  expect(finetale.steps().length).toBe(paused + 1)

  await finetale.click('Continue')
  await finetale.waitForStep(paused + 3)
  await finetale.click('Stop')
  await finetale.click('Save')
  await finetale.waitForPhase('idle')
  const stopped = finetale.steps().length
  await finetale.page.waitForTimeout(500)
  expect(finetale.steps().length).toBe(stopped)
  expect(finetale.checkpoints().at(-1)).toBe(stopped)
  finetale.expectNoErrors()
})

test('without isolation it trains on one thread', async () => {
  const plain = await serveDist({ isolation: false })
  const finetale = await FinetalePage.open(await launch(), `${plain}?coi=0`, { ...shortRecipe, max_steps: 2 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  const { environment } = finetale.events.find((event) => event.kind === 'started') ?? {}
  expect(environment?.isolated).toBe(false)
  expect(environment?.threads).toBe(1)
  expect(finetale.steps().length).toBe(2)
  finetale.expectNoErrors()
})

test('below a folder, on a server that answers unknown paths with the page, it trains a step', async () => {
  const nested = await serveDist({ base: '/a/b/', fallback: true })
  const finetale = await FinetalePage.open(await launch(), nested, { ...shortRecipe, max_steps: 1, warmup_steps: 0 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().length).toBe(1)
  finetale.expectNoErrors()
})

test('a hidden tab keeps training', async () => {
  const context = await launchPlain()
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 400 })
  await finetale.click('Train')
  await finetale.waitForStep(2)
  const other = await context.newPage()
  await other.goto('about:blank')
  await other.bringToFront()
  await expect.poll(() => finetale.page.evaluate(() => document.visibilityState)).toBe('hidden')
  const before = finetale.steps().length
  await finetale.waitForStep(before + 5)
  expect(await finetale.page.evaluate(() => document.visibilityState)).toBe('hidden')
})
