// A connection that breaks in the middle of a file, in a real browser: taken up by range where that can be proven right,
// else from the start, and told either way. What is kept afterwards: hubCache.test.ts.

import type { Page } from 'playwright'
import { beforeEach, expect, test } from 'vitest'
import { callIn, fetchIn, type Outcome } from '../support/hubPage'
import { servedHubPage, startHub } from '../support/hubTest'
import { modelRef, safetensors, settings, smallModel } from '../support/smallRepos'
import type { StandInHub, StandInOptions } from '../support/standInHub'

const FILE = 'model.safetensors'
const IN_FILE = `/resolve/main/${FILE}`

const openPage = await servedHubPage()
let page: Page

beforeEach(async () => {
  page = await openPage()
})

const startModelHub = async (options?: StandInOptions, files = smallModel) =>
  (await startHub(options)).add('owner/model', files)

/** The Range headers of the requests for the weights, in order; null where there was none. */
const rangesOf = (hub: StandInHub) =>
  hub.requests.filter(({ method, url }) => method === 'GET' && url.endsWith(IN_FILE)).map(({ range }) => range)

const mended = ({ progress }: Outcome) => [...new Set(progress.flatMap((step) => step.mended ?? []))]

/** The file came whole, and nothing else is left of it. */
async function expectWhole(outcome: Outcome): Promise<void> {
  expect(outcome.error).toBeNull()
  expect(outcome.files?.[FILE]).toBe((smallModel[FILE] as Buffer).length)
  const { files, parts } = await callIn(page, 'stored')
  expect(files).toHaveLength(Object.keys(smallModel).length + 1)
  const sizes = Object.values(smallModel).map((content) => Math.ceil((content as Buffer).length / 100_000))
  expect(parts).toHaveLength(sizes.reduce((a, b) => a + b, 0) + 1)
}

test('goes on where it broke, and says so', async () => {
  const hub = await startModelHub()
  hub.behave({ on: IN_FILE, stopAfter: 0.6, times: 1 })
  const outcome = await fetchIn(page, modelRef(hub.url))
  await expectWhole(outcome)
  const [first, second, ...more] = rangesOf(hub)
  expect([first, more]).toEqual([null, []])
  expect(second).toMatch(/^bytes=[1-9]\d*-$/)
  expect(mended(outcome)).toEqual(['resumed'])
  const received = outcome.progress.map(({ receivedBytes }) => receivedBytes)
  expect(received).toEqual([...received].sort((a, b) => a - b))
})

test('gets over any number of breaks, as long as each try brings something', async () => {
  const large = { ...settings, [FILE]: safetensors(9_000_000) }
  const hub = await startModelHub({}, large)
  hub.behave({ on: IN_FILE, stopAfter: 1_600_000 })
  const outcome = await fetchIn(page, modelRef(hub.url), { partBytes: 1_000_000 })
  expect(outcome.error).toBeNull()
  expect(outcome.files?.[FILE]).toBe(large[FILE].length)
  expect(rangesOf(hub).length).toBeGreaterThan(4)
})

test('begins again where nothing proves that the pieces belong together', async () => {
  const hub = await startModelHub({ listing: false })
  hub.behave({ on: IN_FILE, stopAfter: 0.6, times: 1 })
  const outcome = await fetchIn(page, modelRef(hub.url))
  await expectWhole(outcome)
  expect(rangesOf(hub)).toEqual([null, null])
  expect(mended(outcome)).toEqual(['restarted'])
})

test('begins again where the hub sends everything instead', async () => {
  const hub = await startModelHub({ noRanges: true })
  hub.behave({ on: IN_FILE, stopAfter: 0.6, times: 1 })
  const outcome = await fetchIn(page, modelRef(hub.url))
  await expectWhole(outcome)
  expect(rangesOf(hub)).toHaveLength(2)
  expect(mended(outcome)).toContain('restarted')
})

test.each([403, 416])('begins again where ranges are refused with %d', async (status) => {
  const hub = await startModelHub()
  hub.behave({ on: IN_FILE, stopAfter: 0.6, times: 1 }, { on: IN_FILE, status, times: 1 })
  const outcome = await fetchIn(page, modelRef(hub.url))
  await expectWhole(outcome)
  expect(rangesOf(hub).map((range) => range !== null)).toEqual([false, true, false])
  expect(mended(outcome)).toEqual(['resumed', 'restarted'])
})

test('begins again where the rest is blocked, as some storage blocks preflights', async () => {
  const hub = await startModelHub({ refuseRangePreflight: true })
  hub.behave({ on: IN_FILE, stopAfter: 0.6, times: 1 }, { on: IN_FILE, noCors: true, times: 1 })
  await expectWhole(await fetchIn(page, modelRef(hub.url)))
})

test('a file that changed in between is fetched whole', async () => {
  const hub = await startModelHub()
  hub.behave({ on: IN_FILE, stopAfter: 0.6, times: 1 }, { on: IN_FILE, body: 'other bytes', times: 1 })
  const outcome = await fetchIn(page, modelRef(hub.url))
  await expectWhole(outcome)
  expect(rangesOf(hub).map((range) => range !== null)).toEqual([false, true, false])
})

test('the token does not follow the rest to another host', async () => {
  const token = 'hf_secretsecret'
  const [hub, storage] = [await startModelHub({ token }), await startModelHub()]
  hub.behave({ on: IN_FILE, status: 302, to: `${storage.url}owner/model${IN_FILE}` })
  storage.behave({ on: IN_FILE, stopAfter: 0.6, times: 1 })
  await expectWhole(await fetchIn(page, modelRef(hub.url), { token }))
  expect(storage.requests.filter(({ authorization }) => authorization !== null)).toEqual([])
  expect(hub.requests.filter(({ method, authorization }) => method === 'GET' && authorization === null)).toEqual([])
})
