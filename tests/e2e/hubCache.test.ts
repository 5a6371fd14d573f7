// What a fetch leaves in the browser: nothing half, nothing left over, everything to open without a connection (BL-23,
// BL-31). Progress that is never wrong.

import type { Page } from 'playwright'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { FetchProgress } from '../../src/workers/protocol'
import { newProfile } from '../support/browser'
import { callIn, fetchIn, openHubPage, type HubWindow } from '../support/hubPage'
import { servedHubPage, startHub } from '../support/hubTest'
import { modelRef, smallModel, WEIGHT_BYTES } from '../support/smallRepos'
import { StandInHub, type StandInOptions } from '../support/standInHub'

const openPage = await servedHubPage()
const startModelHub = async (options?: StandInOptions) => (await startHub(options)).add('owner/model', smallModel)

const total = Object.values(smallModel).reduce((sum, content) => sum + (content as Buffer).length, 0)

function expectSound(progress: readonly FetchProgress[]): void {
  expect(progress.length).toBeGreaterThan(0)
  for (const { receivedBytes, totalBytes, bytesPerSecond, secondsLeft } of progress) {
    expect(totalBytes === null || receivedBytes <= totalBytes).toBe(true)
    expect(bytesPerSecond).toBeGreaterThanOrEqual(0)
    expect(secondsLeft === null || (Number.isFinite(secondsLeft) && secondsLeft >= 0)).toBe(true)
  }
  expect(progress.at(-1)?.receivedBytes).toBe(total)
}

/** How many parts a file of the model has: they hold 100,000 bytes in these tests. */
const partsOf = (name: string) => Math.ceil((smallModel[name] as Buffer).length / 100_000)
const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0)
const partsBeside = (name: string) =>
  sum(
    Object.keys(smallModel)
      .filter((other) => other !== name)
      .map(partsOf),
  )

/** The whole model is there, with the record that says so, and no part but theirs. */
async function expectTidy(page: Page): Promise<void> {
  const { files, parts } = await callIn(page, 'stored')
  expect(files).toHaveLength(Object.keys(smallModel).length + 1)
  expect(parts).toHaveLength(sum(Object.keys(smallModel).map(partsOf)) + 1)
}

test('offline after a full load: opens without a request, after a restart too', async () => {
  const profile = newProfile()
  const hub = await startModelHub()
  const page = await openPage(profile)
  const first = await fetchIn(page, modelRef(hub.url))
  expectSound(first.progress)
  expect(first.progress.at(-1)?.totalBytes).toBe(total)
  await expectTidy(page)
  await page.context().close()
  hub.reset()

  const again = await openPage(profile)
  expect(await callIn(again, 'cachedBytes', modelRef(hub.url))).toBe(total)
  const second = await fetchIn(again, modelRef(hub.url))
  expect(second.files).toEqual(first.files)
  expect(second.texts).toEqual(first.texts)
  expect(hub.requests).toEqual([])

  expect(await callIn(again, 'removeCached', modelRef(hub.url))).toBeGreaterThanOrEqual(total)
  expect(await callIn(again, 'stored')).toEqual({ files: [], parts: [] })
  expect(await callIn(again, 'cachedBytes', modelRef(hub.url))).toBe(0)
})

describe.each([true, false])('a connection cut at 60 %, listing %s', (listing) => {
  test.each([
    ['broken', {}],
    ['ended as if whole', { noLength: true, quietly: true }],
  ])('once, %s: the fetch mends it by itself', async (_, how) => {
    const hub = await startModelHub({ listing })
    hub.behave({ on: 'resolve/main/model.safetensors', stopAfter: 0.6, times: 1, ...how })
    const page = await openPage()
    const { error, progress, files } = await fetchIn(page, modelRef(hub.url))
    expect(error).toBeNull()
    expect(files?.['model.safetensors']).toBeGreaterThan(WEIGHT_BYTES)
    expectSound(progress)
    await expectTidy(page)
  })

  test('each time: an error, nothing half is kept, and the next fetch asks for that file alone', async () => {
    const hub = await startModelHub({ listing })
    hub.behave({ on: 'resolve/main/model.safetensors', stopAfter: 0.6, noLength: true, quietly: true })
    const page = await openPage()
    expect((await fetchIn(page, modelRef(hub.url))).error).not.toBeNull()
    const { files, parts } = await callIn(page, 'stored')
    expect(files.filter((key) => key.includes('safetensors'))).toEqual([])
    hub.reset()
    expect(await callIn(page, 'cachedBytes', modelRef(hub.url))).toBe(0)
    expect((await fetchIn(page, modelRef(hub.url))).error).toBeNull()
    expect(hub.asked().filter((path) => path in smallModel)).toEqual(['model.safetensors'])
    expect(parts).toHaveLength(partsBeside('model.safetensors'))
  })
})

test('a tab closed at 60 % leaves parts that the next fetch sweeps', async () => {
  const profile = newProfile()
  const hub = await startModelHub()
  hub.behave({ on: 'resolve/main/model.safetensors', stallAfter: 0.6, times: 1 })
  const page = await openPage(profile)
  void fetchIn(page, modelRef(hub.url)).catch(() => undefined)
  await vi.waitUntil(async () => (await callIn(page, 'stored')).parts.length > partsBeside('model.safetensors') + 1, {
    timeout: 20_000,
  })
  await page.context().close()

  const again = await openPage(profile)
  expect((await callIn(again, 'stored')).files.filter((key) => key.includes('safetensors'))).toEqual([])
  expect((await fetchIn(again, modelRef(hub.url))).error).toBeNull()
  await expectTidy(again)
})

test('two tabs fetch the same once, and neither sweeps what the other is bringing', async () => {
  const hub = await startModelHub()
  hub.add('owner/other', smallModel)
  hub.behave({ on: 'model.safetensors', delay: 30 })
  const page = await openPage()
  const other = await openHubPage(await page.context().newPage(), page.url())
  const third = await openHubPage(await page.context().newPage(), page.url())
  const outcomes = await Promise.all([
    fetchIn(page, modelRef(hub.url)),
    fetchIn(other, modelRef(hub.url)),
    fetchIn(third, modelRef(hub.url, 'owner/other')),
  ])
  expect(outcomes.map(({ error }) => error)).toEqual([null, null, null])
  expect(hub.requests.filter(({ url }) => url === '/owner/model/resolve/main/model.safetensors')).toHaveLength(1)
})

describe('progress', () => {
  test.each([
    ['packed, with the packed length', { gzip: true }],
    ['without a length', { noLength: true }],
  ])('%s', async (_, how) => {
    for (const listing of [true, false]) {
      const hub = await startModelHub({ listing })
      hub.behave({ on: '/resolve/', delay: 5, ...how })
      const { error, progress } = await fetchIn(await openPage(), modelRef(hub.url))
      expect(error).toBeNull()
      expectSound(progress)
      // Nothing tells the size before the end.
      if (!listing && 'noLength' in how)
        expect(progress.slice(0, -1).filter(({ totalBytes }) => totalBytes !== null)).toEqual([])
    }
  })

  test('a file that is packed well: its length is passed, so none is shown', async () => {
    const hub = await StandInHub.start({ listing: false })
    onTestFinished(() => hub.close())
    // Zeros behind a header that is right: a hundred times smaller when packed.
    const header = Buffer.from('{"x":{"dtype":"U8","shape":[400000],"data_offsets":[0,400000]}}')
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    const zeros = Buffer.concat([length, header, Buffer.alloc(400_000)])
    hub.add('owner/model', { ...smallModel, 'model.safetensors': zeros }).behave({ on: 'safetensors', gzip: true })
    const { error, progress } = await fetchIn(await openPage(), modelRef(hub.url))
    expect(error).toBeNull()
    expect(progress.every(({ receivedBytes, totalBytes }) => totalBytes === null || receivedBytes <= totalBytes)).toBe(
      true,
    )
  })
})

test('cancel keeps what is whole', async () => {
  const hub = await startModelHub()
  hub.behave({ on: 'model.safetensors', delay: 20 })
  const page = await openPage()
  const { error } = await fetchIn(page, modelRef(hub.url), { cancelAt: total - WEIGHT_BYTES + 100_000 })
  expect(error).toMatchObject({ code: 'cancelled' })
  const { files, parts } = await callIn(page, 'stored')
  expect(files.map((key) => key.replace(/^.*@main\//, '')).sort()).toEqual(
    Object.keys(smallModel)
      .filter((name) => name !== 'model.safetensors')
      .sort(),
  )
  expect(parts).toHaveLength(partsBeside('model.safetensors'))
  hub.reset()
  expect((await fetchIn(page, modelRef(hub.url))).error).toBeNull()
  expect(hub.asked()).toEqual(['model.safetensors'])
  await expectTidy(page)
})

test.each<Parameters<HubWindow['damage']>[1]>(['missing', 'short'])(
  'a part that is %s: its file comes anew',
  async (how) => {
    const hub = await startModelHub()
    const page = await openPage()
    await fetchIn(page, modelRef(hub.url))
    await callIn(page, 'damage', 'model.safetensors', how)
    hub.reset()
    expect(await callIn(page, 'cachedBytes', modelRef(hub.url))).toBe(0)
    expect((await fetchIn(page, modelRef(hub.url))).error).toBeNull()
    expect(hub.asked()).toEqual(['model.safetensors'])
    await expectTidy(page)
  },
)

test('without a database it works in memory and says so', async () => {
  const hub = await startModelHub()
  const page = await openPage()
  const { error, files, notes } = await fetchIn(page, modelRef(hub.url), { storage: 'none' })
  expect(error).toBeNull()
  expect(files?.['config.json']).toBe((smallModel['config.json'] as Buffer).length)
  expect(notes).toEqual(['What is downloaded is gone when this tab closes. Nothing is kept here.'])
  expect(await callIn(page, 'stored')).toEqual({ files: [], parts: [] })
})

test('a full disk is told with what is needed, and leaves nothing half', async () => {
  const hub = await startModelHub()
  const page = await openPage()
  const { error } = await fetchIn(page, modelRef(hub.url), { storage: 'full' })
  expect(error?.code).toBe('quota')
  expect(error?.message).toMatch(/needs [\d.]+ MB in this browser’s storage; the browser reports [\d.]+ MB free/)
  const { files, parts } = await callIn(page, 'stored')
  expect(files).toHaveLength(1)
  expect(parts).toHaveLength(1)
})
