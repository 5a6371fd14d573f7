// A run of 100,000 logged points on the page: the spike is on the canvas, the table pages, and a step more costs what it
// costs in a short run. Work is counted; nothing is timed.

import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import { metricsBlocks } from '../../src/storage/metrics'
import type { StepMetrics } from '../../src/workers/protocol'
import { launch } from '../support/browser'
import { FinetalePage } from '../support/page'
import { serveDist } from '../support/server'
import { storedRun } from '../support/storedRun'

const url = await serveDist()

const POINTS = 100_000
const SPIKE = 61_803
const NOT_FINITE = 20_000

function metrics(step: number): StepMetrics {
  // A falling loss with a repeatable ripple, far below the spike.
  const loss = step === SPIKE ? 30 : step === NOT_FINITE ? NaN : 2 + 1 / (1 + step / 5000) + Math.sin(step * 1.7) / 20
  const numbers = { epoch: step / 1000, learning_rate: 1e-3 * (1 - step / 200_000), grad_norm: 1, seconds: 0.1 }
  return { step, loss, ...numbers, tokens: 100, heapBytes: 1e8, tensors: 300, at: 1_700_000_000_000 + step }
}

const record = {
  ...storedRun('long'),
  ...{ name: 'Long', state: 'finished' as const, step: POINTS, totalSteps: 2 * POINTS },
  resumes: [{ step: 40_000, at: 1 }],
  changes: [{ step: 80_000, what: 'learning_rate' as const, from: 1e-3, to: 1e-4, at: 2 }],
}

/** Puts the run into the page's database and opens the page on it. */
async function openOnRun(): Promise<FinetalePage> {
  const finetale = await FinetalePage.open(await launch(), url)
  await expect.poll(() => finetale.page.evaluate(() => indexedDB.databases().then((all) => all.length))).toBe(1)
  const steps = Array.from({ length: POINTS }, (_, i) => ({ kind: 'step' as const, ...metrics(i + 1) }))
  const evals = [0, 50_000, POINTS].map((step) => ({
    kind: 'eval' as const,
    step,
    epoch: 0,
    loss: 2.5,
    runtime: 1,
    at: 1,
  }))
  await finetale.page.evaluate(
    ({ run, blocks }) =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open('finetale')
        request.onerror = () => reject(request.error ?? new Error('not opened'))
        request.onsuccess = () => {
          const tx = request.result.transaction(['runs', 'metrics'], 'readwrite')
          tx.objectStore('runs').put(run)
          for (const block of blocks) tx.objectStore('metrics').put(block)
          tx.oncomplete = () => {
            request.result.close()
            resolve()
          }
          tx.onabort = () => reject(tx.error ?? new Error('not stored'))
        }
      }),
    { run: record, blocks: metricsBlocks('long', [...steps, ...evals]) },
  )
  await finetale.page.reload()
  await finetale.page.locator('#loss-chart .notes').waitFor({ timeout: 60_000 })
  return finetale
}

/** The highest canvas row, as a share of the canvas height, in which the colour of a curve stands; 1 where none does. */
function highestInk(page: Page): Promise<number> {
  return page.evaluate(() => {
    const chart = document
      .querySelector('finetale-app')!
      .shadowRoot!.querySelector('finetale-train-step')!
      .shadowRoot!.querySelector('finetale-metrics')!
      .shadowRoot!.querySelector('#loss-chart')!
    const canvas = chart.shadowRoot!.querySelector('canvas')!
    const { width, height } = canvas
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
    // The curves are green, dark or faint; axes and grid are greys, marks brown, evaluations orange, the cross is red.
    for (let y = 0; y < height; y++) {
      for (let x = 80; x < width; x++) {
        const at = 4 * (y * width + x)
        const [red, green, blue, alpha] = [data[at]!, data[at + 1]!, data[at + 2]!, data[at + 3]!]
        if (alpha > 40 && green - red > 30 && green >= blue) return y / height
      }
    }
    return 1
  })
}

test('100,000 points: the spike is drawn, marks are told, the table pages, and a step more is little work', async () => {
  const finetale = await openOnRun()
  const { page } = finetale
  const chart = page.locator('#loss-chart')
  await expect.poll(() => chart.locator('canvas').count()).toBe(1)

  // The spike is one point of 100,000 and reaches to the top of the plot; without it the curve would not be there.
  await expect.poll(() => highestInk(page)).toBeLessThan(0.2)
  expect(await chart.locator('.notes li').allTextContents()).toEqual([
    'Values that are not finite numbers, marked by a cross: 1',
    'Step 40,000: resumed from its checkpoint',
    'Step 80,000: learning_rate changed from 0.001 to 1e-4',
  ])

  await chart.getByRole('button', { name: 'Table' }).click()
  const table = chart.locator('finetale-chart-table')
  await expect.poll(() => table.locator('tbody tr').count()).toBe(25)
  expect(await table.locator('.pager').textContent()).toContain('100,001')
  await table.getByRole('button', { name: 'Later' }).click()
  await expect.poll(() => table.locator('tbody td').first().textContent()).toBe('25')

  // Keys reach every point: the last one, then a page back, then the one before that.
  const plot = chart.locator('.plot')
  await plot.focus()
  await plot.press('End')
  await expect.poll(() => chart.locator('.keys').textContent()).toContain('step 100,000')
  await plot.press('ArrowLeft')
  await expect.poll(() => chart.locator('.keys').textContent()).toContain('step 99,999')
  // Zoomed in on the end, the spike is out of sight; Escape brings it back.
  for (let i = 0; i < 6; i++) await plot.press('+')
  await expect.poll(() => highestInk(page)).toBeLessThan(0.6)
  await plot.press('Escape')
  await expect.poll(() => highestInk(page)).toBeLessThan(0.2)

  // 300 steps more, as a live run would tell them, while the page is used: each redraw handles a width's worth of points.
  const work = await page.evaluate(
    async ({ points, rows }) => {
      const app = document.querySelector('finetale-app')!
      const { store } = app as Element & {
        readonly store: { apply(event: unknown): boolean; readonly steps: { readonly length: number } }
      }
      const plotOf = app
        .shadowRoot!.querySelector('finetale-train-step')!
        .shadowRoot!.querySelector('finetale-metrics')!
        .shadowRoot!.querySelector('#loss-chart')!
        .shadowRoot!.querySelector('.plot')!
      let draws = 0
      let lines = 0
      const paths = Path2D.prototype
      const canvases = CanvasRenderingContext2D.prototype
      const lineTo = Reflect.get(paths, 'lineTo')
      const clearRect = Reflect.get(canvases, 'clearRect')
      paths.lineTo = function (x, y) {
        lines++
        lineTo.call(this, x, y)
      }
      canvases.clearRect = function (...box) {
        draws++
        clearRect.apply(this, box)
      }
      for (const row of rows) {
        store.apply({ kind: 'step', runId: 'long', metrics: row })
        await new Promise((resolve) => requestAnimationFrame(resolve))
      }
      paths.lineTo = lineTo
      canvases.clearRect = clearRect
      return { draws, lines, width: plotOf.clientWidth, added: store.steps.length - points }
    },
    { points: POINTS, rows: Array.from({ length: 300 }, (_, i) => metrics(POINTS + 1 + i)) },
  )
  expect(work.added).toBe(300)
  expect(work.draws).toBeGreaterThan(100)
  // Three charts a redraw, at most five points a pixel column and curve.
  expect(work.lines / work.draws).toBeLessThan(3 * 5 * work.width)
  // The page still answers.
  await table.getByRole('button', { name: 'Earlier' }).click()
  await expect.poll(() => table.locator('tbody td').first().textContent()).toBe('0')
  finetale.expectNoErrors()
})
