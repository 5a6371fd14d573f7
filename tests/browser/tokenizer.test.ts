// The tokenizer against the `tokenizers` library, the worker behind Comlink, and what happens to rows.

import { proxy, wrap, type Remote } from 'comlink'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import cases from '../golden/tokenizer/cases.json'
import folders from '../golden/tokenizer/folders.json'
import tokenizerJson from '../golden/tokenizer/tokenizer.json'
import { FolderTokenizer } from '../../src/data/tokenizer'
import { tokenizeRows, viewRow } from '../../src/data/tokenize'
import { FinetaleError } from '../../src/recipe/error'
import type { Recipe } from '../../src/recipe/recipe'
import { demo } from '../../src/recipe/presets'
import type { DataRow, FinetaleErrorData, ModelSource, TokenizerApi } from '../../src/workers/protocol'

const EOS = 500
const json = (value: unknown) => new Blob([JSON.stringify(value)])
const folder = {
  'tokenizer.json': json(tokenizerJson),
  'tokenizer_config.json': json({
    tokenizer_class: 'GPT2TokenizerFast',
    eos_token: { content: '<|endoftext|>', __type: 'AddedToken' },
    pad_token: { content: '[PAD]' },
    additional_special_tokens: [],
    clean_up_tokenization_spaces: true,
  }),
  'config.json': json({ vocab_size: 501, eos_token_id: 500 }),
}
const recipe: Recipe = { ...demo(), max_length: 12, padding: 'max_length', append_eos: true, test_size: 0, seed: 42 }

let codec: FolderTokenizer
beforeAll(async () => {
  codec = await FolderTokenizer.load(folder, 'small')
})

describe('FolderTokenizer', () => {
  test.each(cases)('ids of $text', ({ text, ids }) => {
    expect(codec.encode(text)).toEqual(ids)
  })

  test.each(cases)('exact text of the ids of $text', ({ text, ids }) => {
    expect(codec.decode(ids, false)).toBe(text)
  })

  test('merges as pairs and as strings give the same tokenizer', async () => {
    const merges = tokenizerJson.model.merges.map((pair) => pair.join(' '))
    const model = { ...tokenizerJson.model, merges }
    const older = await FolderTokenizer.load(
      { ...folder, 'tokenizer.json': json({ ...tokenizerJson, model }) },
      'older',
    )
    for (const { text, ids } of cases) expect(older.encode(text)).toEqual(ids)
  })

  test('special tokens, padding and rows the model lacks', () => {
    expect(codec.eosId).toBe(EOS)
    expect(codec.padId).toBe(EOS)
    expect(codec.vocabSize).toBe(502)
    expect(codec.decode(codec.encode('a<|endoftext|>b'), true)).toBe('ab')
    expect(codec.decode([], true)).toBe('')
    expect(codec.decode([7000], false)).toBe('')
    expect(codec.tokensWithoutRow()).toEqual(['[PAD] (id 501)'])
  })

  test('without tokenizer_config.json the end-of-text token is found by name', async () => {
    const { 'tokenizer_config.json': _, ...bare } = folder
    expect((await FolderTokenizer.load(bare, 'bare')).eosId).toBe(EOS)
  })

  test.each([
    ['a broken file', new Blob(['{"model":'])],
    ['a list', json([])],
    ['another kind', json({ model: { type: 'Unigram', vocab: [] } })],
    ['an odd merge', json({ ...tokenizerJson, model: { ...tokenizerJson.model, merges: [['a', 'b', 'c']] } })],
  ])('refuses %s', async (_, blob) => {
    const loading = FolderTokenizer.load({ ...folder, 'tokenizer.json': blob }, 'odd')
    await expect(loading).rejects.toBeInstanceOf(FinetaleError)
    await expect(loading).rejects.toThrow('odd/tokenizer.json')
  })
})

describe('tokenizeRows', () => {
  const row = (text: string, target?: string): DataRow => (target === undefined ? { text } : { text, target })
  const run = (rows: DataRow[], changes: Partial<Recipe> = {}) =>
    tokenizeRows(rows, { ...recipe, ...changes }, codec, {}, () => {})

  test('joins with one space, closes with end-of-text, pads to the right, masks by length', () => {
    const ids = codec.encode('An elf. Born.')
    const { train, paddingShare } = run([row('An elf.', 'Born.')])
    expect(train.rows).toBe(1)
    expect([...train.ids]).toEqual([...ids, EOS, ...Array.from({ length: 12 - ids.length - 1 }, () => EOS)])
    expect([...train.lengths]).toEqual([ids.length + 1])
    expect(paddingShare).toBeCloseTo(1 - (ids.length + 1) / 12)
  })

  test('long rows lose their end, and get no end-of-text', () => {
    const text = 'the dragon slept in the cave for a hundred years and a day'
    const { train, notes } = run([row(text)])
    expect([...train.ids]).toEqual(codec.encode(text).slice(0, 12))
    expect(notes).toEqual({ 'cut to 12 tokens': 1 })
  })

  test('a tokenizer that cuts at the left keeps the end, and what stands around it', async () => {
    const text = 'the dragon slept in the cave for a hundred years and a day'
    const left = { 'tokenizer_config.json': json({ eos_token: '<|endoftext|>', truncation_side: 'left' }) }
    const ends = await FolderTokenizer.load({ ...folder, ...left }, 'small')
    const all = codec.encode(text)
    expect(ends.encode(text)).toEqual(all)
    expect(ends.encodeStart(text, 12)).toEqual({ ids: all.slice(-12), cut: true, lost: false })
    const { train, notes } = tokenizeRows([row(text)], recipe, ends, {}, () => {})
    expect([...train.ids]).toEqual(all.slice(-12))
    expect(Object.keys(notes!)).toEqual([
      'cut to 12 tokens at the start, as truncation_side "left" of the tokenizer asks',
    ])
    const view = viewRow(row(text), recipe, ends)
    expect([view.cut + view.kept, view.cutsStart, view.cutTokens]).toEqual([text, true, all.length - 12])
    expect(text.endsWith(view.kept)).toBe(true)

    const saved = (direction: string) => json({ ...tokenizerJson, truncation: { direction, max_length: 4, strategy: 'LongestFirst', stride: 0 } }) // prettier-ignore
    const { 'tokenizer_config.json': _, ...bare } = folder
    const byFile = await FolderTokenizer.load({ ...bare, 'tokenizer.json': saved('Left') }, 'small')
    expect(byFile.encodeStart(text, 5).ids).toEqual(all.slice(-5))
    const right = { 'tokenizer_config.json': json({ truncation_side: 'right' }), 'tokenizer.json': saved('Left') }
    expect((await FolderTokenizer.load({ ...folder, ...right }, 'small')).encodeStart(text, 5).ids).toEqual(
      all.slice(0, 5),
    )
    const odd = { 'tokenizer_config.json': json({ truncation_side: 'up' }) }
    await expect(FolderTokenizer.load({ ...folder, ...odd }, 'small')).rejects.toThrow('small/tokenizer_config.json: truncation_side: expected "left" or "right", found "up"') // prettier-ignore
  })

  test('cut at the left, ids around the text stay: as Python gives them', async () => {
    const files = folders.template as unknown as Record<string, Record<string, unknown>>
    const config = { ...files['tokenizer_config.json'], truncation_side: 'left' }
    const blobs = Object.fromEntries(Object.entries({ ...files, 'tokenizer_config.json': config }).map(([name, value]) => [name, json(value)])) // prettier-ignore
    const { ids } = (await FolderTokenizer.load(blobs, 'template')).encodeStart('The dragon slept', 5)
    expect(ids).toEqual([290, 75, 68, 79, 83])
  })

  test('drops rows without anything to learn and ids without a row, with reasons', () => {
    const { train, dropped, notes } = run(
      [row('a'), row('x [PAD] y'), row('good text'), row('typed <|endoftext|> in')],
      {
        append_eos: false,
      },
    )
    expect(train.rows).toBe(2)
    expect(Object.values(dropped)).toEqual([1, 1])
    expect(Object.keys(dropped).some((reason) => reason.includes('[PAD] (id 501)'))).toBe(true)
    expect(notes).toEqual({ 'end-of-text token typed inside the text': 1 })
  })

  test("'longest' pads to the longest row of each part", () => {
    const { train } = run([row('a cave'), row('a cave and a dragon')], { padding: 'longest' })
    expect(train.length).toBe(Math.max(...train.lengths))
  })

  test('the split is the recipe seed’s, and the fingerprint depends on it', () => {
    const rows = Array.from({ length: 10 }, (_, i) => row(`row number ${i}`))
    const one = run(rows, { test_size: 0.25 })
    expect([one.train.rows, one.eval.rows]).toEqual([7, 3])
    expect(one.fingerprint).toBe(run(rows, { test_size: 0.25 }).fingerprint)
    expect(one.fingerprint).not.toBe(run(rows, { test_size: 0.25, seed: 43 }).fingerprint)
    expect(one.fingerprint).toMatch(/^[0-9a-f]{8}$/)
  })

  test('nothing left is an error that gives the reasons', () => {
    expect(() => run([row('a')], { append_eos: false })).toThrow('too short')
    expect(() => run([row('a b')], { test_size: 0.9 })).toThrow('held out')
  })

  test('the view of a row: what is kept, what is cut, and how much is padding', () => {
    const cut = viewRow(row('once 日本 upon a time there was an old dragon', 'end'), recipe, codec)
    expect(cut.kept + cut.cut).toBe('once 日本 upon a time there was an old dragon end')
    expect([cut.realTokens, cut.padTokens]).toEqual([12, 0])
    expect(cut.tokens.every(({ text }) => !text.includes('\ufffd'))).toBe(true)
    const short = viewRow(row('An elf.'), recipe, codec)
    expect(short.kept).toBe('An elf.<|endoftext|>')
    expect(short.padTokens).toBe(12 - short.realTokens)
  })
})

describe('tokenizer.worker', () => {
  let worker: Worker
  let api: Remote<TokenizerApi>
  const model: ModelSource = {
    kind: 'url',
    label: 'finetale-4m',
    url: new URL('/models/finetale-4m/', location.origin).href,
  }
  const data = {
    kind: 'url',
    label: 'backstories.jsonl',
    url: new URL('/data/backstories/backstories.jsonl', location.origin).href,
  } as const
  beforeAll(() => {
    const url = new URL('../support/tokenizer.worker.ts', import.meta.url)
    worker = new Worker(url, { type: 'module' })
    api = wrap<TokenizerApi>(worker)
  })
  afterAll(() => worker.terminate())

  test('errors arrive as data', async () => {
    const thrown = await api.encode('too early').catch((error: unknown) => error)
    expect(thrown).toEqual({
      name: 'FinetaleError',
      message: 'No tokenizer is loaded.',
      action: 'Choose a model first.',
    })
  })

  test('the built-in model and data', async () => {
    const { vocabSize, eosId, padId, warning } = await api.loadTokenizer(model)
    expect(warning).toBeUndefined()
    expect(padId).toBe(eosId)
    expect(eosId).toBeLessThan(vocabSize)
    const preview = await api.loadDataset(data)
    expect(preview.rows.length).toBeGreaterThan(0)
    expect(preview.dropped).toEqual({})
    const progress: number[] = []
    const settings = { ...demo(), max_length: 128 }
    const result = await api.tokenize(
      settings,
      proxy((done: number) => void progress.push(done)),
    )
    expect(result.train.rows + result.eval.rows).toBe(preview.totalRows)
    expect(progress.at(-1)).toBe(preview.totalRows)
    expect(result.train.ids.every((id) => id >= 0 && id < vocabSize)).toBe(true)
    const view = await api.viewRow(0, settings)
    expect(view.kept.startsWith(preview.rows[0]!.text)).toBe(true)
  })

  test('encode and decode', async () => {
    const text = 'Is this "odd" ? Yes , it is . I do n\'t know !  end'
    expect(await api.decode(await api.encode(text), false)).toBe(text)
    const { eosId } = await api.loadTokenizer(model)
    expect([...(await api.encode(''))]).toEqual([eosId])
  })

  test('a tokenizer with tokens beyond the model warns, and its ids are refused by name', async () => {
    const { warning } = await api.loadTokenizer({ kind: 'files', label: 'small', files: folder })
    expect(warning).toContain('[PAD] (id 501)')
    const thrown = await api.encode('a [PAD] b').catch((error: unknown) => error)
    expect((thrown as FinetaleErrorData).message).toContain('[PAD] (id 501)')
  })

  test('padding at the left is not done, and the field is named', async () => {
    const config = json({ eos_token: '<|endoftext|>', padding_side: 'left' })
    const files = { ...folder, 'config.json': json({ vocab_size: 502 }), 'tokenizer_config.json': config }
    const { warning } = await api.loadTokenizer({ kind: 'files', label: 'small', files })
    expect(warning).toMatch(/^small\/tokenizer_config\.json: padding_side is "left", but rows are padded at the right/)
    const both = await api.loadTokenizer({ kind: 'files', label: 'small', files: { ...files, 'config.json': json({ vocab_size: 501 }) } }) // prettier-ignore
    expect(both.warning).toMatch(/\[PAD\] \(id 501\).* padding_side is "left"/)
  })

  test('a missing file is named, and the tokenizer held before stays', async () => {
    const { 'config.json': _, ...partial } = folder
    const thrown = await api.loadTokenizer({ kind: 'files', label: 'part', files: partial }).catch((e: unknown) => e)
    expect((thrown as FinetaleErrorData).message).toBe('part/config.json: the file is missing.')
    expect((await api.encode('Hello world')).length).toBeGreaterThan(0)
  })

  test('a page in place of a file is refused', async () => {
    const page = new Blob(['<!doctype html><p>Welcome'], { type: 'text/html' })
    const files = { ...folder, 'tokenizer.json': page }
    const thrown = await api.loadTokenizer({ kind: 'files', label: 'site', files }).catch((e: unknown) => e)
    expect((thrown as FinetaleErrorData).message).toContain('site/tokenizer.json')
    expect((thrown as FinetaleErrorData).message).toContain('web page')
  })
})
