// A model folder and a data file of the user's own, through the page's pickers; and a long run that keeps no tensors.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freshContext } from '../support/browser'
import { writeM0Folder } from '../support/m0Folder'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

test('a chosen model trains, with as many tensors at step 100 as at step 10', async () => {
  const folder = await writeM0Folder()
  const recipe = { ...shortRecipe, max_steps: 100, eval_steps: 50, save_steps: 50 }
  const finetale = await FinetalePage.open(await freshContext(), url, recipe)
  await finetale.page.locator('#model-folder').setInputFiles(folder)
  await finetale.page.getByText(basename(folder), { exact: true }).first().waitFor()
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  const started = finetale.events.find((event) => event.kind === 'started')
  expect(started?.kind === 'started' && started.parameters).toBe(404_280)
  const tensorsAt = (step: number) => finetale.steps().find((metrics) => metrics.step === step)?.tensors
  expect(tensorsAt(10)).toBeGreaterThan(0)
  expect(tensorsAt(100)).toBe(tensorsAt(10))
  finetale.expectNoErrors()
})

test('a chosen data file is what is trained on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'finetale-data-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'lanterns.jsonl')
  const rows = Array.from({ length: 24 }, (_, i) => ({
    text: `Lamp ${i}.`,
    target: 'The lantern keeper climbs the stairs.',
  }))
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'))
  const recipe = { ...shortRecipe, max_steps: 2, test_size: 0.25 }
  const finetale = await FinetalePage.open(await freshContext(), url, recipe)
  await finetale.page.locator('#data-file').setInputFiles(file)
  await finetale.page.getByText('lanterns.jsonl', { exact: true }).first().waitFor()
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  const started = finetale.events.find((event) => event.kind === 'started')
  expect(started?.kind === 'started' && started.stepsPerEpoch).toBe(9)
  finetale.expectNoErrors()
})

test('a folder that is no model is refused in words, and the built-in model stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'finetale-none-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'notes.txt'), 'nothing here')
  const finetale = await FinetalePage.open(await freshContext(), url, { ...shortRecipe, max_steps: 2 })
  await expect.poll(() => finetale.button('Train').isEnabled(), { timeout: 60_000 }).toBe(true)
  await finetale.page.locator('#model-folder').setInputFiles(folder)
  const alert = finetale.page.getByRole('alert')
  await alert.waitFor()
  expect(await alert.innerText()).toContain('config.json')
  await finetale.click('Train')
  await finetale.waitForStep(1)
})
