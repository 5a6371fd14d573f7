// Chromium for the end-to-end tests: one profile on disk per browser, so that a test can close it and come back.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import type { Browser, BrowserContext } from 'playwright'
import { afterAll, onTestFinished, vi } from 'vitest'
import { ensureBrowser, launchArguments } from '../../scripts/ensure-browser.mjs'

export interface LaunchOptions {
  /** A profile folder to come back to; a fresh one when left out. */
  readonly profile?: string
  /** Address of a proxy that every request beyond this machine must pass. */
  readonly proxy?: string
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** A profile folder that is removed when the test ends. */
export function newProfile(): string {
  const profile = mkdtempSync(join(tmpdir(), 'finetale-e2e-'))
  // Chromium's helper processes write on for a moment after the browser has gone.
  onTestFinished(() => rm(profile, { recursive: true, force: true, maxRetries: 40, retryDelay: 50 }))
  return profile
}

/** Starts a browser that is closed when the test ends. */
export async function launch(options: LaunchOptions = {}): Promise<BrowserContext> {
  const { profile = newProfile(), proxy, width = 1280, height = 900, colorScheme = 'light' } = options
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: ensureBrowser(),
    args: launchArguments(),
    headless: true,
    viewport: { width, height },
    colorScheme,
    ...(proxy ? { proxy: { server: proxy, bypass: 'localhost' } } : {}),
  })
  onTestFinished(() => context.close())
  return context
}

let shared: Promise<Browser> | undefined

/**
 * An empty context of one browser that the tests of a file share, private and closed when the test ends: for tests that
 * never come back to what they stored. To start a browser takes longer than most of them.
 */
export async function freshContext(options: Pick<LaunchOptions, 'width' | 'height' | 'colorScheme'> = {}) {
  const { width = 1280, height = 900, colorScheme = 'light' } = options
  shared ??= chromium.launch({ executablePath: ensureBrowser(), args: launchArguments(), headless: true })
  const context = await (await shared).newContext({ viewport: { width, height }, colorScheme })
  onTestFinished(() => context.close())
  // A browser of its own begins with a page as well.
  await context.newPage()
  return context
}

afterAll(async () => {
  await (await shared)?.close()
})

/**
 * Starts a browser as a user would, with none of Playwright's switches: it throttles background tabs and lets a page know
 * that it is hidden, which Playwright's own launch keeps from it.
 */
export async function launchPlain(): Promise<BrowserContext> {
  const profile = newProfile()
  const args = [
    '--headless=new',
    '--remote-debugging-port=0',
    `--user-data-dir=${profile}`,
    '--no-first-run',
    ...launchArguments(),
    'about:blank',
  ]
  const child = spawn(ensureBrowser(), args, { stdio: 'ignore' })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  onTestFinished(async () => {
    child.kill()
    await gone
  })
  const portFile = join(profile, 'DevToolsActivePort')
  const port = await vi.waitUntil(() => existsSync(portFile) && /^(\d+)\n/.exec(readFileSync(portFile, 'utf8'))?.[1], {
    timeout: 30_000,
    interval: 50,
  })
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true })
  const [context] = browser.contexts()
  if (!context) throw new Error('The browser has no context.')
  return context
}
