// Data sets in the tokenizer worker: files of real tools with the browser's own decompressors, choice of columns, lengths.

import { proxy, wrap, type Remote } from 'comlink'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import expectedJson from '../golden/data/expected.json'
import tokenizerJson from '../golden/tokenizer/tokenizer.json'
import { demo } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import type { ColumnMapping, DataRow, DataSource, TokenizerApi } from '../../src/workers/protocol'

const expected = expectedJson as Record<string, { rows: DataRow[]; mapping: ColumnMapping | null }>
const urls = import.meta.glob<string>(['../golden/data/*', '!../golden/data/*.json', '!../golden/data/no-ending'], {
  query: '?url',
  import: 'default',
  eager: true,
})
const recipe: Recipe = { ...demo(), max_length: 8, padding: 'max_length', append_eos: false, test_size: 0 }
const json = (value: unknown) => new Blob([JSON.stringify(value)])
const source = (name: string, content: BlobPart, mapping?: ColumnMapping): DataSource => ({
  ...{ kind: 'files', label: name, files: { [name]: new Blob([content]) } },
  ...(mapping === undefined ? {} : { mapping }),
})

let worker: Worker
let api: Remote<TokenizerApi>
beforeAll(async () => {
  worker = new Worker(new URL('../../src/workers/tokenizer.worker.ts', import.meta.url), { type: 'module' })
  api = wrap<TokenizerApi>(worker)
  const config = json({ vocab_size: 501, eos_token_id: 500 })
  await api.loadTokenizer({ kind: 'files', label: 'small', files: { 'tokenizer.json': json(tokenizerJson), 'config.json': config } }) // prettier-ignore
})
afterAll(() => worker.terminate())

// The test server hands out no JSON and no file without an ending as it is; dataset-golden.test.ts reads those.
const served = Object.keys(expected).filter((name) => name.includes('.') && !name.endsWith('.json'))

test.each(served)('%s', async (name) => {
  const url = urls[`../golden/data/${name}`]!
  const { rows, mapping } = expected[name]!
  const preview = await api.loadDataset({ kind: 'files', label: name, files: { [name]: await (await fetch(url)).blob() } }) // prettier-ignore
  expect(preview.rows).toEqual(rows)
  expect(preview.totalRows).toBe(rows.length)
  expect(preview.mapping).toEqual(mapping ?? { text: 'text', target: 'target' })
})

describe('a data set in the worker', () => {
  const content = 'name,tale\nAda,the cave\nBo,the dragon slept in the cave for a hundred years and a day\n'

  test('waits for the choice of columns, and says so', async () => {
    expect(await api.loadDataset(source('a.csv', content))).toMatchObject({ rows: [], totalRows: 0, columns: ['name', 'tale'], layout: '' }) // prettier-ignore
    await expect(api.tokenize(recipe, proxy(() => {}))).rejects.toMatchObject({ message: expect.stringContaining('"name", "tale"') as string }) // prettier-ignore
    const preview = await api.loadDataset(source('a.csv', content, { text: 'tale', target: '' }))
    expect(preview.totalRows).toBe(2)
  })

  test('keeps the one it has when another is refused', async () => {
    await api.loadDataset(source('a.csv', content, { text: 'tale', target: '' }))
    await expect(api.loadDataset(source('b.csv', '<!doctype html>'))).rejects.toMatchObject({ name: 'FinetaleError' })
    expect((await api.viewRow(0, recipe)).kept).toBe('the cave')
  })

  test('tells lengths as training sees them', async () => {
    await api.loadDataset(source('a.csv', content, { text: 'tale', target: '' }))
    const { rows, maxTokens, cutRows, paddingShare, histogram } = await api.statistics(recipe)
    const long = await api.viewRow(1, recipe)
    const short = await api.viewRow(0, recipe)
    expect([rows, cutRows]).toEqual([2, 1])
    expect(maxTokens).toBe(long.realTokens + long.cutTokens)
    expect(paddingShare).toBeCloseTo(short.padTokens / 16)
    expect(histogram.reduce((sum, bin) => sum + bin.rows, 0)).toBe(2)
  })

  test('a count under way ends when the data set changes, and holds up no other call', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `{"text":"${`dragon ${i} `.repeat(400)}"}`).join('\n')
    await api.loadDataset(source('many.jsonl', many))
    const counting = api.statistics(recipe).then(
      () => 'counted',
      (error: { code?: string }) => error.code,
    )
    await api.loadDataset(source('a.csv', content, { text: 'tale', target: '' }))
    expect(await counting).toBe('cancelled')
  })

  test('numbers taken as text are noted before and in the run', async () => {
    const numbers = Array.from({ length: 4 }, (_, i) => `{"text":${1000 + i}}`).join('\n')
    const { notes } = await api.loadDataset(source('n.jsonl', numbers))
    expect(notes).toEqual({ '"text" is a number, taken as text (lines 1, 2, 3, 4)': 4 })
    expect(
      (
        await api.tokenize(
          recipe,
          proxy(() => {}),
        )
      ).notes,
    ).toMatchObject(notes!)
  })
})
