// Room on disk: what a run will take is told before Train; a full disk in mid-run keeps the checkpoint there is, and offers
// to free space and to take the model away; without a database the run lives in memory.

import { readFileSync } from 'node:fs'
import type { BrowserContext, Page } from 'playwright'
import { expect, test } from 'vitest'
import { unzipSync } from 'fflate'
import { launch } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

/** Lets the site have `bytes` in all; 0 gives it the browser's own limit again. */
async function limitStorage(page: Page, bytes: number): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: new URL(url).origin,
    ...(bytes > 0 ? { quotaSize: bytes } : {}),
  })
}

/** The files in the zip that a click saves. */
async function savedZip(finetale: FinetalePage, button: string): Promise<Record<string, Uint8Array>> {
  const downloading = finetale.page.waitForEvent('download')
  await finetale.click(button)
  return unzipSync(readFileSync(await (await downloading).path()))
}

test('before Train the page tells what a run takes and whether there is room', async () => {
  const finetale = await FinetalePage.open(await launch(), url, shortRecipe)
  const budget = finetale.page.locator('finetale-budget')
  // 4,270,592 parameters, 12 bytes each, four checkpoints while one is written.
  await budget.getByText('Up to 205 MB on disk').waitFor()
  await budget.getByText('Figures').click()
  const figure = (label: RegExp) => budget.locator('dt', { hasText: label }).locator('+ dd').textContent()
  expect(await figure(/One checkpoint/)).toBe('51 MB')
  expect(await figure(/All that a run keeps/)).toBe('154 MB')
  expect(await figure(/Limit that the browser reports/)).toMatch(/^[\d,]+ MB$/)
  expect(await figure(/Limit of a page/)).toBe('4,295 MB')

  // Chromium names the same limit whatever there is; others tell what they have.
  await finetale.page.addInitScript(() => {
    StorageManager.prototype.estimate = () => Promise.resolve({ quota: 100_000_000, usage: 20_000_000 })
  })
  await finetale.page.reload()
  await budget.getByText(/Checkpoints may need 205 MB, and this browser reports 80 MB left/).waitFor()
  await expect.poll(() => finetale.button('Train').isEnabled(), { timeout: 60_000 }).toBe(true)
})

test('a disk that fills in mid-run: the old checkpoint stays, training goes on, and the model can be taken away', async () => {
  const finetale = await FinetalePage.open(await launch(), url, { ...shortRecipe, max_steps: 10 })
  // Room for two checkpoints of 51 MB, not for the third that is written before the first goes.
  await limitStorage(finetale.page, 118_000_000)
  await finetale.click('Train')
  // The browser's answer about keeping what is stored is on the page since the first save.
  await finetale.page.getByText(/This browser (may clear|has promised)/).waitFor()
  await finetale.waitForPhase('finished')
  const warnings = finetale.events.filter((event) => event.kind === 'warning')
  const message = expect.stringContaining('The one before it stays') as string
  expect(warnings).toContainEqual(expect.objectContaining({ code: 'quota', message }))
  expect(finetale.steps().at(-1)?.step).toBe(10)

  const files = await savedZip(finetale, 'Download the model as it is now')
  expect(Object.keys(files).sort()).toEqual(
    expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']),
  )
  expect(files['model.safetensors']?.length).toBeGreaterThan(4 * 4_270_592)
  await finetale.page.locator('#free-space').first().click()
  const list = finetale.page.locator('finetale-run-list')
  await expect.poll(() => list.evaluate((element) => element.getBoundingClientRect().top < innerHeight)).toBe(true)
  expect(finetale.checkpoints()).toEqual([0, 4])

  // With room again, the run goes on from the checkpoint that stayed.
  await limitStorage(finetale.page, 0)
  await finetale.page.reload()
  await finetale.click('Resume')
  await finetale.waitForPhase('finished')
  const started = finetale.events.filter((event) => event.kind === 'started').at(-1)
  expect(started).toMatchObject({ fromStep: 4 })
  expect(finetale.checkpoints().at(-1)).toBe(10)
})

test('without a database the run lives in memory, the page says so, and the model can be taken away', async () => {
  const context = await launch()
  await withoutDatabase(context)
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 3 })
  await finetale.page.getByText(/This browser keeps no data for the page/).waitFor()
  await finetale.page.getByText(/This browser keeps nothing for the page, so there are no checkpoints/).waitFor()
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.steps()).toHaveLength(3)
  expect(finetale.checkpoints()).toEqual([])
  const files = await savedZip(finetale, 'Download the model as it is now')
  expect(files['model.safetensors']?.length).toBeGreaterThan(4 * 4_270_592)
})

/** Page and workers find a database that refuses, as in some private windows. */
async function withoutDatabase(context: BrowserContext): Promise<void> {
  const refuse = `IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError') };`
  await context.addInitScript(refuse)
  await context.route(
    (address) => address.pathname.includes('.worker-'),
    async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, body: refuse + (await response.text()) })
    },
  )
}
