// Accessibility: axe-core finds nothing wrong at rest, paused, finished and written, on the way to a hub and in the check of
// the browser; wide and narrow, light and dark. And nothing is wider than the window.

import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { violations } from '../support/axe'
import { freshContext } from '../support/browser'
import { startCourseHub } from '../support/hubModel'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()
const plain = await serveDist({ isolation: false })

/** True when the page can be scrolled sideways. */
function overflows({ page }: FinetalePage): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
}

// Contrast is a matter of the scheme and layout of the width, so two pairs show all four.
for (const [width, colorScheme] of [
  [1280, 'light'],
  [390, 'dark'],
] as const) {
  test(`no violations with the notice of one thread at ${width} pixels, ${colorScheme}`, async () => {
    const context = await freshContext({ width, colorScheme })
    const finetale = await FinetalePage.open(context, `${plain}?coi=0`)
    await expect.poll(() => finetale.button('Train').isEnabled(), { timeout: 60_000 }).toBe(true)
    if (availableParallelism() > 1) expect(await finetale.button('Turn on threads').isVisible()).toBe(true)
    expect(await violations(finetale)).toEqual([])
  })

  test(`no violations on the way to a hub, ${width} pixels, ${colorScheme}`, async () => {
    const hub = await startCourseHub()
    hub.behave({ on: '/resolve/', status: 403 })
    const context = await freshContext({ width, colorScheme })
    const query = `?preset=courseNotebook&hub=${encodeURIComponent(hub.url)}`
    const finetale = await FinetalePage.open(context, url + query)
    const { page } = finetale
    await finetale.button('Download').waitFor({ timeout: 60_000 })
    expect(await violations(finetale)).toEqual([])

    await finetale.click('Download')
    await page.getByRole('alert').first().waitFor({ timeout: 60_000 })
    expect(await violations(finetale)).toEqual([])
    expect(await overflows(finetale)).toBe(false)

    await finetale.click('Enter a token')
    await page.getByLabel('Access token').fill('hf_loopback')
    expect(await violations(finetale)).toEqual([])
    expect(await overflows(finetale)).toBe(false)

    hub.reset().behave({ on: 'model.safetensors', times: 1, delay: 200 })
    await finetale.click('Use this one')
    await page.getByText('Now: model.safetensors').waitFor({ timeout: 60_000 })
    expect(await page.getByLabel('Access token').count()).toBe(0)
    expect(await violations(finetale)).toEqual([])
    expect(await overflows(finetale)).toBe(false)

    await expect.poll(() => finetale.app.getAttribute('data-ready'), { timeout: 60_000 }).toBe('true')
    await page.locator('finetale-lengths').getByText('How long the rows are').click()
    await page.getByRole('img', { name: 'Rows by length in tokens' }).waitFor({ timeout: 60_000 })
    await page.locator('finetale-lengths').getByText('As a table').click()
    await page.getByText('Token by token').click()
    expect(await violations(finetale)).toEqual([])
    expect(await overflows(finetale)).toBe(false)
  })

  test(`no violations in the check of the browser, ${width} pixels, ${colorScheme}`, async () => {
    const finetale = await FinetalePage.open(await freshContext({ width, colorScheme }), `${url}#check`)
    await finetale.click('Run the check')
    await finetale.page.locator('[data-passed]').waitFor({ timeout: 120_000 })
    expect(await violations(finetale)).toEqual([])
    expect(await overflows(finetale)).toBe(false)
  })

  test(`no violations at ${width} pixels, ${colorScheme}`, async () => {
    const context = await freshContext({ width, colorScheme })
    const finetale = await FinetalePage.open(context, url, shortRecipe)
    await expect.poll(() => finetale.button('Train').isEnabled(), { timeout: 60_000 }).toBe(true)
    expect(await violations(finetale)).toEqual([])

    await finetale.click('Train')
    await finetale.waitForStep(1)
    await finetale.click('Pause')
    await finetale.waitForPhase('paused')
    expect(await violations(finetale)).toEqual([])

    await finetale.click('Continue')
    await finetale.waitForPhase('finished')
    expect(await violations(finetale)).toEqual([])
    expect(await overflows(finetale)).toBe(false)
  })
}
