// Fetching from a hub in a real browser: what its answers mean and where a token goes. Which files are taken: hub.test.ts.
// What is kept and what survives a cut: hubCache.test.ts.

import type { Page } from 'playwright'
import { beforeEach, describe, expect, test } from 'vitest'
import { fetchIn } from '../support/hubPage'
import { names, servedHubPage, startHub } from '../support/hubTest'
import { dataRef, modelRef, smallModel } from '../support/smallRepos'
import { StandInHub, type Behaviour } from '../support/standInHub'

const openPage = await servedHubPage()
let page: Page

beforeEach(async () => {
  page = await openPage()
})

describe('answers (BL-30)', () => {
  test('a renamed repository is followed and its new name told', async () => {
    const hub = await startHub()
    hub
      .add('datasets/owner/new', { 'train.jsonl': Buffer.from('{}\n') })
      .rename('datasets/owner/old', 'datasets/owner/new')
    const { files, notes, origin } = await fetchIn(page, dataRef(hub.url, 'owner/old'))
    expect(names(files)).toEqual(['train.jsonl'])
    expect(notes).toEqual(['owner/old is now called owner/new.'])
    expect(origin?.repo).toBe('owner/old')
  })

  test('the new name is seen without a listing too', async () => {
    const hub = await startHub({ listing: false })
    hub.add('owner/new', smallModel).rename('owner/old', 'owner/new')
    expect((await fetchIn(page, modelRef(hub.url, 'owner/old'))).notes).toEqual(['owner/old is now called owner/new.'])
  })

  test.each<[string, Behaviour, string, RegExp, RegExp]>([
    [
      '401',
      { on: '/resolve/', status: 401 },
      'hub-refused',
      /config\.json of owner\/model at revision main.*private or gated/,
      /token/,
    ],
    ['403', { on: '/resolve/', status: 403 }, 'hub-refused', /answer 403/, /token/],
    [
      '404',
      { on: '/resolve/', status: 404 },
      'hub-missing',
      /owner\/model has no config\.json at revision main/,
      /name/,
    ],
    [
      '429',
      { on: '/resolve/', status: 429, headers: { 'Retry-After': '17' } },
      'hub-rate',
      /too many requests/,
      /Wait 17 s/,
    ],
    ['500', { on: '/resolve/', status: 500 }, 'hub-unreachable', /answered 500.*Nothing is lost/, /mirror/],
    ['no CORS headers', { on: '/resolve/', noCors: true }, 'hub-unreachable', /config\.json gave no answer/, /mirror/],
    [
      'a page',
      { on: 'config.json', body: 'page' },
      'hub-mismatch',
      /config\.json: expected the file itself, found a web page/,
      /./,
    ],
    ['a pointer', { on: 'model.safetensors', body: 'pointer' }, 'hub-mismatch', /Git LFS pointer/, /./],
    ['nothing', { on: 'config.json', body: 'empty' }, 'hub-mismatch', /0 bytes/, /./],
    [
      'other bytes',
      { on: 'model.safetensors', body: 'other bytes' },
      'hub-mismatch',
      /expected SHA-256 [\da-f]{64}, got [\da-f]{64}/,
      /only this file/,
    ],
    ['a stall', { on: 'model.safetensors', stallAfter: 0.3 }, 'hub-unreachable', /sent nothing for 1 s/, /./],
    [
      'a break each time',
      { on: 'model.safetensors', stopAfter: 0.5 },
      'hub-unreachable',
      /broke off after \d+ bytes|gave no answer/,
      /./,
    ],
  ])('%s', async (_, behaviour, code, message, action) => {
    const hub = await startHub()
    hub.add('owner/model', smallModel).behave(behaviour)
    const { error, files } = await fetchIn(page, modelRef(hub.url), { stallMs: 1000 })
    expect(files).toBeNull()
    expect(error?.code).toBe(code)
    expect(error?.message).toMatch(message)
    expect(error?.action).toMatch(action)
    if (code === 'hub-rate') expect(error?.retryAfter).toBe(17)
    // The second try, when the hub is well again, needs nothing cleared.
    hub.reset()
    expect((await fetchIn(page, modelRef(hub.url))).error).toBeNull()
  })

  test('a hub that is not there', async () => {
    const hub = await StandInHub.start()
    await hub.close()
    const { error } = await fetchIn(page, modelRef(hub.url))
    expect(error?.code).toBe('hub-unreachable')
    expect(error?.message).toContain(`${hub.url}owner/model/resolve/main/config.json gave no answer`)
  })

  test('one bad answer of the server and one broken connection are got over', async () => {
    const hub = await startHub()
    hub.add('owner/model', smallModel)
    hub.behave({ on: 'config.json', status: 503, times: 1 }, { on: 'model.safetensors', stopAfter: 0.6, times: 1 })
    expect((await fetchIn(page, modelRef(hub.url))).error).toBeNull()
    expect(hub.asked().filter((path) => path === 'model.safetensors')).toHaveLength(2)
  })

  test('optional files may be refused, or be a start page', async () => {
    const refusing = await startHub({ listing: false })
    refusing.add('owner/model', smallModel).behave({ on: /tokenizer_config|special|added|generation/, status: 401 })
    const { files } = await fetchIn(page, modelRef(refusing.url))
    expect(names(files)).toEqual(['config.json', 'model.safetensors', 'tokenizer.json'])
    const paging = await startHub({ listing: false, fallbackPage: true })
    paging.add('owner/model', smallModel)
    expect(names((await fetchIn(page, modelRef(paging.url))).files)).toEqual(Object.keys(smallModel).sort())
  })

  test('a page in place of the tokenizer once, then the file (BL-21)', async () => {
    for (const listing of [true, false]) {
      const hub = await startHub({ listing })
      hub.add('owner/model', smallModel).behave({ on: 'tokenizer.json', body: 'page', times: 1 })
      expect((await fetchIn(page, modelRef(hub.url))).error?.message).toContain(
        'tokenizer.json: expected the file itself',
      )
      expect((await fetchIn(page, modelRef(hub.url))).error).toBeNull()
    }
  })

  test('no range is asked for, so a refused preflight does not matter', async () => {
    const hub = await startHub({ refuseRangePreflight: true })
    hub.add('owner/model', smallModel)
    expect((await fetchIn(page, modelRef(hub.url))).error).toBeNull()
  })

  test('nonsense is refused before anything is asked', async () => {
    const hub = await startHub()
    for (const repo of ['../owner', 'a/b/c', 'owner/..', 'owner/na me', 'owner/n?x=1']) {
      expect((await fetchIn(page, modelRef(hub.url, repo))).error?.message).toContain('is not the name')
    }
    expect((await fetchIn(page, modelRef(hub.url, 'o/n', '../main'))).error?.message).toContain(
      'not the name of a revision',
    )
    expect((await fetchIn(page, modelRef('http://user:pw@127.0.0.1:1/'))).error?.message).toContain('no user name')
    expect((await fetchIn(page, modelRef(hub.url), { token: 'two\nlines' })).error?.message).not.toContain('two')
    expect(hub.requests).toEqual([])
  })
})

describe('a token', () => {
  const token = 'hf_secretsecret'

  test('opens a gated repository, and is in no error', async () => {
    const hub = await startHub({ token })
    hub.add('owner/model', smallModel)
    expect((await fetchIn(page, modelRef(hub.url))).error?.action).toContain('type an access token')
    const wrong = await fetchIn(page, modelRef(hub.url), { token: 'hf_wrong' })
    expect(wrong.error?.action).toContain('that the token is valid')
    expect(JSON.stringify(wrong)).not.toContain('hf_wrong')
    expect((await fetchIn(page, modelRef(hub.url), { token: ` ${token} ` })).error).toBeNull()
    expect(hub.requests.filter(({ method }) => method === 'GET').at(-1)?.authorization).toBe(`Bearer ${token}`)
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain('hf_')
  })

  test('is not sent to the host that a redirect leads to', async () => {
    const [hub, storage] = [await startHub({ token }), await startHub()]
    hub.add('owner/model', smallModel)
    storage.add('owner/model', smallModel)
    for (const path of Object.keys(smallModel)) {
      hub.behave({ on: `/resolve/main/${path}`, status: 302, to: `${storage.url}owner/model/resolve/main/${path}` })
    }
    const { error } = await fetchIn(page, modelRef(hub.url), { token })
    expect(error).toBeNull()
    expect(storage.asked()).toHaveLength(Object.keys(smallModel).length)
    expect(storage.requests.filter(({ authorization }) => authorization !== null)).toEqual([])
    expect(hub.requests.some(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true)
  })
})
