// Generation: rows of the untouched model stand beside those after training, and a stream can be stopped.

import { expect, test } from 'vitest'
import type { GenerationRow } from '../../src/workers/protocol'
import { launch } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

function rowsOf(finetale: FinetalePage): GenerationRow[] {
  return finetale.events.flatMap((event) => (event.kind === 'generation' ? [event.row] : []))
}

test('the prompts run before and after training and land in the table', async () => {
  const finetale = await FinetalePage.open(await launch(), url, { ...shortRecipe, max_steps: 3 })
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

test('a text streams in and can be stopped', async () => {
  const finetale = await FinetalePage.open(await launch(), url, { ...shortRecipe, max_steps: 1, warmup_steps: 0 })
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  const known = rowsOf(finetale).length
  await finetale.page.getByText('How it picks words').click()
  const tokens = finetale.page.getByLabel('New tokens')
  await tokens.fill('200')
  await tokens.blur()
  await finetale.click('Write')
  await expect.poll(() => finetale.page.getByLabel('Text so far').innerText()).not.toBe('')
  await finetale.click('Stop')
  await expect.poll(() => rowsOf(finetale).length, { timeout: 60_000 }).toBe(known + 1)
  const row = rowsOf(finetale).at(-1)
  expect(['stopped', 'eos']).toContain(row?.ended)
  expect(row?.tokens).toBeLessThan(200)
  finetale.expectNoErrors()
})
