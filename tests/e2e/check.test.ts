// "Check this browser" on the production build, wide and narrow, and what a finished run gives to take away.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { freshContext } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

test('the check passes, quantity by quantity, and the link leads to it', async () => {
  const finetale = await FinetalePage.open(await freshContext(), `${url}#check`)
  const { page } = finetale
  await finetale.click('Run the check')
  await page.locator('[data-passed]').waitFor({ timeout: 60_000 })
  expect(await page.locator('[data-passed]').getAttribute('data-passed')).toBe('true')
  expect(await page.locator('finetale-check-panel tbody tr').count()).toBe(6)
  expect(await page.locator('finetale-check-panel .fails').count()).toBe(0)
  expect(await page.getByText(/threads: \d+/).count()).toBeGreaterThan(0)
  const top = await page.locator('#step-check').evaluate((element) => element.getBoundingClientRect().top)
  expect(top).toBeLessThan(900)
  finetale.expectNoErrors()
})

test('it is not offered while a run is live', async () => {
  const finetale = await FinetalePage.open(await freshContext(), url, { ...shortRecipe, max_steps: 400 })
  await finetale.click('Train')
  await finetale.waitForStep(1)
  expect(await finetale.button('Run the check').isDisabled()).toBe(true)
})

test('a finished run gives its numbers as files', async () => {
  const recipe = { ...shortRecipe, max_steps: 3, warmup_steps: 0, eval_steps: 3 }
  const finetale = await FinetalePage.open(await freshContext(), url, recipe)
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  const save = async (name: string): Promise<string> => {
    const [download] = await Promise.all([finetale.page.waitForEvent('download'), finetale.click(name)])
    expect(download.suggestedFilename()).toBe(name)
    return readFileSync(await download.path(), 'utf8')
  }
  const csv = (await save('metrics.csv')).trimEnd().split('\r\n')
  expect(csv[0]).toMatch(/^step,timestamp,epoch,train\/loss,/)
  expect(csv.length).toBe(1 + 3 + finetale.evalLosses().length)
  expect(csv.find((line) => line.startsWith('1,'))?.split(',')[3]).toBe(String(finetale.steps()[0]?.loss))
  const lines = (await save('metrics.jsonl')).trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { step: number }).step)).toContain(3)
  const state = JSON.parse(await save('trainer_state.json')) as { global_step: number; log_history: unknown[] }
  expect(state.global_step).toBe(3)
  expect(state.log_history.length).toBe(3 + 1 + 1)
  const rows = (await save('generations.jsonl')).trimEnd().split('\n')
  expect(rows.length).toBeGreaterThanOrEqual(3)
  finetale.expectNoErrors()
})
