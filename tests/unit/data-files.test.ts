// Chosen files become a data set: litter and descriptions, packed files, folders that hold other parts or another format.

import { describe, expect, test } from 'vitest'
import { parseDataset } from '../../src/data/dataset'
import { dataFromFiles } from '../../src/state/dataFiles'
import { FinetaleError } from '../../src/recipe/error'
import type { PickedFile } from '../../src/state/inputs'

const picked = (...paths: string[]): PickedFile[] => paths.map((path) => ({ path, file: new Blob([path]) }))

/** The paths that are used, those that are left out, and the note. */
async function chosen(files: readonly PickedFile[]) {
  const { data, leftOut, note } = await dataFromFiles(files)
  const used = data.kind === 'files' ? Object.keys(data.files).sort() : []
  return { used, leftOut: leftOut.map(({ path }) => path).sort(), note, label: data.label }
}

describe('which files hold rows', () => {
  test('a single file is taken whatever its name', async () => {
    expect(await chosen(picked('rows.weird'))).toMatchObject({ used: ['rows.weird'], label: 'rows.weird' })
  })

  test('of several, those that are no description', async () => {
    const files = picked('d/README.md', 'd/dataset_info.json', 'd/b.parquet', 'd/a.parquet', 'd/.gitattributes')
    expect(await chosen(files)).toMatchObject({
      used: ['d/a.parquet', 'd/b.parquet'],
      label: 'b.parquet + 1',
      leftOut: [],
    })
    expect((await chosen(picked('state of it.txt', 'LICENSE.txt', 'config.json'))).used).toEqual(['state of it.txt'])
  })

  test.each(['jsonl.gz', 'csv.gz', 'parquet', 'pq', 'tab', 'text', 'md', 'ndjson', 'TXT'])(
    'two that end in .%s',
    async (end) => {
      expect((await chosen(picked(`d/a.${end}`, `d/b.${end}`))).used).toEqual([`d/a.${end}`, `d/b.${end}`])
    },
  )

  test('Markdown beside data is about it', async () => {
    expect((await chosen(picked('d/a.csv', 'd/b.csv', 'd/NOTES.md'))).used).toEqual(['d/a.csv', 'd/b.csv'])
  })

  test('no rows at all is refused', async () => {
    await expect(dataFromFiles(picked('d/a.png', 'd/b.png'))).rejects.toThrow(/a\.png/)
  })

  test('a folder that datasets saved is refused as one of its Arrow files is', async () => {
    const arrow = new Blob([new Uint8Array([255, 255, 255, 255, 16, 0, 0, 0])])
    const name = 'data-00000-of-00001.arrow'
    const alone = await parseDataset({ [name]: arrow }, name).catch((error: unknown) => error)
    expect(alone).toBeInstanceOf(FinetaleError)
    const file = (path: string, content: string): PickedFile => ({ path, file: new Blob([content]) })
    const folder = [
      file('d/dataset_dict.json', '{"splits":["train","test"]}'),
      ...['train', 'test'].flatMap((part) => [
        { path: `d/${part}/${name}`, file: arrow },
        file(`d/${part}/state.json`, '{}'),
        file(`d/${part}/dataset_info.json`, '{}'),
      ]),
    ]
    await expect(dataFromFiles(folder)).rejects.toEqual(alone)
    await expect(dataFromFiles(folder.slice(1, 4))).rejects.toEqual(alone)
    expect((await chosen([...folder, file('d/rows.jsonl', '{"text":"a"}')])).used).toEqual(['d/rows.jsonl'])
  })
})

describe('the training part', () => {
  const parts = ['train', 'test', 'validation'].map((part) => `data/${part}-00000-of-00001.parquet`)
  const card = (yaml: string, path = 'd/README.md'): PickedFile => ({ path, file: new Blob([`---\n${yaml}\n---\n# Set\n`]) }) // prettier-ignore

  test('of a clone, without a word of it in the README', async () => {
    const all = await chosen([card('license: mit'), ...picked(...parts.map((path) => `d/${path}`))])
    expect(all).toEqual({
      used: [`d/${parts[0]}`],
      leftOut: [`d/${parts[1]}`, `d/${parts[2]}`],
      note: '',
      label: 'train-00000-of-00001.parquet',
    })
  })

  test('of files that were chosen one by one, and packed', async () => {
    const { used, leftOut } = await chosen(picked('train.jsonl.gz', 'test.jsonl.gz'))
    expect([used, leftOut]).toEqual([['train.jsonl.gz'], ['test.jsonl.gz']])
  })

  test('as the README names it, by paths from where it lies', async () => {
    const yaml = 'configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: "raw/*.jsonl.gz"'
    const files = picked('test-set/raw/a.jsonl.gz', 'test-set/raw/b.jsonl.gz', 'test-set/other/c.jsonl.gz')
    const { used, leftOut } = await chosen([card(yaml, 'test-set/README.md'), ...files])
    expect([used, leftOut]).toEqual([['test-set/raw/a.jsonl.gz', 'test-set/raw/b.jsonl.gz'], ['test-set/other/c.jsonl.gz']]) // prettier-ignore
  })

  test('of several versions of a data set one is used, and that is said', async () => {
    const { used, note } = await chosen([card('license: mit'), ...picked('d/one/train.csv', 'd/two/train.csv')])
    expect([used.length, note]).toEqual([1, expect.stringContaining('several folders')])
  })

  test('where all names are alike, all files are used: the folder’s own name says nothing', async () => {
    expect(await chosen(picked('test/a.txt', 'test/b/c.txt'))).toMatchObject({
      used: ['test/a.txt', 'test/b/c.txt'],
      leftOut: [],
    })
    expect((await chosen(picked('test-1.csv', 'test-2.csv'))).used).toEqual(['test-1.csv', 'test-2.csv'])
  })
})
