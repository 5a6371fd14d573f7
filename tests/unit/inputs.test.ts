// Chosen files become a model or a data set: folders, litter, several files, and what a stored run keeps.

import { describe, expect, test } from 'vitest'
import { dataFromFiles, modelFromFiles, storedInputs, type PickedFile } from '../../src/state/inputs'

const picked = (...paths: string[]): PickedFile[] => paths.map((path) => ({ path, file: new Blob([path]) }))
const names = (source: { kind: string; files?: Readonly<Record<string, Blob>> }) => Object.keys(source.files ?? {})

describe('modelFromFiles', () => {
  test('takes the files beside the highest config.json, and the folder’s name', () => {
    const files = picked('a/m/config.json', 'a/m/x.bin', 'a/m/deep/config.json', 'a/other.txt', 'a/m/.DS_Store')
    const source = modelFromFiles(files)
    expect(source.label).toBe('m')
    expect(names(source).sort()).toEqual(['config.json', 'x.bin'])
  })

  test('files in no folder take the label given', () => {
    expect(modelFromFiles(picked('config.json'), 'zipped').label).toBe('zipped')
  })

  test('a folder without config.json is refused with what was found', () => {
    expect(() => modelFromFiles(picked('n/notes.txt', '__MACOSX/n/config.json'))).toThrow(/config\.json.*notes\.txt/)
  })
})

describe('dataFromFiles', () => {
  test('a single file is taken whatever its name', () => {
    expect(dataFromFiles(picked('rows.weird'))).toMatchObject({ kind: 'files', label: 'rows.weird' })
  })

  test('of several, those that hold rows', () => {
    const source = dataFromFiles(
      picked('d/README.md', 'd/dataset_info.json', 'd/b.parquet', 'd/a.parquet', 'd/.gitattributes'),
    )
    expect(names(source).sort()).toEqual(['d/a.parquet', 'd/b.parquet'])
    expect(source.label).toBe('b.parquet + 1')
  })

  test('no rows at all is refused', () => {
    expect(() => dataFromFiles(picked('d/a.png', 'd/b.png'))).toThrow(/a\.png/)
  })
})

describe('storedInputs', () => {
  const model = { 'config.json': new Blob(), 'tokenizer.json': new Blob() }
  const labels = { modelLabel: 'M', dataLabel: 'D.jsonl' }

  test('data files, mapping and origin come back', () => {
    const origin = { kind: 'dataset', base: 'https://huggingface.co/', repo: 'a/b', revision: 'main' } as const
    const about = { ...labels, dataMapping: { text: 'q', target: '' }, dataOrigin: origin }
    const { data } = storedInputs({ ...model, 'data/x/1.parquet': new Blob() }, about)
    expect(names(data)).toEqual(['x/1.parquet'])
    expect(data).toMatchObject({ label: 'D.jsonl', mapping: { text: 'q', target: '' }, origin })
  })

  test('a run of an older version kept one file', () => {
    expect(names(storedInputs({ ...model, data: new Blob() }, labels).data)).toEqual(['D.jsonl'])
  })

  test('what is missing is named', () => {
    expect(() => storedInputs({ 'config.json': new Blob() }, labels)).toThrow(/tokenizer\.json, data/)
  })
})
