// A run whose tab dies, resumed in the same profile, equals the run that was left alone: to the last bit of every loss.

import { expect, test } from 'vitest'
import { launch, newProfile } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

test('killed in mid-run and resumed, the losses are those of the uninterrupted run', async () => {
  const whole = await launch()
  const uninterrupted = await FinetalePage.open(whole, url, shortRecipe)
  await uninterrupted.click('Train')
  await uninterrupted.waitForPhase('finished')
  await whole.close()
  const expected = uninterrupted.trace()
  expect(expected.length).toBe(12)

  const profile = newProfile()
  const first = await launch({ profile })
  const killed = await FinetalePage.open(first, url, shortRecipe)
  await killed.click('Train')
  await killed.waitForStep(6)
  const session = await first.newCDPSession(killed.page)
  const crashed = killed.page.waitForEvent('crash')
  // The answer never comes: the renderer is gone.
  session.send('Page.crash').catch(() => undefined)
  await crashed
  await first.close()
  expect(expected.slice(0, killed.steps().length)).toEqual(killed.trace())

  const second = await launch({ profile })
  const resumed = await FinetalePage.open(second, url)
  await resumed.click('Resume')
  await resumed.waitForPhase('finished')
  const started = resumed.events.find((event) => event.kind === 'started')
  const from = started?.kind === 'started' ? started.fromStep : -1
  expect(from).toBeGreaterThanOrEqual(4)
  expect(resumed.trace()).toEqual(expected.slice(from))
  expect(resumed.evalLosses().at(-1)).toBe(uninterrupted.evalLosses().at(-1))
  resumed.expectNoErrors()
})

test('a paused run survives a reload', async () => {
  const context = await launch()
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 8 })
  await finetale.click('Train')
  await finetale.waitForStep(3)
  await finetale.click('Pause')
  await finetale.waitForPhase('paused')
  const paused = finetale.steps().length
  finetale.page.on('dialog', (dialog) => void dialog.accept())
  await finetale.page.reload()
  await finetale.click('Resume')
  await finetale.waitForPhase('finished')
  expect(finetale.steps().map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  const started = finetale.events.filter((event) => event.kind === 'started').at(-1)
  expect(started?.kind === 'started' && started.fromStep).toBe(paused)
})
