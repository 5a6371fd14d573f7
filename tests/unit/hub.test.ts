// Fetching files: missing ones, pages in their place, stale caches, and model folders from both kinds of source.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fetchFile, readFolder } from '../../src/hub/hub'
import { FinetaleError } from '../../src/recipe/error'

type Answer = (url: string, cache: RequestCache | undefined) => Response
const page = () => new Response('<!doctype html><p>Welcome', { headers: { 'content-type': 'text/html' } })
const missing = () => new Response('', { status: 404 })
const file = (content: string) => new Response(content, { headers: { 'content-type': 'application/json' } })

function serve(answer: Answer): void {
  vi.stubGlobal('fetch', (url: URL, init?: RequestInit) => Promise.resolve(answer(url.pathname, init?.cache)))
}

beforeEach(() => {
  vi.stubGlobal('location', { href: 'https://page.test/a/b/assets/worker.js' })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

describe('fetchFile', () => {
  test('gives the file, or null where there is none', async () => {
    serve((url) => (url === '/a/b/config.json' ? file('{}') : missing()))
    expect(await (await fetchFile('https://page.test/a/b/config.json', 'config.json'))?.text()).toBe('{}')
    expect(await fetchFile('https://page.test/nowhere', 'x')).toBeNull()
  })

  test('a page from the cache is asked for again, past the cache', async () => {
    serve((_, cache) => (cache === 'reload' ? file('{}') : page()))
    expect(await (await fetchFile('x.json', 'x.json'))?.text()).toBe('{}')
  })

  test.each([
    ['a page', page, 'web page'],
    ['an LFS pointer', () => new Response('version https://git-lfs.github.com/spec/v1\noid'), 'Git LFS pointer'],
    ['an empty file', () => new Response(''), '0 bytes'],
    ['an error', () => new Response('no', { status: 503, statusText: 'Busy' }), '503 Busy'],
    [
      'no network',
      () => {
        throw new TypeError('Failed to fetch')
      },
      'no answer from page.test',
    ],
  ])('refuses %s', async (_, answer, found) => {
    serve(answer)
    const error = await fetchFile('m/x.json', 'm/x.json').catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(FinetaleError)
    expect((error as FinetaleError).message).toContain('m/x.json')
    expect((error as FinetaleError).message).toContain(found)
  })
})

describe('readFolder', () => {
  const url = { kind: 'url', label: 'model', url: 'https://page.test/m/' } as const

  test('from an address; a page in place of an optional file means there is none', async () => {
    serve((path) => (path === '/m/config.json' ? file('{"a":1}') : page()))
    const files = await readFolder(url, ['config.json'], ['tokenizer_config.json'])
    expect(Object.keys(files)).toEqual(['config.json'])
  })

  test('a broken server is an error for an optional file too', async () => {
    serve((path) => (path === '/m/config.json' ? file('{}') : new Response('', { status: 500 })))
    await expect(readFolder(url, ['config.json'], ['tokenizer_config.json'])).rejects.toThrow('500')
  })

  test('names the missing file', async () => {
    serve(missing)
    await expect(readFolder(url, ['config.json'])).rejects.toThrow('model/config.json: the file is missing.')
  })

  test('from chosen files, with or without the folder in their names', async () => {
    const files = { 'my/config.json': new Blob(['{}']), 'tokenizer.json': new Blob(['[]']) }
    const source = { kind: 'files', label: 'mine', files } as const
    expect(Object.keys(await readFolder(source, ['config.json', 'tokenizer.json'], ['x.json']))).toEqual([
      'config.json',
      'tokenizer.json',
    ])
    await expect(readFolder(source, ['model.safetensors'])).rejects.toThrow('mine/model.safetensors')
  })
})
