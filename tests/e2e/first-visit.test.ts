// A first visit with a fresh profile: three clicks from the address to a first story, each with a sentence that says what is
// happening, and the change at a glance. Texts are counted, not judged.

import { expect, test } from 'vitest'
import { readyCharacters } from '../../src/state/prompts'
import { classes, races } from '../../src/state/srd'
import type { GenerationRow } from '../../src/workers/protocol'
import { launch } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

function rowsOf(finetale: FinetalePage): GenerationRow[] {
  return finetale.events.flatMap((event) => (event.kind === 'generation' ? [event.row] : []))
}

const guide = (finetale: FinetalePage, place: string) => finetale.page.locator(`finetale-guide[place=${place}] p`)

test('Train, Try it, Write: three clicks to a first story', async () => {
  const finetale = await FinetalePage.open(await launch(), url, { ...shortRecipe, max_steps: 6 })
  const { page } = finetale
  await expect.poll(() => guide(finetale, 'data').innerText(), { timeout: 60_000 }).toMatch(/Press Train/)

  await finetale.click('Train')
  await finetale.waitForStep(1)
  await expect.poll(() => guide(finetale, 'train').innerText()).toMatch(/guesses the next token|Training is done/)
  await finetale.waitForPhase('finished')
  await expect.poll(() => guide(finetale, 'train').innerText()).toMatch(/Training is done/)

  await finetale.click('Try it')
  const write = finetale.button('Write')
  await expect.poll(() => write.evaluate((button) => button.getBoundingClientRect().top < innerHeight)).toBe(true)
  expect(await guide(finetale, 'try').innerText()).toMatch(/Press Write/)
  const known = rowsOf(finetale).length

  await finetale.click('Write')
  await expect.poll(() => rowsOf(finetale).length, { timeout: 120_000 }).toBe(known + 1)
  const story = rowsOf(finetale).at(-1)
  expect(story?.step).toBe(6)
  expect(story?.prompt).toContain(readyCharacters[0].name)
  expect(story?.generation.trim()).not.toBe('')
  // Not the one that the run itself wrote of this character, which is on the page already.
  const texts = () => rowsOf(finetale).flatMap((row) => (row.prompt === story?.prompt ? [row.generation] : []))
  expect(new Set(texts()).size).toBe(3)
  // It stays where it was written, before the eyes that watched it come.
  const shown = page.getByLabel('The text just written')
  expect(await shown.textContent()).toBe(story?.generation)

  // Enter in a field writes as well, and gives another text once more; a seed that is typed is taken as it is.
  await page.locator('#character-name').press('Enter')
  await expect.poll(() => rowsOf(finetale).length, { timeout: 120_000 }).toBe(known + 2)
  expect(new Set(texts()).size).toBe(4)
  await page.getByText('How it picks words').click()
  // Typed a second time it is the number that stands there already.
  for (const written of [3, 4]) {
    await page.locator('#generation-seed').fill(String(story?.settings.seed))
    await page.locator('#generation-seed').blur()
    await finetale.click('Write')
    await expect.poll(() => rowsOf(finetale).length, { timeout: 120_000 }).toBe(known + written)
    expect(rowsOf(finetale).at(-1)?.generation).toBe(story?.generation)
  }

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await finetale.click('Copy')
  await page.getByText('Copied').waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(story?.generation.trim())
  finetale.expectNoErrors()

  // The ready prompts, each once, before beside after, by the same draw.
  const pairs = page.getByRole('table').filter({ hasText: 'Before training' })
  await expect.poll(() => pairs.getByRole('row').count()).toBe(1 + readyCharacters.length)
  expect(await pairs.getByRole('rowheader').allInnerTexts()).toEqual(
    readyCharacters.map(({ name, race, class: cls }) => expect.stringMatching(`${name}\\s+${race} · ${cls}`) as string),
  )
  for (const prompt of new Set(rowsOf(finetale).map((row) => row.prompt))) {
    const rows = rowsOf(finetale).filter((row) => row.prompt === prompt)
    expect(rows.map(({ step }) => step).slice(0, 2)).toEqual([0, 6])
    expect(rows[1]?.settings).toEqual(rows[0]?.settings)
    await expect.poll(() => pairs.innerText()).toContain(rows[0]?.generation.trim().split('\n')[0] ?? '')
  }
})

test('a ready character and a surprise fill the fields', async () => {
  const finetale = await FinetalePage.open(await launch(), url)
  const { page } = finetale
  const fields = () =>
    Promise.all(['name', 'race', 'class'].map((key) => page.locator(`#character-${key}`).inputValue()))
  await expect.poll(() => finetale.button('Surprise me').isEnabled(), { timeout: 60_000 }).toBe(true)
  expect(await fields()).toEqual(Object.values(readyCharacters[0]))
  await finetale.click(readyCharacters[2].name)
  expect(await fields()).toEqual(Object.values(readyCharacters[2]))
  await finetale.click('Surprise me')
  const [name, race, cls] = await fields()
  expect(readyCharacters.map((character) => character.name)).not.toContain(name)
  expect(races).toContain(race)
  expect(classes).toContain(cls)
})
