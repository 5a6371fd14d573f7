// Accessibility: axe-core finds nothing wrong at rest, paused and finished, wide and narrow, light and dark.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import type { AxeResults } from 'axe-core'
import { expect, test } from 'vitest'
import { launch } from '../support/browser'
import { FinetalePage, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()
const plain = await serveDist({ isolation: false })
// Evaluated rather than added as a script: the page's content security policy rightly refuses a foreign one.
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function violations(finetale: FinetalePage): Promise<string[]> {
  const { page } = finetale
  await page.evaluate(axeSource)
  const results = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<AxeResults> } }
    return await axe.run()
  })
  return results.violations.flatMap((violation) =>
    violation.nodes.map((node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
  )
}

for (const [width, colorScheme] of [
  [1280, 'light'],
  [390, 'dark'],
] as const) {
  test(`no violations with the notice of one thread at ${width} pixels, ${colorScheme}`, async () => {
    const context = await launch({ width, colorScheme })
    const finetale = await FinetalePage.open(context, `${plain}?coi=0`)
    await expect.poll(() => finetale.button('Train').isEnabled(), { timeout: 60_000 }).toBe(true)
    if (availableParallelism() > 1) expect(await finetale.button('Turn on threads').isVisible()).toBe(true)
    expect(await violations(finetale)).toEqual([])
  })

  test(`no violations at ${width} pixels, ${colorScheme}`, async () => {
    const context = await launch({ width, colorScheme })
    const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: 4 })
    await expect.poll(() => finetale.button('Train').isEnabled(), { timeout: 60_000 }).toBe(true)
    expect(await violations(finetale)).toEqual([])

    await finetale.click('Train')
    await finetale.waitForStep(1)
    await finetale.click('Pause')
    await finetale.waitForPhase('paused')
    expect(await violations(finetale)).toEqual([])

    await finetale.click('Continue')
    await finetale.waitForPhase('finished')
    expect(await violations(finetale)).toEqual([])
    const { scrollWidth, clientWidth } = await finetale.page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement
      return { scrollWidth, clientWidth }
    })
    expect(scrollWidth).toBeLessThanOrEqual(clientWidth)
  })
}
