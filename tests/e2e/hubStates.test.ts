// What the page says of each way a download can end, which buttons it offers, and that the first of them leads on once the
// hub is well. What the fetch itself does: hubAnswers.test.ts.

import { readFileSync } from 'node:fs'
import { unzipSync } from 'fflate'
import type { Page } from 'playwright'
import { expect, test } from 'vitest'
import { freshContext } from '../support/browser'
import { COURSE_DATA, COURSE_MODEL, startCourseHub } from '../support/hubModel'
import { FinetalePage } from '../support/page'
import { serveDist } from '../support/server'
import type { Behaviour, StandInHub } from '../support/standInHub'

const url = await serveDist()
const recipe = {
  max_steps: 2,
  warmup_steps: 0,
  max_length: 48,
  per_device_train_batch_size: 2,
  eval_strategy: 'no',
  save_steps: 0,
} as const
const patience = { timeout: 60_000 }

async function openCourse(hub: StandInHub): Promise<FinetalePage> {
  return FinetalePage.open(
    await freshContext(),
    `${url}?preset=courseNotebook&hub=${encodeURIComponent(hub.url)}`,
    recipe,
  )
}

const buttonsOf = (page: Page) => page.locator('finetale-download-card .buttons button').allInnerTexts()
const ready = (finetale: FinetalePage) =>
  expect.poll(() => finetale.app.getAttribute('data-ready'), patience).toBe('true')

test.each<[string, Behaviour, string, RegExp, readonly string[]]>([
  [
    'missing',
    { on: `${COURSE_DATA}/resolve/`, status: 404 },
    'Not found',
    /MohamedRashad\/characters_backstories has no .* at revision main/,
    ['Edit the id', 'Try again', 'Use local files'],
  ],
  [
    'gated',
    { on: `${COURSE_DATA}/resolve/`, status: 403, headers: { 'X-Error-Code': 'GatedRepo' } },
    'Not given out',
    /private or gated.*accept its terms/s,
    ['Enter a token', 'Edit the id', 'Try again', 'Use local files'],
  ],
  [
    'blocked',
    { on: COURSE_DATA, noCors: true },
    'No connection to the hub',
    /gave no answer.*whether this network blocks the host/s,
    ['Try again', 'Use a mirror', 'Use local files'],
  ],
  [
    'broken',
    { on: `${COURSE_DATA}/resolve/`, status: 500 },
    'No connection to the hub',
    /answered 500.*Nothing is lost/s,
    ['Try again', 'Use a mirror', 'Use local files'],
  ],
  [
    'a web page',
    { on: 'model.safetensors', body: 'page' },
    'Not the file that was expected',
    /found a web page.*sign in/s,
    ['Download again', 'Use a mirror', 'Use local files'],
  ],
  [
    'a pointer',
    { on: 'model.safetensors', body: 'pointer' },
    'Not the file that was expected',
    /Git LFS pointer.*git lfs pull/s,
    ['Download again', 'Use a mirror', 'Use local files'],
  ],
  [
    'another size',
    { on: 'model.safetensors', stopAfter: 1000, noLength: true, quietly: true },
    'Not the file that was expected',
    /model\.safetensors .*: expected \d+ bytes, got \d+ bytes/,
    ['Download again', 'Use a mirror', 'Use local files'],
  ],
  [
    'another hash',
    { on: 'model.safetensors', body: 'other bytes' },
    'Not the file that was expected',
    /expected SHA-256 [\da-f]{64}, got [\da-f]{64}.*only this file/s,
    ['Download again', 'Use a mirror', 'Use local files'],
  ],
])('%s: a sentence, buttons, and a way on', async (_, behaviour, title, sentence, buttons) => {
  const hub = await startCourseHub()
  hub.behave(behaviour)
  const finetale = await openCourse(hub)
  await finetale.click('Download')
  const alert = finetale.page.locator('finetale-download-card').getByRole('alert')
  await alert.waitFor(patience)
  expect(await alert.getByRole('heading').innerText()).toBe(title)
  expect(await alert.innerText()).toMatch(sentence)
  expect(await buttonsOf(finetale.page)).toEqual(buttons)
  expect(await finetale.phase()).toBe('idle')
  hub.reset()
  await finetale.click(buttons.find((name) => name === 'Try again' || name === 'Download again') ?? '')
  await ready(finetale)
})

test('offline: says so, and goes on when the connection is back', async () => {
  const hub = await startCourseHub()
  const finetale = await openCourse(hub)
  await finetale.button('Download').waitFor(patience)
  await finetale.page.context().setOffline(true)
  await finetale.click('Download')
  await finetale.page.getByText(/was not reached: this browser is offline/).waitFor(patience)
  await finetale.page.context().setOffline(false)
  await finetale.click('Try again')
  await ready(finetale)
})

test('a mirror typed for one side serves the other too', async () => {
  const blocked = await startCourseHub()
  blocked.behave({ on: /./, noCors: true })
  const mirror = await startCourseHub()
  const finetale = await openCourse(blocked)
  await finetale.click('Download')
  await finetale.click('Use a mirror')
  await finetale.page.getByLabel('Hub address').fill(mirror.url)
  await finetale.click('Use this one')
  await finetale.click('Download')
  await ready(finetale)
  expect(mirror.asked()).toContain('model.safetensors')
})

test('a renamed repository is fetched and its new name told', async () => {
  const hub = await startCourseHub()
  hub.rename('roneneldan/OldStories', COURSE_MODEL)
  const address = `${url}?preset=courseNotebook&hub=${encodeURIComponent(hub.url)}&model=roneneldan/OldStories`
  const finetale = await FinetalePage.open(await freshContext(), address, recipe)
  await finetale.click('Download')
  await ready(finetale)
  await finetale.page.getByText(`roneneldan/OldStories is now called ${COURSE_MODEL}.`).waitFor()
})

/** Which of the words are anywhere in what the origin keeps: storages, address, names of caches, every record and Blob. */
function keptOf(page: Page, words: readonly string[]): Promise<string[]> {
  return page.evaluate(async (wanted) => {
    const kept = new Set<string>()
    const note = (text: string) => wanted.filter((word) => text.includes(word)).forEach((word) => kept.add(word))
    note(JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]))
    const text = (bytes: BufferSource) => new TextDecoder('latin1').decode(bytes)
    const look = async (value: unknown): Promise<void> => {
      if (value instanceof Blob) note(text(await value.arrayBuffer()))
      else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) note(text(value as BufferSource))
      else if (typeof value === 'object' && value !== null) {
        for (const [name, item] of Object.entries(value)) {
          note(name)
          await look(item)
        }
      } else note(String(value))
    }
    for (const name of await caches.keys()) {
      for (const request of await (await caches.open(name)).keys()) note(request.url)
    }
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error ?? new Error('unread'))
      })
    for (const { name = '' } of await indexedDB.databases()) {
      const db = await asked(indexedDB.open(name))
      for (const store of db.objectStoreNames) {
        const records = db.transaction(store).objectStore(store)
        const [keys, values] = await Promise.all([asked(records.getAllKeys()), asked(records.getAll())])
        await look(keys)
        await look(values)
      }
      db.close()
    }
    return [...kept]
  }, words)
}

test('a token is in nothing that is kept, after a run as well, nor in what is exported', async () => {
  const token = 'hf_TokenOfThisSession'
  const hub = await startCourseHub({ token })
  const finetale = await openCourse(hub)
  const { page } = finetale
  await finetale.click('Download')
  await finetale.click('Enter a token')
  await page.getByLabel('Access token').fill(token)
  await finetale.click('Use this one')
  await page.getByLabel('Access token').waitFor({ state: 'detached' })
  await ready(finetale)
  await finetale.click('Train')
  await finetale.waitForPhase('finished')
  // The look reaches what is kept: the repository's name stands in the run's record.
  expect(await keptOf(page, [token, COURSE_MODEL])).toEqual([COURSE_MODEL])
  expect(await page.content()).not.toContain(token)

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('[data-action=runExport]').first().click(),
  ])
  const files = unzipSync(readFileSync(await download.path()))
  expect(Object.keys(files)).toContain('run.json')
  for (const [name, bytes] of Object.entries(files)) {
    expect(Buffer.from(bytes).includes(token), name).toBe(false)
  }
  expect(hub.requests.filter(({ method }) => method === 'GET').at(-1)?.authorization).toBe(`Bearer ${token}`)
  await page.reload()
  await finetale.app.waitFor({ state: 'attached' })
  expect(await keptOf(page, [token, COURSE_MODEL])).toEqual([COURSE_MODEL])
})
