// What a hub sends, taken apart without a hub: parts of files that are others than those asked for, listings with a broken
// link, and patterns and names that are made to take long. In a real browser: the end-to-end tests of the hub.

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { damageIn } from '../../src/hub/damage'
import { download, type Sink } from '../../src/hub/download'
import { globFilter } from '../../src/hub/glob'
import { listFiles } from '../../src/hub/listing'
import { Meter } from '../../src/hub/meter'
import { shardsOf } from '../../src/hub/modelFiles'
import { pickData } from '../../src/hub/pickData'
import { trainPatterns } from '../../src/hub/readme'
import type { FetchProgress, HubRef } from '../../src/workers/protocol'
import { refusal } from '../support/weightFiles'

beforeEach(() => {
  vi.stubGlobal('navigator', { onLine: true })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const ref: HubRef = { kind: 'model', base: 'https://hub.test/', repo: 'owner/model', revision: 'main' }
const context = {
  token: '',
  signal: new AbortController().signal,
  patience: { stallMs: 5000, backoffMs: [0, 0] },
}

describe('the rest of a broken download', () => {
  const file = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) % 251)
  const BROKEN = 2000

  class Memory implements Sink {
    pieces: Uint8Array<ArrayBuffer>[] = []
    async write(piece: Uint8Array<ArrayBuffer>): Promise<void> {
      this.pieces.push(piece)
    }
    async finish(): Promise<Blob> {
      return new Blob(this.pieces)
    }
    async discard(): Promise<void> {
      this.pieces = []
    }
  }

  /** The file until it breaks. */
  function broken(): Response {
    let sent = false
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(new TypeError('network error'))
        else controller.enqueue(file.slice(0, BROKEN))
        sent = true
      },
    })
    return new Response(body)
  }

  /** Fetches the file: the first answer breaks, requests for a part get `part`, others the file. */
  async function fetched(part: () => Response) {
    const ranges: (string | null)[] = []
    vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
      const range = new Headers(init.headers).get('range')
      ranges.push(range)
      if (ranges.length === 1) return broken()
      return range === null ? new Response(file) : part()
    })
    const progress: FetchProgress[] = []
    const sha256 = createHash('sha256').update(file).digest('hex')
    const wanted = { ref, path: 'model.safetensors', size: file.length, sha256, last: true }
    const meter = new Meter((step) => progress.push(step))
    const { blob } = await download(wanted, () => new Memory(), meter, context)
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(file)
    expect(progress.at(-1)).toMatchObject({ receivedBytes: file.length, totalBytes: file.length })
    return { ranges, mended: [...new Set(progress.flatMap(({ mended }) => mended ?? []))] }
  }

  const answer = (body: Uint8Array<ArrayBuffer>, range: string | null) => () =>
    new Response(body, { status: 206, headers: range === null ? {} : { 'Content-Range': range } })
  const rest = file.slice(BROKEN)
  const asked = `bytes=${BROKEN}-`

  test.each([
    ['as it should be', answer(rest, 'bytes 2000-2999/3000')],
    ['of a file whose length is not told', answer(rest, 'bytes 2000-2999/*')],
    ['without a header, or with one that the browser hides', answer(rest, null)],
  ])('%s', async (_, part) => {
    expect(await fetched(part)).toEqual({ ranges: [null, asked], mended: ['resumed'] })
  })

  test('the whole file in its place, which says so, is taken as it is', async () => {
    const { ranges, mended } = await fetched(answer(file, 'bytes 0-2999/3000'))
    expect(ranges).toEqual([null, asked])
    expect(mended).toEqual(['resumed', 'restarted'])
  })

  test.each([
    ['the whole file without a header', answer(file, null)],
    ['the whole file under the header of the rest', answer(file, 'bytes 2000-2999/3000')],
    ['a later start', answer(file.slice(2500), 'bytes 2500-2999/3000')],
    ['an earlier start', answer(file.slice(1000), 'bytes 1000-2999/3000')],
    ['another length of the whole', answer(rest, 'bytes 2000-2999/9999')],
    ['a header that is none', answer(rest, 'bytes and more bytes')],
    ['a header in other units', answer(rest, 'rows 2000-2999/3000')],
    ['an end without a range', answer(rest, 'bytes */3000')],
    ['other bytes of the right length', answer(new Uint8Array(1000), 'bytes 2000-2999/3000')],
  ])('begins again after %s', async (_, part) => {
    const { ranges, mended } = await fetched(part)
    expect(ranges).toEqual([null, asked, null])
    expect(mended).toEqual(['resumed', 'restarted'])
  })
})

describe('a listing', () => {
  const entries = [{ type: 'file', path: 'config.json', size: 2 }]
  const listed = async (link: string) => {
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify(entries), { headers: { Link: link } }))
    return [...((await listFiles(ref, context)).files?.keys() ?? [])]
  }

  test.each(['<http://[bad>; rel="next"', '<https://hub.test:99999/>; rel="next"', '<>; rel="next"', 'rel="next"'])(
    'whose next page has no address ends there: %s',
    async (link) => {
      expect(await listed(link)).toEqual(['config.json'])
    },
  )

  test('whose next page lies on another host is read on from its own: a mirror hands on the links of the hub', async () => {
    const asked: string[] = []
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url)
      const link = '<https://huggingface.test/api/models/o/n/tree/main?cursor=abc>; rel="next"'
      return new Response(JSON.stringify(entries), asked.length === 1 ? { headers: { Link: link } } : {})
    })
    expect((await listFiles(ref, context)).files).not.toBeNull()
    expect(asked[1]).toBe(`${new URL(ref.base).origin}/api/models/o/n/tree/main?cursor=abc`)
  })

  test('with a link that is made to take long', async () => {
    const start = performance.now()
    expect(await listed('<'.repeat(200_000))).toEqual(['config.json'])
    expect(performance.now() - start).toBeLessThan(3000)
  })
})

describe('data files', () => {
  const chosen = (...paths: string[]) => pickData(paths, []).chosen

  test('packed with gzip are taken, unless they lie there unpacked too', () => {
    for (const end of ['jsonl', 'ndjson', 'json', 'csv', 'tsv', 'txt']) {
      expect(chosen('README.md', `train.${end}.gz`, `test.${end}.gz`)).toEqual([`train.${end}.gz`])
    }
    expect(chosen('data/a.jsonl', 'data/a.jsonl.gz', 'data/b.jsonl.gz')).toEqual(['data/a.jsonl', 'data/b.jsonl.gz'])
    expect(chosen('train.csv', 'train.jsonl.gz')).toEqual(['train.jsonl.gz'])
    expect(chosen('dataset_infos.json.gz', 'README.txt.gz', 'model.bin.gz')).toEqual([])
  })

  test('packed with gzip reach the reader by their own names', async () => {
    const files = (end: string, text: string) => ({ [`data/train.${end}.gz`]: new Blob([gzipSync(text)]) })
    const read = async (end: string, text: string) => (await parseDataset(files(end, text), 'owner/data')).rows
    const rows = [expect.objectContaining({ text: 'a', target: 'b' })]
    expect(await read('jsonl', '{"text":"a","target":"b"}\n')).toEqual(rows)
    expect(await read('json', '[{"text":"a","target":"b"}]')).toEqual(rows)
    expect(await read('csv', 'text,target\na,b\n')).toEqual(rows)
    expect(await read('tsv', 'text\ttarget\na\tb\n')).toEqual(rows)
    expect(await read('txt', 'a story\n')).toEqual([expect.objectContaining({ text: 'a story' })])
  })

  test.each([
    ['data/train-*', ['data/train-0.parquet', 'data/train-1.parquet']],
    ['./data/train-?.parquet', ['data/train-0.parquet', 'data/train-1.parquet']],
    ['data/train-[1-9].parquet', ['data/train-1.parquet']],
    ['data/train-[!1].parquet', ['data/train-0.parquet']],
    ['**/train-0.parquet', ['data/train-0.parquet']],
    [
      '**/*.parquet',
      ['a.parquet', 'data/deep/x.parquet', 'data/test-0.parquet', 'data/train-0.parquet', 'data/train-1.parquet'],
    ],
    ['data/**/x.parquet', ['data/deep/x.parquet']],
    ['data/**', ['data/deep/x.parquet', 'data/test-0.parquet', 'data/train-0.parquet', 'data/train-1.parquet']],
    ['*.parquet', ['a.parquet']],
    ['a.parquet', ['a.parquet']],
    ['*a*t*', ['a.parquet']],
    ['data/[train', []],
    ['*', ['a.parquet']],
    ['', []],
  ])('by the pattern %s', (pattern, expected) => {
    const paths = [
      'a.parquet',
      'data/train-0.parquet',
      'data/train-1.parquet',
      'data/test-0.parquet',
      'data/deep/x.parquet',
    ]
    expect(globFilter(paths, [pattern])?.sort()).toEqual(expected)
  })

  test('a pattern that is made to take long, or too many of them, end in a sentence', () => {
    const start = performance.now()
    const path = `${'a'.repeat(900)}.json`
    expect(pickData([path], ['*a'.repeat(400) + 'b'])).toEqual({ chosen: [path], note: '' })
    const paths = Array.from({ length: 2000 }, (_, i) => `${'a'.repeat(500)}${i}.json`)
    const { chosen: some, note } = pickData(
      paths,
      Array.from({ length: 2000 }, (_, i) => `**a*a*a${i}b`),
    )
    expect(some).toHaveLength(2000)
    expect(note).toContain('too many to compare')
    expect(performance.now() - start).toBeLessThan(20_000)
  })

  test.each([
    ['spaces before no comment', `---\nconfigs:\n- data_files: a${' '.repeat(200_000)}b\n---`],
    ['lines that end in other ways', `---\nconfigs:\n${' '.repeat(100_000)}a\u2028b\n---`],
    ['dashes', `---\nconfigs:\n${'- '.repeat(50_000)}a\rb\n---`],
    ['paths without a split', `---\nconfigs:\n- data_files:\n${'  - path: a\n'.repeat(60_000)}  - split: test\n---`],
  ])('a README made to take long: %s', (_, readme) => {
    const start = performance.now()
    trainPatterns(readme)
    expect(performance.now() - start).toBeLessThan(3000)
  })

  test('a README whose paths stand before their splits, with a comment', () => {
    const lines = ['---', 'configs:', '- config_name: default', '  data_files:', '  - path: "a b.csv" # the rows']
    expect(
      trainPatterns([...lines, '    split: train', '  - path: t.csv', '    split: test', '---'].join('\n')),
    ).toEqual(['a b.csv'])
  })
})

test('an index beyond any model, and a header beyond any file', async () => {
  const map = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`t${i}`, `${i}.safetensors`]))
  const error = await refusal(shardsOf(new Blob([JSON.stringify({ weight_map: map })]), 'x.index.json', 'owner/model'))
  expect(error.message).toBe(
    'x.index.json of owner/model names 1001 files, where 1000 are the most: expected a weight_map from tensors to files.',
  )
  const large = new Blob([new Uint8Array(16 * 2 ** 20 + 1)])
  expect((await refusal(shardsOf(large, 'x.index.json', 'o/m'))).message).toContain('has 16777217 bytes')
  const none = await refusal(shardsOf(new Blob(['{"weight_map":{}}']), 'x.index.json', 'o/m'))
  expect(none.message).toBe('x.index.json of o/m names no files: expected a weight_map from tensors to files.')
  const head = new Blob([new BigUint64Array([16_777_217n])])
  const file = new Blob([head, new Uint8Array(16_777_217)])
  expect(await damageIn('model.safetensors', file)).toContain('a header of 16777217 bytes')
})
