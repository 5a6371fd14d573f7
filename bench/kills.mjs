// `node bench/kills.mjs [--rounds 10] [--params N]`: kills the page at random moments of full-size saves and checks what is
// left, each time by a new page on the same profile. One JSON line a kill; exit status 1 when anything was lost.

import { parseArgs } from 'node:util'
import { serveBench } from './page.mjs'

/**
 * @typedef {object} Found what check-after-kill tells
 * @property {number | null} currentStep
 * @property {number[]} steps
 * @property {number} wrongNumbers
 * @property {number} parts
 * @property {number} partsOfKeptSet
 */

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, params: { type: 'string', default: '0' } },
})
const request = { shape: 'course', threads: 1, rounds: 0, params: Number(values.params) }
const served = await serveBench(true)
let lost = 0
try {
  /** @param {string} bench */
  const open = async (bench) => {
    const browser = await served.launch()
    const page = browser.pages()[0] ?? (await browser.newPage())
    await page.goto(served.url)
    await page.waitForFunction(() => 'runBench' in globalThis)
    /** @type {Promise<Found[]>} */
    const lines = page.evaluate(`runBench(${JSON.stringify({ ...request, bench })})`)
    return { browser, page, lines }
  }
  let last = 0
  // Seconds of one save, measured before the first kill, to spread the kills over several saves.
  let span = 5
  for (let round = 0; round <= Number(values.rounds); round++) {
    const saving = await open('save-for-ever')
    let failure = ''
    saving.lines.catch((error) => (failure = String(error)))
    await saving.page.waitForEvent('console', {
      predicate: (message) => message.text().startsWith('saving'),
      timeout: 0,
    })
    // The first one is let be until something is stored.
    const seconds = round === 0 ? 4 * span : Math.random() * 2 * span
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds))
    if (failure) throw new Error(failure)
    const session = await saving.page.context().newCDPSession(saving.page)
    const crashed = saving.page.waitForEvent('crash')
    session.send('Page.crash').catch(() => undefined)
    await crashed
    await saving.browser.close()
    const checking = await open('check-after-kill')
    const [found] = await checking.lines
    await checking.browser.close()
    if (!found) throw new Error('no answer')
    if (round === 0) {
      last = found.currentStep ?? 0
      span = last > 0 ? seconds / last : 2 * span
      if (last === 0) round--
      continue
    }
    const whole =
      found.wrongNumbers === 0 &&
      found.currentStep !== null &&
      found.currentStep >= last &&
      found.steps.includes(found.currentStep) &&
      found.steps.length <= 2 &&
      found.parts === found.partsOfKeptSet
    if (!whole) lost++
    last = found.currentStep ?? last
    console.log(JSON.stringify({ kill: round, afterSeconds: Number(seconds.toFixed(2)), whole, ...found }))
  }
} finally {
  await served.close()
}
process.exitCode = lost > 0 ? 1 : 0
