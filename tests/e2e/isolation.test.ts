// Threads on hosts without isolation headers: one reload by the page itself, never a second, and a way out and in again.

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright'
import { expect, onTestFinished, test } from 'vitest'
import { distFolder } from '../../scripts/serve.mjs'
import { launch } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const recipe = { ...shortRecipe, max_steps: 2, warmup_steps: 0 }
const severalCores = availableParallelism() > 1
const plain = { isolation: false, base: '/a/b/' }

/** Documents loaded in the context's first tab from now on. */
function countDocuments(context: BrowserContext): () => number {
  let count = 0
  context.pages()[0]?.on('domcontentloaded', () => count++)
  return () => count
}

const isIsolated = (page: Page) => page.evaluate(() => crossOriginIsolated).catch(() => false)

const notice = ({ page }: FinetalePage) =>
  page.getByRole('heading', { name: /^Single-threaded: up to \d+ times slower/ })

/** Runs the recipe; returns the environment it ran in. */
async function train(finetale: FinetalePage) {
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().length).toBe(2)
  return finetale.events.find((event) => event.kind === 'started')?.environment
}

/** The build with another service worker, or with none. */
function distWith(worker: string | null): string {
  const root = mkdtempSync(join(tmpdir(), 'finetale-dist-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  cpSync(distFolder, root, { recursive: true })
  const file = join(root, 'isolation-sw.js')
  if (worker === null) rmSync(file)
  else writeFileSync(file, worker)
  return root
}

test('the first visit reloads once and then has threads, below a folder too', async () => {
  const url = await serveDist(plain)
  const context = await launch()
  const documents = countDocuments(context)
  const finetale = await FinetalePage.open(context, url, recipe)
  await expect.poll(() => isIsolated(finetale.page), { timeout: 20_000 }).toBe(true)
  const environment = await train(finetale)
  expect(environment?.isolated).toBe(true)
  if (severalCores) expect(environment?.threads).toBeGreaterThan(1)
  expect(environment?.flavour).toMatch(severalCores ? /-shared$/ : /./)
  expect(documents()).toBe(2)
  expect(await notice(finetale).count()).toBe(0)
  finetale.expectNoErrors()

  // Later visits are isolated from the start.
  await finetale.page.reload()
  expect(await isIsolated(finetale.page)).toBe(true)
  const other = await context.newPage()
  let opened = 0
  other.on('domcontentloaded', () => opened++)
  await other.goto(url)
  expect(await isIsolated(other)).toBe(true)
  await other.waitForTimeout(500)
  expect([documents(), opened]).toEqual([3, 1])
})

test('?coi=0 stays on one thread and says so; the button turns threads on, and ?coi=0 off again', async () => {
  const url = await serveDist(plain)
  const context = await launch()
  const documents = countDocuments(context)
  const finetale = await FinetalePage.open(context, `${url}?coi=0`, recipe)
  const environment = await train(finetale)
  expect(environment?.isolated).toBe(false)
  expect(environment?.threads).toBe(1)
  expect(documents()).toBe(1)
  if (!severalCores) return
  expect(await notice(finetale).isVisible()).toBe(true)

  await finetale.click('Turn on threads')
  await expect.poll(() => isIsolated(finetale.page), { timeout: 20_000 }).toBe(true)
  await expect.poll(documents).toBe(2)
  expect(new URL(finetale.page.url()).searchParams.get('coi')).toBe(null)
  expect(await notice(finetale).count()).toBe(0)

  await finetale.page.goto(`${url}?coi=0`)
  await notice(finetale).waitFor()
  expect(await isIsolated(finetale.page)).toBe(false)
  expect(await finetale.page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0)
  expect(documents()).toBe(3)
  finetale.expectNoErrors()
})

test('without the service worker’s file it trains on one thread, with no reload', async () => {
  const url = await serveDist({ ...plain, root: distWith(null) })
  const context = await launch()
  const documents = countDocuments(context)
  const finetale = await FinetalePage.open(context, url, recipe)
  const environment = await train(finetale)
  expect(environment?.threads).toBe(1)
  expect(documents()).toBe(1)
  if (!severalCores) return
  expect(await notice(finetale).isVisible()).toBe(true)
  await finetale.click('Turn on threads')
  await expect.poll(() => finetale.button('Turn on threads').count()).toBe(0)
  expect(await notice(finetale).isVisible()).toBe(true)
  expect(documents()).toBe(1)
})

test('a service worker that does not help leads to one reload and no loop', async () => {
  const url = await serveDist({ ...plain, root: distWith('addEventListener("fetch", () => {})\n') })
  const context = await launch()
  const documents = countDocuments(context)
  const finetale = await FinetalePage.open(context, url, recipe)
  await expect.poll(documents, { timeout: 20_000 }).toBe(2)
  const environment = await train(finetale)
  expect(environment?.threads).toBe(1)
  if (severalCores) expect(await notice(finetale).isVisible()).toBe(true)
  await finetale.page.reload()
  await finetale.page.waitForTimeout(4_000)
  expect(documents()).toBe(3)
})

test('a service worker that never installs holds the page up for seconds only', async () => {
  const stuck = 'addEventListener("install", (event) => event.waitUntil(new Promise(() => {})))\n'
  const url = await serveDist({ ...plain, root: distWith(stuck) })
  const context = await launch()
  const documents = countDocuments(context)
  const finetale = await FinetalePage.open(context, url, recipe)
  const environment = await train(finetale)
  expect(environment?.threads).toBe(1)
  expect(documents()).toBe(1)
})
