// The main actions by keyboard alone: where the button that was pressed goes, the keyboard is on what comes in its place.

import { expect, test } from 'vitest'
import { freshContext } from '../support/browser'
import { startCourseHub } from '../support/hubModel'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()
const patience = { timeout: 60_000 }

/** What has the focus, through all shadow roots: its id, what it does, its class or its tag. */
const focused = ({ page }: FinetalePage) =>
  page.evaluate(() => {
    let at = document.activeElement
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
    if (!(at instanceof HTMLElement)) return ''
    return at.id || at.dataset.action || at.className || at.tagName
  })

const expectFocus = (finetale: FinetalePage, name: string) => expect.poll(() => focused(finetale), patience).toBe(name)

/** Puts the keyboard on a button that can be used. */
async function begin({ page }: FinetalePage, selector: string): Promise<void> {
  const button = page.locator(selector).first()
  await expect.poll(() => button.isEnabled(), patience).toBe(true)
  await button.focus()
}

test('a run is steered without a look for the buttons', async () => {
  const finetale = await FinetalePage.open(await freshContext(), url, { ...shortRecipe, max_steps: 400 })
  const { keyboard } = finetale.page
  await begin(finetale, '#train')
  await keyboard.press('Enter')
  await expectFocus(finetale, 'pause')
  await finetale.waitForStep(2)
  await keyboard.press('Enter')
  await finetale.waitForPhase('paused')
  await expectFocus(finetale, 'continue')

  // A single step takes its button away for as long as it lasts, and gives the keyboard back to it.
  await keyboard.press('Tab')
  await expectFocus(finetale, 'step')
  for (const more of [1, 2]) {
    const before = finetale.steps().length
    await keyboard.press('Enter')
    await finetale.waitForStep(before + 1)
    await finetale.waitForPhase('paused')
    await expectFocus(finetale, 'step')
    expect(finetale.steps().length, `single step ${more}`).toBe(before + 1)
  }

  // The question of Stop hands the keyboard back when it is left.
  const walk = [
    ['Shift+Tab', 'continue'],
    ['Enter', 'pause'],
    ['Tab', 'stop'],
    ['Enter', 'stop-save'],
    ['Escape', 'stop'],
    ['Enter', 'stop-save'],
  ] as const
  for (const [key, id] of walk) {
    await keyboard.press(key)
    await expectFocus(finetale, id)
  }
  await keyboard.press('Enter')
  await finetale.waitForPhase('idle')
  await expectFocus(finetale, 'train')
  finetale.expectNoErrors()
})

test('Write, Stop, Write; and the ready prompts', async () => {
  const generation = encodeURIComponent(JSON.stringify({ max_new_tokens: 200 }))
  const finetale = await FinetalePage.open(await freshContext(), `${url}?generation=${generation}`)
  const { page } = finetale
  await begin(finetale, '#write')
  for (const button of ['write', 'notebook-prompts']) {
    await page.locator(`#${button}`).focus()
    await page.keyboard.press('Enter')
    await expectFocus(finetale, 'stop-writing')
    await page.keyboard.press('Enter')
    await expectFocus(finetale, button)
  }

  // Enter that ends what an input method composes is no wish for a text.
  const name = page.locator('#character-name')
  const enter = (isComposing: boolean) =>
    name.evaluate((input, composing) => {
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: composing }))
    }, isComposing)
  await enter(true)
  await page.waitForTimeout(300)
  expect(await page.locator('#stop-writing').count()).toBe(0)
  await enter(false)
  await page.locator('#stop-writing').waitFor()
  finetale.expectNoErrors()
})

test('the hub form gives the keyboard back to its button', async () => {
  const hub = await startCourseHub()
  const query = `?preset=courseNotebook&hub=${encodeURIComponent(hub.url)}`
  const finetale = await FinetalePage.open(await freshContext(), url + query)
  const { page } = finetale
  const button = 'finetale-source-picker[kind=model] .hub'
  await begin(finetale, button)
  await page.keyboard.press('Enter')
  await expectFocus(finetale, 'id')
  await page.locator('finetale-hub-form').getByRole('button', { name: 'Cancel', exact: true }).focus()
  await page.keyboard.press('Enter')
  await expectFocus(finetale, 'hub')
  expect(await page.locator('finetale-hub-form').count()).toBe(0)

  await page.keyboard.press('Enter')
  await expectFocus(finetale, 'id')
  await page.keyboard.press('Enter')
  await expectFocus(finetale, 'hub')
  expect(await page.locator('finetale-hub-form').count()).toBe(0)
})

test('a run is renamed and deleted by keys, which say what they do', async () => {
  const recipe = { ...shortRecipe, max_steps: 2, warmup_steps: 0 }
  const finetale = await FinetalePage.open(await freshContext(), url, recipe)
  const { page } = finetale
  const runs = page.locator('finetale-run-list li')
  for (const count of [1, 2]) {
    await page.locator('#train').click(patience)
    await expect.poll(() => runs.count(), patience).toBe(count)
    await finetale.waitForPhase('finished')
  }

  // The one that lies below: a new name moves it to the top, and the keyboard goes with it.
  await begin(finetale, 'finetale-run-list li:nth-of-type(2) [data-action=runRename]')
  await page.keyboard.press('Enter')
  await expectFocus(finetale, 'name')
  await page.keyboard.type('No')
  await page.keyboard.press('Escape')
  await expectFocus(finetale, 'runRename')
  expect(await page.locator('finetale-run-list #name').count()).toBe(0)
  await page.keyboard.press('Enter')
  await expectFocus(finetale, 'name')
  await page.keyboard.type('Other')
  await page.keyboard.press('Enter')
  await expect.poll(() => runs.first().locator('h3').textContent(), patience).toBe('Other')
  await expectFocus(finetale, 'runRename')

  await page.keyboard.press('Tab')
  await expectFocus(finetale, 'delete')
  await page.getByRole('button', { name: 'Delete: Other', exact: true }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^Delete for good and free .+: Other$/ }).waitFor()
  await expectFocus(finetale, 'delete')
  await page.keyboard.press('Enter')
  await expect.poll(() => runs.count(), patience).toBe(1)
  expect(await runs.locator('h3').textContent()).not.toBe('Other')
  await expectFocus(finetale, 'H2')
  finetale.expectNoErrors()
})

test('a setting is reset, a notice dismissed and an interrupted run discarded or resumed by keys', async () => {
  const context = await freshContext()
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 400 })
  const { page } = finetale
  const { keyboard } = page
  const seed = page.locator('finetale-recipe-field:nth-of-type(4)').first()
  await seed.locator('#input').fill('64')
  await keyboard.press('Tab')
  await begin(finetale, 'finetale-recipe-field:nth-of-type(4) button')
  await keyboard.press('Enter')
  await expectFocus(finetale, 'input')
  expect(await seed.locator('button').count()).toBe(0)

  await page.evaluate(() => {
    const app = document.querySelector('finetale-app') as unknown as { store: { note(message: string): void } }
    app.store.note('Only a note.')
  })
  await begin(finetale, 'finetale-notices [data-action=dismiss]')
  await keyboard.press('Enter')
  await expectFocus(finetale, 'all')
  expect(await page.getByText('Only a note.').count()).toBe(0)

  const paused = async () => {
    const before = finetale.steps().length
    await begin(finetale, '#train')
    await keyboard.press('Enter')
    await expect.poll(() => finetale.steps().length, patience).toBeGreaterThan(before)
    await begin(finetale, '#pause')
    await keyboard.press('Enter')
    await finetale.waitForPhase('paused')
    page.once('dialog', (dialog) => void dialog.accept())
    await page.reload()
    await begin(finetale, '#discard')
  }
  await paused()
  await keyboard.press('Enter')
  await expectFocus(finetale, 'discard')
  await keyboard.press('Enter')
  await expectFocus(finetale, 'runs')
  await paused()
  await begin(finetale, '#resume')
  await keyboard.press('Enter')
  await expectFocus(finetale, 'runs')
  finetale.expectNoErrors()
})

test('a curve takes its own keys and leaves the browser’s shortcuts alone', async () => {
  const finetale = await FinetalePage.open(await freshContext(), url, { ...shortRecipe, max_steps: 3 })
  await begin(finetale, '#train')
  await finetale.page.keyboard.press('Enter')
  await finetale.waitForPhase('finished')
  const chart = finetale.page.locator('#loss-chart')
  await expect.poll(() => chart.locator('canvas').count(), patience).toBe(1)
  const taken = (key: string, held = '') =>
    chart
      .locator('.plot')
      .evaluate(
        (plot, [key, held]) =>
          !plot.dispatchEvent(new KeyboardEvent('keydown', { key, [held]: true, cancelable: true })),
        [key, held] as const,
      )
  expect(await taken('ArrowLeft')).toBe(true)
  expect(await taken('+')).toBe(true)
  expect(await taken('ArrowLeft', 'altKey')).toBe(false)
  expect(await taken('+', 'ctrlKey')).toBe(false)
  expect(await taken('-', 'metaKey')).toBe(false)
  finetale.expectNoErrors()
})
