// What the tests of fetching begin with: the page that fetches, open in a fresh context, and a hub of their own.

import type { Page } from 'playwright'
import { afterAll, onTestFinished } from 'vitest'
import { freshContext, launch } from './browser'
import { openHubPage, serveHubPage } from './hubPage'
import { StandInHub, type StandInOptions } from './standInHub'

/** Serves the page until the file's tests have ended; the function opens it, in a profile to come back to where one is given. */
export async function servedHubPage(): Promise<(profile?: string) => Promise<Page>> {
  const site = await serveHubPage()
  afterAll(() => site.close())
  return async (profile) => {
    const context = await (profile ? launch({ profile }) : freshContext())
    return openHubPage(context.pages()[0]!, site.url)
  }
}

/** A hub that is closed when the test ends. */
export async function startHub(options: StandInOptions = {}): Promise<StandInHub> {
  const hub = await StandInHub.start(options)
  onTestFinished(() => hub.close())
  return hub
}

/** Names of the files that came, in order. */
export function names(files: Readonly<Record<string, number>> | null): string[] {
  return Object.keys(files ?? {}).sort()
}
