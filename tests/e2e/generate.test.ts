// Generation: rows of the untouched model stand beside those after training, and a stream can be stopped.

import { expect, test } from 'vitest'
import type { GenerationRow } from '../../src/workers/protocol'
import { freshContext } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

function rowsOf(finetale: FinetalePage): GenerationRow[] {
  return finetale.events.flatMap((event) => (event.kind === 'generation' ? [event.row] : []))
}

test('the prompts run before and after training and land in the table', async () => {
  const finetale = await FinetalePage.open(await freshContext(), url, { ...shortRecipe, max_steps: 3 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  await expect.poll(() => rowsOf(finetale).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(6)
  const rows = rowsOf(finetale)
  const before = rows.filter((row) => row.step === 0)
  const after = rows.filter((row) => row.step === 3)
  expect(before.map((row) => row.prompt)).toEqual(after.map((row) => row.prompt))
  expect(before.length).toBe(3)
  expect(after.every((row) => row.metrics.words > 0)).toBe(true)
  const table = finetale.page.getByRole('table').filter({ hasText: 'Prompt' }).first()
  await expect.poll(() => table.getByRole('row').count()).toBeGreaterThanOrEqual(7)
  finetale.expectNoErrors()
})

test('a number that cannot be used gets a sentence, and nothing is written with another in its place', async () => {
  const finetale = await FinetalePage.open(await freshContext(), url)
  const { page } = finetale
  await expect.poll(() => finetale.button('Write').isEnabled(), { timeout: 60_000 }).toBe(true)
  await page.getByText('How it picks words').click()
  const top = page.getByLabel('Top p')
  await top.fill('3')
  await top.blur()
  await page.getByText('Expected a number from 0 to 1.').waitFor()
  expect(await top.inputValue()).toBe('3')
  await page.getByText('How it picks words').click()
  await finetale.click('Write')
  await page.getByText('A number above cannot be used').waitFor()
  await expect.poll(() => top.evaluate((input) => input.matches(':focus'))).toBe(true)
  const tokens = page.getByLabel('New tokens')
  await tokens.fill('')
  await tokens.blur()
  await page.getByText('Expected a whole number from 1 to').waitFor()
  await top.fill('0.9')
  await tokens.fill('5')
  await tokens.blur()
  await expect.poll(() => page.locator('finetale-decoding .problem').count()).toBe(0)
  await finetale.click('Write')
  await expect.poll(() => rowsOf(finetale).length, { timeout: 60_000 }).toBe(1)
  expect(rowsOf(finetale)[0]?.settings).toMatchObject({ top_p: 0.9, max_new_tokens: 5 })
})

test('what the user should know of a text stands beside it', async () => {
  const finetale = await FinetalePage.open(await freshContext(), url)
  const { page } = finetale
  await expect.poll(() => finetale.button('Write').isEnabled(), { timeout: 60_000 }).toBe(true)
  await finetale.click('Free text')
  await page.locator('#free-text').fill('Once there was a ')
  await finetale.click('Write')
  await expect.poll(() => rowsOf(finetale).length, { timeout: 60_000 }).toBe(1)
  const notes = rowsOf(finetale)[0]?.notes ?? []
  expect(notes.length).toBe(1)
  const table = page.locator('finetale-generation-table')
  await table.getByText(notes[0] ?? '').waitFor()
  await table.getByText('note 1 below').waitFor()
})

test('a text streams in and can be stopped', async () => {
  const finetale = await FinetalePage.open(await freshContext(), url, { ...shortRecipe, max_steps: 1, warmup_steps: 0 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  const known = rowsOf(finetale).length
  await finetale.page.getByText('How it picks words').click()
  const tokens = finetale.page.getByLabel('New tokens')
  await tokens.fill('200')
  await tokens.blur()
  await finetale.click('Write')
  await expect.poll(() => finetale.page.getByLabel('Text so far').innerText()).not.toBe('')
  // What the text is written from stays on the page for as long.
  expect(await finetale.page.locator('finetale-run-list [data-action=runFork]').isDisabled()).toBe(true)
  await finetale.click('Stop')
  await expect.poll(() => rowsOf(finetale).length, { timeout: 60_000 }).toBe(known + 1)
  const row = rowsOf(finetale).at(-1)
  expect(['stopped', 'eos']).toContain(row?.ended)
  expect(row?.tokens).toBeLessThan(200)
  finetale.expectNoErrors()
})
