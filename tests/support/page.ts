// The page as a test sees it: what a user can read and click, and the run events that the page tells the outside world.

import type { BrowserContext, Locator, Page } from 'playwright'
import { expect } from 'vitest'
import type { Recipe } from '../../src/recipe/recipe'
import type { RunEvent, RunPhase, StepMetrics } from '../../src/workers/protocol'

/** Texts of a test's runs end here: what a test wants to know of a text shows in few tokens. */
const shortTexts = { max_new_tokens: 12 }

/** Steps of a run that a test pauses or kills in its midst: enough not to be over before it gets there. */
export const LONG_ENOUGH = 30

/** A run of a dozen steps with evaluations and checkpoints in the middle of it. */
export const shortRecipe: Partial<Recipe> = {
  name: 'Short',
  max_length: 48,
  test_size: 0.05,
  per_device_train_batch_size: 2,
  max_steps: 12,
  warmup_steps: 2,
  learning_rate: 1e-3,
  eval_steps: 6,
  save_steps: 4,
}

const patience = 180_000

export class FinetalePage {
  readonly page: Page
  readonly events: RunEvent[] = []
  /** Uncaught errors and console errors, as text. */
  readonly errors: string[] = []

  private constructor(page: Page) {
    this.page = page
  }

  /**
   * Opens the page in the context's first tab, or in `tab`, with a recipe in its address where one is given, after a query
   * of `url`. A run of such a recipe writes short texts unless `url` says otherwise.
   */
  static async open(context: BrowserContext, url: string, recipe?: Partial<Recipe>, tab?: Page): Promise<FinetalePage> {
    const page = tab ?? context.pages()[0] ?? (await context.newPage())
    const self = new FinetalePage(page)
    page.on('pageerror', (error) => self.errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') self.errors.push(message.text())
    })
    await page.exposeFunction('finetaleTestEvent', (event: RunEvent) => void self.events.push(event))
    await page.addInitScript(() => {
      const tell = (event: Event) => {
        const { finetaleTestEvent } = window as unknown as { finetaleTestEvent: (detail: unknown) => void }
        if (event instanceof CustomEvent) finetaleTestEvent(event.detail)
      }
      document.addEventListener('finetale-run-event', tell, true)
    })
    const address = new URL(url)
    if (recipe) address.searchParams.set('recipe', JSON.stringify(recipe))
    if (recipe && !address.searchParams.has('generation')) {
      address.searchParams.set('generation', JSON.stringify(shortTexts))
    }
    await page.goto(address.href)
    await self.app.waitFor({ state: 'attached' })
    return self
  }

  get app(): Locator {
    return this.page.locator('finetale-app')
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true })
  }

  /** Waits until the button can be used, then clicks it. */
  async click(name: string): Promise<void> {
    await this.button(name).first().click({ timeout: patience })
  }

  async phase(): Promise<string> {
    return (await this.app.getAttribute('data-phase')) ?? ''
  }

  /** Waits for the phase that the page shows; fails at once when the run fails instead. */
  async waitForPhase(...phases: RunPhase[]): Promise<void> {
    await this.#until(`phase ${phases.join(' or ')}`, async () => {
      const phase = await this.phase()
      if (phase === 'failed' && !phases.includes('failed')) throw new Error(`The run failed: ${this.#failure()}`)
      return phases.includes(phase as RunPhase)
    })
  }

  /** Waits until the step's event has arrived. */
  async waitForStep(step: number): Promise<StepMetrics> {
    let found: StepMetrics | undefined
    await this.#until(`step ${step}`, async () => {
      found = this.steps().find((metrics) => metrics.step >= step)
      if (!found && (await this.phase()) === 'failed') throw new Error(`The run failed: ${this.#failure()}`)
      return found !== undefined
    })
    return found as unknown as StepMetrics
  }

  steps(): StepMetrics[] {
    return this.events.flatMap((event) => (event.kind === 'step' ? [event.metrics] : []))
  }

  evalLosses(): number[] {
    return this.events.flatMap((event) => (event.kind === 'eval' ? [event.metrics.loss] : []))
  }

  checkpoints(): number[] {
    return this.events.flatMap((event) => (event.kind === 'checkpoint' ? [event.step] : []))
  }

  /** What a resumed run must repeat to the last bit, one line a step. */
  trace(): string[] {
    return this.steps().map(
      ({ step, loss, grad_norm, learning_rate }) => `${step} ${loss} ${grad_norm} ${learning_rate}`,
    )
  }

  /** Fails when the page logged an error. */
  expectNoErrors(): void {
    expect(this.errors).toEqual([])
  }

  #failure(): string {
    const event = this.events.find((candidate) => candidate.kind === 'failed')
    return event?.kind === 'failed' ? event.error.message : 'no reason given'
  }

  async #until(what: string, check: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + patience
    while (!(await check())) {
      if (Date.now() > end)
        throw new Error(`Waited ${patience / 1000} s in vain for ${what}; phase "${await this.phase()}".`)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}
