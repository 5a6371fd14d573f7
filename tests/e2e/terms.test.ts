// The glossary on the page: words open what they mean by keyboard and by pointer, close again, and fit a narrow screen.

import type { Locator } from 'playwright'
import { expect, test } from 'vitest'
import { englishTerms } from '../../src/ui/englishTerms'
import { violations } from '../support/axe'
import { freshContext } from '../support/browser'
import { FinetalePage } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

async function opened(width: number): Promise<FinetalePage> {
  const finetale = await FinetalePage.open(await freshContext({ width }), url)
  await expect.poll(() => finetale.button('Write').isEnabled(), { timeout: 60_000 }).toBe(true)
  await finetale.page.getByText('How it picks words').click()
  return finetale
}

const isFocused = (button: Locator) =>
  button.evaluate((element) => (element.getRootNode() as ShadowRoot).activeElement === element)

test('every term opens by keyboard at 390 pixels, says what it means inside the page, and gives the keyboard back', async () => {
  const finetale = await opened(390)
  const terms = finetale.page.locator('finetale-term')
  const explained = new Set<string>()
  for (const term of await terms.all()) {
    const button = term.getByRole('button')
    const definition = term.getByRole('note')
    await button.focus()
    await finetale.page.keyboard.press('Enter')
    await definition.waitFor()
    explained.add((await definition.innerText()).replace(/\s+/g, ' '))
    const box = await definition.boundingBox()
    expect(box?.x).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(390)
    expect(await finetale.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await finetale.page.keyboard.press('Escape')
    await definition.waitFor({ state: 'hidden' })
    expect(await isFocused(button)).toBe(true)
  }
  const texts: Readonly<Record<string, string>> = englishTerms
  const all = Object.keys(texts)
    .filter((key) => key.startsWith('term_'))
    .map((key) => `${texts[key]} ${texts[key.replace('term_', 'define_')]}`)
  expect([...explained].sort()).toEqual(all.sort())
  finetale.expectNoErrors()
})

test('Tab reaches every term', async () => {
  const { page } = await opened(1280)
  const terms = page.locator('finetale-term')
  await terms.evaluateAll((elements) => elements.forEach((term, i) => term.setAttribute('data-nth', String(i))))
  const missing = new Map((await terms.allInnerTexts()).map((text, i) => [String(i), text]))
  expect(missing.size).toBeGreaterThanOrEqual(13)
  // Enough presses to go round the page more than once.
  for (let presses = 0; missing.size > 0 && presses < 400; presses++) {
    await page.keyboard.press('Tab')
    const nth = await page.evaluate(() => {
      let at = document.activeElement
      while (at?.shadowRoot?.activeElement && at.localName !== 'finetale-term') at = at.shadowRoot.activeElement
      return at?.getAttribute('data-nth')
    })
    missing.delete(nth ?? '')
  }
  expect([...missing.values()]).toEqual([])
})

test('a click opens, a click elsewhere or on the word closes', async () => {
  const finetale = await opened(1280)
  const loss = finetale.page.locator('finetale-term').filter({ hasText: 'Loss' }).first()
  const definition = loss.getByRole('note')
  await loss.getByRole('button').click()
  await definition.waitFor()
  expect(await violations(finetale)).toEqual([])
  await finetale.page.getByRole('heading', { name: 'Recipe' }).click()
  await definition.waitFor({ state: 'hidden' })
  await loss.getByRole('button').click()
  await definition.waitFor()
  await loss.getByRole('button').click()
  await definition.waitFor({ state: 'hidden' })
  finetale.expectNoErrors()
})
