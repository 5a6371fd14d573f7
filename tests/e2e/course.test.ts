// The course preset against a hub on loopback: nothing is asked before the click, Train fetches and trains, the cache serves
// without the hub, and every failure is told with a way on.

import { expect, test } from 'vitest'
import { freshContext, launch, newProfile } from '../support/browser'
import { COURSE_DATA, COURSE_MODEL, startCourseHub } from '../support/hubModel'
import { FinetalePage } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()
const recipe = {
  max_steps: 3,
  max_length: 48,
  per_device_train_batch_size: 2,
  eval_strategy: 'no',
  save_steps: 0,
} as const
const patience = { timeout: 60_000 }

/** The page on the course's preset, with ids looked up at `hub`. */
const course = (hub: string): string => `${url}?preset=courseNotebook&hub=${encodeURIComponent(hub)}`

test('Train fetches what is missing and trains; the next visit needs no hub', async () => {
  const hub = await startCourseHub()
  const profile = newProfile()
  const context = await launch({ profile })
  const finetale = await FinetalePage.open(context, course(hub.url), recipe)
  const { page } = finetale
  await finetale.button('Download').waitFor(patience)
  expect(hub.requests).toEqual([])
  await page.getByText('about 293 MB').waitFor()

  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().map(({ step }) => step)).toEqual([1, 2, 3])
  const asked = hub.asked()
  expect(asked).toContain('model.safetensors')
  expect(asked).toContain('data/train-00000-of-00001.parquet')
  expect(new Set(asked).size).toBe(asked.length)
  await page
    .getByText(/MB, in this browser/)
    .first()
    .waitFor()
  await page.getByText(/^Parquet, recognised as/).waitFor()
  finetale.expectNoErrors()
  const losses = finetale.trace()
  await context.close()
  await hub.close()

  const again = await FinetalePage.open(await launch({ profile }), course(hub.url), recipe)
  await expect.poll(() => again.app.getAttribute('data-ready'), patience).toBe('true')
  // The first run is on the page, finished as it was before the files came.
  await again.click('Train again')
  await expect.poll(() => again.trace(), { timeout: 180_000 }).toEqual(losses)
})

test('choosing the preset in the page does the same, and the demo comes back', async () => {
  const hub = await startCourseHub()
  const finetale = await FinetalePage.open(await freshContext(), `${url}?hub=${encodeURIComponent(hub.url)}`)
  const { page } = finetale
  await expect.poll(() => finetale.button('Train').isEnabled(), patience).toBe(true)
  await page.getByLabel('Start from').selectOption('courseNotebook')
  await finetale.click('Download')
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
  expect(await finetale.phase()).toBe('idle')
  await page.getByText('64 rows').or(page.getByText('80 rows')).first().waitFor()
  await page.getByLabel('Start from').selectOption('demo')
  await page.getByText('backstories.jsonl', { exact: true }).first().waitFor()
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
  finetale.expectNoErrors()
})

test('a recipe edited before the download is the one that the first row is cut by', async () => {
  const hub = await startCourseHub()
  const finetale = await FinetalePage.open(await freshContext(), course(hub.url), recipe)
  const { page } = finetale
  await finetale.button('Download').waitFor(patience)
  const length = page.locator('finetale-recipe-panel').getByLabel('Maximum length', { exact: true })
  await length.fill('8')
  await length.blur()
  await finetale.click('Download')
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
  const view = page.locator('finetale-row-view')
  await view.getByText('Token by token').click()
  expect(await view.locator('.token').count()).toBe(8)
  finetale.expectNoErrors()
})

test('a cancelled download goes on where it was', async () => {
  const hub = await startCourseHub()
  hub.behave({ on: 'model.safetensors', times: 1, delay: 400 })
  const finetale = await FinetalePage.open(await freshContext(), course(hub.url), recipe)
  await finetale.click('Download')
  await finetale.waitForPhase('downloading')
  await finetale.page.getByText('Now: model.safetensors').waitFor(patience)
  await finetale.click('Cancel download')
  await finetale.page.getByText('Download stopped').waitFor()
  expect(await finetale.phase()).toBe('idle')
  await finetale.click('Continue download')
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
  const data = hub.asked().filter((path) => path.endsWith('.parquet'))
  expect(data.length).toBe(1)
})

test('a repository that is not there can be corrected', async () => {
  const hub = await startCourseHub()
  const finetale = await FinetalePage.open(await freshContext(), `${course(hub.url)}&model=nobody/nothing`, recipe)
  const { page } = finetale
  await finetale.click('Train')
  const alert = page.getByRole('alert').first()
  await alert.waitFor(patience)
  expect(await alert.innerText()).toContain('nobody/nothing')
  expect(await finetale.phase()).toBe('idle')
  await finetale.click('Edit the id')
  const id = page.getByLabel('Model id or address')
  expect(await id.evaluate((input) => input.matches(':focus'))).toBe(true)
  await id.fill(`${hub.url}${COURSE_MODEL}/tree/main`)
  await finetale.click('Use this one')
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
})

test('a hub that wants a token gets it, and it is stored nowhere', async () => {
  const hub = await startCourseHub({ token: 'hf_loopback' })
  const finetale = await FinetalePage.open(await freshContext(), course(hub.url), recipe)
  const { page } = finetale
  await finetale.click('Download')
  await finetale.click('Enter a token')
  const field = page.getByLabel('Access token')
  expect(await field.getAttribute('type')).toBe('password')
  await field.fill('hf_loopback')
  await finetale.click('Use this one')
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]))
  expect(stored).not.toContain('hf_loopback')
})

test('too many requests wait as long as they are told to', async () => {
  const hub = await startCourseHub()
  hub.behave({ on: COURSE_DATA, status: 429, headers: { 'retry-after': '2' } })
  const finetale = await FinetalePage.open(await freshContext(), course(hub.url), recipe)
  await finetale.click('Download')
  await finetale.page.getByText('Too many requests for now').waitFor(patience)
  const waiting = finetale.page.getByRole('button', { name: /^Try again in \d+ s$/ })
  await waiting.waitFor()
  expect(await waiting.isDisabled()).toBe(true)
  hub.reset()
  await finetale.click('Try again')
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
})
