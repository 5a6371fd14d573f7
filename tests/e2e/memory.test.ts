// Memory: a recipe that cannot fit is refused before it starts, with one button to one that does; a full heap and a dead
// worker each end in a plain sentence and one button that restarts the worker and resumes.

import type { BrowserContext } from 'playwright'
import { expect, test } from 'vitest'
import { launch } from '../support/browser'
import { FinetalePage, LONG_ENOUGH, shortRecipe } from '../support/page'
import { serveDist } from '../support/server'

const url = await serveDist()

const isTrainer = (address: string) => /\/trainer\.worker-[^/]*\.js/.test(address)
const alert = (finetale: FinetalePage) => finetale.page.locator('finetale-notices .error')

/** Steps that every trace of `finetale` holds, in order of arrival. */
const steps = (finetale: FinetalePage) => finetale.steps().map(({ step }) => step)

/** Keeps every worker of the page in `window.workers`, by name. */
async function keepWorkers(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const workers: Record<string, Worker> = {}
    Object.assign(window, { workers })
    window.Worker = class extends Worker {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options)
        workers[options?.name ?? ''] = this
      }
    }
  })
}

test('a recipe that cannot fit is refused before Train, and the button sets the largest batch that does', async () => {
  const recipe = { ...shortRecipe, padding: 'max_length', max_length: 256, per_device_train_batch_size: 512 } as const
  const finetale = await FinetalePage.open(await launch(), url, recipe)
  const budget = finetale.page.locator('finetale-budget')
  const refusal = budget.getByRole('alert')
  await refusal.waitFor()
  const text = (await refusal.textContent()) ?? ''
  expect(text).toMatch(/needs about [\d]+ MB of memory, and a page has 4295 MB/)
  const [, rows, length] = /batch size (\d+) at this length, or maximum length (\d+)/.exec(text)?.map(Number) ?? []
  expect(rows).toBeGreaterThan(100)
  expect(length).toBeGreaterThan(50)
  const train = finetale.button('Train')
  await expect.poll(() => train.isDisabled()).toBe(true)
  await finetale.click(`Use Batch size ${rows}`)
  await refusal.waitFor({ state: 'detached' })
  await expect.poll(() => train.isEnabled(), { timeout: 60_000 }).toBe(true)
  await finetale.page.getByText(/there is room for both/).waitFor()
  finetale.expectNoErrors()
})

test('where only the rows tell, the trainer refuses before it loads the model, with the same button', async () => {
  // The rows are shorter than this, and how long they are is known once they are tokens.
  const recipe = { ...shortRecipe, max_length: 256, per_device_train_batch_size: 512, test_size: 0.01, eval_steps: 1 }
  const finetale = await FinetalePage.open(await launch(), url, recipe)
  await finetale.click('Train')
  await finetale.waitForPhase('failed')
  await alert(finetale)
    .getByText(/needs about [\d]+ MB of memory/)
    .waitFor()
  const use = alert(finetale).getByRole('button', { name: /^Use Batch size \d+$/ })
  const rows = /\d+/.exec((await use.textContent()) ?? '')?.[0]
  await use.click()
  await alert(finetale).waitFor({ state: 'detached' })
  await expect
    .poll(() => finetale.page.locator('finetale-recipe-panel').getByLabel('Batch size', { exact: true }).inputValue())
    .toBe(rows)
  expect(finetale.steps()).toEqual([])
})

test('a heap that is full ends in a sentence, and one click goes on from the checkpoint in a fresh one', async () => {
  const context = await launch()
  // The same engine on memory that really ends at 100 MB: malloc fails in the first step.
  const pages = 1600
  await context.route(isTrainerUrl, async (route) => {
    const response = await route.fetch()
    const limit = `const Whole = WebAssembly.Memory
      WebAssembly.Memory = class extends Whole {
        constructor(sizes) { super({ ...sizes, maximum: Math.min(sizes.maximum ?? Infinity, ${pages}) }) }
      };`
    await route.fulfill({ response, body: limit + (await response.text()) })
  })
  const finetale = await FinetalePage.open(context, url, {
    ...shortRecipe,
    max_length: 160,
    per_device_train_batch_size: 8,
  })
  await finetale.click('Train')
  await finetale.waitForPhase('failed')
  await alert(finetale)
    .getByText(/out of memory: it holds \d+ MB/)
    .waitFor()
  await context.unroute(isTrainerUrl)
  await alert(finetale).getByRole('button', { name: 'Restart and resume from step 0', exact: true }).click()
  await expect.poll(() => finetale.phase(), { timeout: 120_000 }).toBe('finished')
  expect(steps(finetale)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(finetale.checkpoints().at(-1)).toBe(12)
  expect(await alert(finetale).count()).toBe(0)
})

/** Every kernel of the trainer's own thread traps, as memory out of bounds does, once `trap` is set there. */
async function letKernelsTrap(context: BrowserContext): Promise<void> {
  await context.route(isTrainerUrl, async (route) => {
    const response = await route.fetch()
    const hook = `const Whole = WebAssembly.Instance
      WebAssembly.Instance = function (...args) {
        const { exports } = new Whole(...args)
        const guarded = ([name, value]) => [name, typeof value !== 'function' ? value : (...values) => {
          if (self.trap) throw new WebAssembly.RuntimeError('unreachable')
          return value(...values)
        }]
        return { exports: Object.fromEntries(Object.entries(exports).map(guarded)) }
      };`
    await route.fulfill({ response, body: hook + (await response.text()) })
  })
}

test.each([
  ['terminated by the page', 'terminate', /The trainer worker stopped/],
  ['closed from within', 'close', /The trainer worker stopped/],
  ['thrown out of its loop', 'throw', /The trainer worker stopped/],
  ['trapped in its kernels', 'trap', /ran out of memory and had to stop/],
] as const)('a trainer worker, %s, ends in a sentence and one button that resumes', async (_what, how, sentence) => {
  const context = await launch()
  await keepWorkers(context)
  if (how === 'trap') await letKernelsTrap(context)
  const finetale = await FinetalePage.open(context, url, { ...shortRecipe, max_steps: LONG_ENOUGH })
  await finetale.click('Train')
  await finetale.waitForStep(6)
  await expect.poll(() => finetale.checkpoints().at(-1) ?? -1, { timeout: 60_000 }).toBeGreaterThanOrEqual(4)
  if (how === 'terminate') {
    await finetale.page.evaluate(() => {
      const { workers } = window as unknown as { workers: Record<string, Worker> }
      workers['finetale-trainer']?.terminate()
    })
  } else {
    const worker = finetale.page.workers().find((one) => isTrainer(one.url()))
    // The answer may not come any more.
    void worker
      ?.evaluate((way) => {
        if (way === 'close') self.close()
        else if (way === 'trap') Object.assign(self, { trap: true })
        else setTimeout(() => { throw new Error('a fault of its own') }) // prettier-ignore
      }, how)
      .catch(() => undefined)
  }
  await finetale.waitForPhase('failed')
  await alert(finetale).getByText(sentence).waitFor()
  const button = alert(finetale).getByRole('button', { name: /^Restart and resume from step \d+$/ })
  const promised = Number(/\d+/.exec((await button.textContent()) ?? '')?.[0])
  // A worker may die with a checkpoint stored and no word of it said; the button knows.
  expect(promised).toBeGreaterThanOrEqual(finetale.checkpoints().at(-1) ?? -1)
  await button.click()
  await expect.poll(() => finetale.phase(), { timeout: 120_000 }).toBe('finished')
  const at = finetale.events.findLastIndex((event) => event.kind === 'started')
  const started = finetale.events[at]
  const from = started?.kind === 'started' ? started.fromStep : NaN
  // Or later, where a save under way came to its end after the click.
  expect(from).toBeGreaterThanOrEqual(promised)
  const since = finetale.events.slice(at).flatMap((event) => (event.kind === 'step' ? [event.metrics.step] : []))
  expect(since).toEqual(Array.from({ length: LONG_ENOUGH - from }, (_, i) => from + 1 + i))
})

function isTrainerUrl(address: URL): boolean {
  return isTrainer(address.pathname)
}
