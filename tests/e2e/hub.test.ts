// Fetching from a hub in a real browser: which files are taken, with a listing and without. What answers mean:
// hubAnswers.test.ts. What is kept and what survives a cut: hubCache.test.ts.

import type { Page } from 'playwright'
import { beforeEach, describe, expect, test } from 'vitest'
import { fetchIn } from '../support/hubPage'
import { names, servedHubPage, startHub } from '../support/hubTest'
import { dataRef, modelRef, parquetLike, safetensors, settings, smallModel, zipLike } from '../support/smallRepos'

const openPage = await servedHubPage()
let page: Page

beforeEach(async () => {
  page = await openPage()
})

describe.each([true, false])('a model, listing %s', (listing) => {
  test.each([
    [
      'safetensors rather than a pickle',
      { 'model.safetensors': safetensors(10), 'pytorch_model.bin': zipLike(9) },
      ['model.safetensors'],
    ],
    [
      'shards by their index',
      {
        'model.safetensors.index.json': Buffer.from(
          '{"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}',
        ),
        'model-00001-of-00002.safetensors': safetensors(10),
        'model-00002-of-00002.safetensors': safetensors(20),
        'pytorch_model.bin': zipLike(9),
      },
      ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors', 'model.safetensors.index.json'],
    ],
    ['a pickle where there is no other', { 'pytorch_model.bin': zipLike(9) }, ['pytorch_model.bin']],
  ])('%s', async (_, weights, taken) => {
    const hub = await startHub({ listing })
    hub.add('owner/model', {
      ...settings,
      ...weights,
      'README.md': Buffer.from('# hi'),
      'flax_model.msgpack': zipLike(4),
    })
    const { files, error, origin } = await fetchIn(page, modelRef(hub.url))
    expect(error).toBeNull()
    expect(names(files)).toEqual([...Object.keys(settings), ...taken].sort())
    expect(origin).toEqual(modelRef(hub.url))
    // A missing name is asked for once, and nothing is asked for by range or with a token.
    expect(new Set(hub.asked()).size).toBe(hub.asked().length)
    expect(
      hub.requests.filter(({ range, authorization, method }) => range || authorization || method !== 'GET'),
    ).toEqual([])
    for (const [name, content] of Object.entries(weights).filter(([name]) => taken.includes(name)))
      expect(files?.[name]).toBe(content.length)
  })

  test('vocab.json and merges.txt in place of tokenizer.json', async () => {
    const hub = await startHub({ listing })
    const { 'config.json': config } = settings
    hub.add('owner/model', {
      'config.json': config!,
      'vocab.json': Buffer.from('{"a":0}'),
      'merges.txt': Buffer.from('#version: 0.2\n'),
      'model.safetensors': safetensors(10),
    })
    const { files, texts } = await fetchIn(page, modelRef(hub.url))
    expect(names(files)).toEqual(['config.json', 'merges.txt', 'model.safetensors', 'vocab.json'])
    expect(texts['vocab.json']).toBe('{"a":0}')
  })

  test('names the file that is missing', async () => {
    const hub = await startHub({ listing })
    hub.add('owner/model', settings)
    const { error } = await fetchIn(page, modelRef(hub.url))
    expect(error).toMatchObject({ code: 'hub-missing' })
    expect(error?.message).toContain('owner/model has no model.safetensors or pytorch_model.bin at revision main')
    const other = await fetchIn(page, modelRef(hub.url, 'owner/model', 'v2'))
    expect(other.error?.code).toBe('hub-refused')
  })
})

test('a revision with slashes, and a long listing in pages', async () => {
  const hub = await startHub({ pageSize: 2 })
  hub.add('owner/model', smallModel, 'refs/pr/1')
  const { files, error } = await fetchIn(page, modelRef(hub.url, 'owner/model', 'refs/pr/1'))
  expect(error).toBeNull()
  expect(names(files)).toEqual(Object.keys(smallModel).sort())
  expect(hub.requests[0]?.url).toBe('/api/models/owner/model/tree/refs%2Fpr%2F1?recursive=true')
  expect(hub.requests.filter(({ url }) => url.includes('/tree/')).length).toBeGreaterThan(1)
})

test('an index cannot lead out of the repository', async () => {
  const hub = await startHub({ listing: false })
  const index = Buffer.from('{"weight_map":{"a":"../../other/model/resolve/main/model.safetensors"}}')
  hub.add('owner/model', { ...settings, 'model.safetensors.index.json': index })
  const { error } = await fetchIn(page, modelRef(hub.url))
  expect(error?.message).toContain('would lie outside of it')
})

describe('data', () => {
  test('the training files of a listing', async () => {
    const hub = await startHub()
    hub.add('datasets/owner/data', {
      'README.md': Buffer.from('---\nlicense: mit\n---\n'),
      'data/train-00000-of-00002.parquet': parquetLike(10),
      'data/train-00001-of-00002.parquet': parquetLike(20),
      'data/test-00000-of-00001.parquet': parquetLike(5),
      'train.csv': Buffer.from('text,target\na,b\n'),
    })
    const { files } = await fetchIn(page, dataRef(hub.url))
    expect(names(files)).toEqual(['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'])
  })

  test('the conversion to Parquet, where there is only a script', async () => {
    const hub = await startHub()
    hub.add('datasets/owner/data', { 'data.py': Buffer.from('print()') })
    hub.add('datasets/owner/data', { 'default/train/0000.parquet': parquetLike(8) }, 'refs/convert/parquet')
    expect(names((await fetchIn(page, dataRef(hub.url))).files)).toEqual(['default/train/0000.parquet'])
  })

  test('without a listing: the conversion, else the usual names', async () => {
    const hub = await startHub({ listing: false })
    const shards = { 'default/train/0000.parquet': parquetLike(8), 'default/train/0001.parquet': parquetLike(9) }
    hub.add('datasets/owner/data', shards, 'refs/convert/parquet')
    hub.add('datasets/owner/lines', { 'train.jsonl': Buffer.from('{"text":"a"}\n') })
    expect(names((await fetchIn(page, dataRef(hub.url))).files)).toEqual(Object.keys(shards))
    expect(hub.asked()[0]).toBe('default/train/0000.parquet')
    expect(names((await fetchIn(page, dataRef(hub.url, 'owner/lines'))).files)).toEqual(['train.jsonl'])
  })

  test('says so when there is none', async () => {
    const hub = await startHub()
    hub.add('datasets/owner/data', { 'README.md': Buffer.from('# nothing'), 'image.png': Buffer.from('x') })
    const { error } = await fetchIn(page, dataRef(hub.url))
    expect(error).toMatchObject({ code: 'hub-missing' })
    expect(error?.message).toContain('it holds README.md, image.png')
  })
})
