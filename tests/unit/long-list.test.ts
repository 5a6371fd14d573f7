// Repositories whose list of files is too long, or breaks off: none of it is used, and the user is told what was instead.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { collectData } from '../../src/hub/dataFiles'
import { listFiles } from '../../src/hub/listing'
import { MemoryHubStore } from '../../src/hub/memoryStore'
import { Meter } from '../../src/hub/meter'
import { collectModel } from '../../src/hub/modelFiles'
import { RepoSession } from '../../src/hub/repoSession'
import type { HubRef } from '../../src/workers/protocol'
import { refusal } from '../support/weightFiles'

const TOO_LONG = 'has more than 20,000 files and folders, too many to list here'
const BROKEN_OFF = 'has a list of files that could not be read to its end'

beforeEach(() => {
  vi.stubGlobal('navigator', { onLine: true })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const refOf = (kind: HubRef['kind']): HubRef => ({
  kind,
  base: 'https://hub.test/',
  repo: 'owner/name',
  revision: 'main',
})
const context = { token: '', signal: new AbortController().signal, patience: { stallMs: 5000, backoffMs: [0] } }

const entries = JSON.stringify([{ type: 'file', path: 'rows-00001.csv', size: 2 }])
const page = (number: number) =>
  new Response(entries, { headers: { Link: `</api/x/owner/name/tree/main?cursor=${number + 1}>; rel="next"` } })

/** A hub with these files, whose list of the revision main answers with `list` page after page; other revisions have none. */
function serve(files: Readonly<Record<string, string>>, list: (number: number) => Response = page, elsewhere = 404) {
  let pages = 0
  const answer = async (url: string) => {
    const { pathname } = new URL(url)
    if (pathname.endsWith('/tree/main')) return list(++pages)
    const [, path = ''] = pathname.split('/resolve/main/')
    return path in files ? new Response(files[path]) : new Response('', { status: path === '' ? elsewhere : 404 })
  }
  vi.stubGlobal('fetch', answer)
  return { pages: () => pages }
}

function open(kind: HubRef['kind']) {
  const parts = { store: new MemoryHubStore(), meter: new Meter(() => {}), context, partBytes: 2 ** 20 }
  return new RepoSession(refOf(kind), parts)
}

const failure = () => new Response('', { status: 500 })
const refused = () => new Response('', { status: 403 })
const otherPage = () => new Response('<!doctype html>')
const later = (answer: () => Response) => (number: number) => (number === 1 ? page(number) : answer())

test.each([
  ['never ends', TOO_LONG, page, 20],
  ['has a page beyond measure', TOO_LONG, () => new Response(`[${' '.repeat(2 ** 25)}]`), 1],
  ['fails later on', BROKEN_OFF, later(failure), 3],
  ['is refused later on', BROKEN_OFF, later(refused), 2],
  ['becomes a page later on', BROKEN_OFF, later(otherPage), 2],
  ['is not there', '', () => new Response('', { status: 404 }), 1],
  ['is a page', '', otherPage, 1],
  ['is empty', '', () => new Response('[]'), 1],
])('a list that %s is none', async (_, why, list, asked) => {
  const { pages } = serve({}, list)
  expect(await listFiles(refOf('dataset'), context)).toEqual({ files: null, why })
  expect(pages()).toBe(asked)
})

test('a list of exactly as many pages as are read is used', async () => {
  serve({}, (number) => (number < 20 ? page(number) : new Response(entries)))
  expect((await listFiles(refOf('dataset'), context)).files?.size).toBe(1)
})

test.each([
  [TOO_LONG, page],
  [BROKEN_OFF, later(failure)],
])('a data set that %s: the file with a usual name comes with a note', async (why, list) => {
  serve({ 'train.csv': 'text\na\n' }, list)
  const session = open('dataset')
  expect(Object.keys(await collectData(session))).toEqual(['train.csv'])
  expect([...session.notes]).toEqual([
    `owner/name ${why}: only its conversion to Parquet, or one file with a usual name, could be used.`,
  ])
})

test.each([404, 401])(
  'the same is told where nothing is found, though the conversion is answered with %d',
  async (status) => {
    serve({}, page, status)
    const { message } = await refusal(collectData(open('dataset')))
    expect(message).toMatch(/^owner\/name has no data file/)
    expect(message).toContain(`at revision main; it ${TOO_LONG}, so only usual names were tried.`)
  },
)

test('no list at all is told of nowhere', async () => {
  serve({ 'train.csv': 'text\na\n' }, () => new Response('', { status: 404 }))
  const session = open('dataset')
  await collectData(session)
  expect([...session.notes]).toEqual([])
  serve({}, () => new Response('', { status: 404 }))
  expect((await refusal(collectData(open('dataset')))).message).toMatch(/at revision main\.$/)
})

test('a model goes by names, without a note; what it lacks is told with the reason', async () => {
  const files = { 'config.json': '{}', 'tokenizer.json': '{}', 'model.safetensors': '\x02\0\0\0\0\0\0\0{}' }
  serve(files)
  const session = open('model')
  expect(Object.keys(await collectModel(session))).toEqual(Object.keys(files))
  expect([...session.notes]).toEqual([])
  serve({ 'config.json': '{}', 'tokenizer.json': '{}' })
  const { message } = await refusal(collectModel(open('model')))
  expect(message).toContain(`has no model.safetensors or pytorch_model.bin at revision main; it ${TOO_LONG}, so only`)
})
