// Files of one's own in every way the page takes them: a zip of a model and a folder by dropping, a table whose columns
// have to be chosen, a broken file; and how long rows are.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zipSync } from 'fflate'
import type { Locator } from 'playwright'
import { expect, onTestFinished, test } from 'vitest'
import { freshContext } from '../support/browser'
import { shippedModel, shippedRows } from '../support/hubModel'
import { FinetalePage } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()
const recipe = {
  max_steps: 2,
  warmup_steps: 0,
  max_length: 48,
  per_device_train_batch_size: 2,
  eval_strategy: 'no',
  save_steps: 0,
} as const
const patience = { timeout: 60_000 }

/** Files in a folder that goes with the test; returns the folder. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'finetale-inputs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** Drops a file or folder on an element, as a file manager would. */
async function drop(target: Locator, path: string): Promise<void> {
  const session = await target.page().context().newCDPSession(target.page())
  await target.scrollIntoViewIfNeeded()
  const box = await target.boundingBox()
  if (!box) throw new Error('The drop target is not on the page.')
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const data = { items: [], files: [path], dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data })
  }
}

async function openReady(query = ''): Promise<FinetalePage> {
  const finetale = await FinetalePage.open(await freshContext(), `${url}${query}`, recipe)
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
  return finetale
}

const picker = (finetale: FinetalePage, kind: 'model' | 'data') =>
  finetale.page.locator(`finetale-source-picker[kind=${kind}]`)

test('a zip of a model folder, dropped, trains', async () => {
  const model = Object.fromEntries(
    Object.entries(shippedModel()).map(([name, file]) => [`tales/${name}`, file as Buffer]),
  )
  const folder = folderOf({ 'tales.zip': zipSync({ ...model, '__MACOSX/tales/._config.json': new Uint8Array(4) }) })
  const finetale = await openReady()
  await drop(picker(finetale, 'model').locator('.zone'), join(folder, 'tales.zip'))
  await picker(finetale, 'model').getByText('tales', { exact: true }).waitFor(patience)
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().length).toBe(2)
  finetale.expectNoErrors()
})

test('a folder of data files, dropped, is one data set', async () => {
  const lines = shippedRows(40).map((row) => JSON.stringify(row))
  const folder = folderOf({
    'set/README.md': '# not rows',
    'set/data/b.jsonl': lines.slice(20).join('\n'),
    'set/data/a.jsonl': lines.slice(0, 20).join('\n'),
  })
  const finetale = await openReady()
  await drop(picker(finetale, 'data').locator('.zone'), join(folder, 'set'))
  await picker(finetale, 'data')
    .getByText(/\.jsonl \+ 1$/)
    .waitFor(patience)
  await finetale.page.getByText('40 rows', { exact: true }).waitFor(patience)
})

test('a zip of data files, dropped, and the same folder by the button', async () => {
  const lines = shippedRows(40).map((row) => JSON.stringify(row))
  const [first, second] = [lines.slice(0, 20).join('\n'), lines.slice(20).join('\n')]
  const folder = folderOf({
    'set.zip': zipSync({ 'set/data/a.jsonl': Buffer.from(first), 'set/data/b.jsonl': Buffer.from(second) }),
    'set/data/a.jsonl': first,
    'set/data/b.jsonl': second,
    'set/README.md': '# not rows',
  })
  const finetale = await openReady()
  const chosen = picker(finetale, 'data').getByText(/\.jsonl \+ 1$/)
  await drop(picker(finetale, 'data').locator('.zone'), join(folder, 'set.zip'))
  await chosen.waitFor(patience)
  await finetale.page.getByText('40 rows', { exact: true }).waitFor(patience)
  await finetale.click('Use the built-in one')
  await picker(finetale, 'data').getByText('backstories.jsonl', { exact: true }).waitFor(patience)
  await finetale.page.locator('#data-folder').setInputFiles(join(folder, 'set'))
  await chosen.waitFor(patience)
  await finetale.page.getByText('40 rows', { exact: true }).waitFor(patience)
  finetale.expectNoErrors()
})

test('a model folder, dropped, trains; one without a config.json is refused in words', async () => {
  const model = Object.fromEntries(
    Object.entries(shippedModel()).map(([name, file]) => [`tales/deep/${name}`, file as Buffer]),
  )
  const folder = folderOf({ ...model, 'notes/todo.txt': 'nothing' })
  const finetale = await openReady()
  const zone = picker(finetale, 'model').locator('.zone')
  await drop(zone, join(folder, 'notes'))
  const alert = finetale.page.getByRole('alert').first()
  await alert.waitFor(patience)
  expect(await alert.innerText()).toMatch(/expected a config\.json in it, found todo\.txt/)
  await drop(zone, join(folder, 'tales'))
  await picker(finetale, 'model').getByText('deep', { exact: true }).waitFor(patience)
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().length).toBe(2)
  finetale.expectNoErrors()
})

test('a dropped folder of too many files is refused in words', async () => {
  const many = Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`home/${i}.txt`, 'x']))
  const folder = folderOf(many)
  const finetale = await openReady()
  await drop(picker(finetale, 'data').locator('.zone'), join(folder, 'home'))
  await finetale.page.getByText(/holds more than 2,000 files/).waitFor(patience)
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
})

test('a table with columns of other names trains once they are chosen', async () => {
  const rows = shippedRows(24).map(({ text, target }, i) =>
    [i, text, target].map((cell) => `"${String(cell)}"`).join(';'),
  )
  const folder = folderOf({ 'odd.csv': ['nr;who;tale', ...rows].join('\r\n') })
  const finetale = await openReady()
  const { page } = finetale
  await page.locator('#data-file').setInputFiles(join(folder, 'odd.csv'))
  await page.getByText(/choose the column that holds the text/).waitFor(patience)
  expect(await finetale.button('Train').isEnabled()).toBe(false)
  await page.getByLabel('Column for text').selectOption('who')
  await page.getByText('24 rows', { exact: true }).waitFor(patience)
  await page.getByLabel('Column for target').selectOption('tale')
  await page.locator('finetale-rows .target').first().waitFor(patience)
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().length).toBe(2)
  finetale.expectNoErrors()
})

test('a row says how much of it is not shown, and explains only what is seen', async () => {
  const [first, second] = shippedRows(2)
  const long = { ...first, target: String(first?.target).repeat(40) }
  const folder = folderOf({ 'two.jsonl': [long, second].map((row) => JSON.stringify(row)).join('\n') })
  for (const padding of ['longest', 'max_length'] as const) {
    const finetale = await FinetalePage.open(await freshContext(), url, { ...recipe, max_length: 600, padding })
    const { page } = finetale
    await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
    await page.locator('#data-file').setInputFiles(join(folder, 'two.jsonl'))
    await page.getByText('2 rows', { exact: true }).waitFor(patience)
    const view = page.locator('finetale-row-view')
    const legend = view.locator('.legend')
    await expect.poll(() => legend.allInnerTexts(), patience).toEqual([expect.stringMatching(/^Struck through/)])
    await view.getByText('Token by token').click()
    await view.getByText('88 more tokens are not shown.').waitFor()
    expect(await view.locator('.token').count()).toBe(512)
    await page.locator('finetale-rows .row').nth(1).click()
    await view.getByRole('heading', { name: 'Row 2 as the model sees it' }).waitFor(patience)
    const padded = padding === 'max_length' ? [expect.stringMatching(/^Grey boxes/) as string] : []
    await expect.poll(() => legend.allInnerTexts()).toEqual(padded)
    expect(await view.getByText('not shown').count()).toBe(0)
  }
})

test('a broken file is refused in words, and the data set before stays', async () => {
  const folder = folderOf({ 'page.jsonl': '<!doctype html><html>Sign in first</html>' })
  const finetale = await openReady()
  await finetale.page.locator('#data-file').setInputFiles(join(folder, 'page.jsonl'))
  const alert = finetale.page.getByRole('alert').first()
  await alert.waitFor(patience)
  expect(await alert.innerText()).toContain('page.jsonl')
  await picker(finetale, 'data').getByText('backstories.jsonl', { exact: true }).waitFor(patience)
  await expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')
})

test('lengths are counted when they are looked at', async () => {
  const finetale = await openReady()
  const lengths = finetale.page.locator('finetale-lengths')
  await lengths.getByText('How long the rows are').click()
  await lengths.getByRole('img', { name: 'Rows by length in tokens' }).waitFor(patience)
  await lengths.getByText('As a table').click()
  const counts = await lengths.locator('td:nth-child(2)').allInnerTexts()
  expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(330)
})

test('what a link asks for and cannot have is told, and the page works', async () => {
  const finetale = await openReady('?preset=nobody&hub=ftp://example.org/&model=a/b/c/d')
  await finetale.page.getByText(/link’s “preset”/).waitFor()
  await finetale.page.getByText(/link’s “hub”/).waitFor()
  expect(await finetale.button('Train').isEnabled()).toBe(true)
})
