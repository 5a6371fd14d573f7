// Chosen files become a model: folders, litter; and what a stored run keeps. Data files are in data-files.test.ts.

import { describe, expect, test } from 'vitest'
import { modelFromFiles, storedInputs, type PickedFile } from '../../src/state/inputs'

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
    expect(storedInputs({ ...model, data: new Blob() }, labels).model).toMatchObject({ stored: true })
  })
})
