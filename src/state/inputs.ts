// Where a run's model and data come from: built in, chosen by the user, or kept with a stored run. It looks at names, and
// into archives; what is in the files is for the readers to judge.

import { FinetaleError } from '../recipe/error'
import type { ColumnMapping, DataSource, HubRef, ModelSource } from '../workers/protocol'

/** A chosen file with its path inside the chosen or dropped folder. */
export interface PickedFile {
  readonly path: string
  readonly file: Blob
}

/** The model that ships with the page; the address is absolute, because workers resolve relative ones elsewhere. */
export function builtInModel(baseUrl: string): ModelSource {
  return { kind: 'url', label: 'finetale-4m', url: new URL('models/finetale-4m/', baseUrl).href }
}

const STORIES = 'backstories.jsonl'

/** True for the built-in data set, also as a stored run keeps it. */
export function isBuiltInData(data: DataSource | null): boolean {
  return data?.label === STORIES && (data.kind === 'url' || !data.origin)
}

export function builtInData(baseUrl: string): DataSource {
  return { kind: 'url', label: STORIES, url: new URL('data/backstories/backstories.jsonl', baseUrl).href }
}

/** Files as an input element gives them. */
export function pickedFiles(files: Iterable<File>): PickedFile[] {
  return Array.from(files, (file) => ({ path: file.webkitRelativePath || file.name, file }))
}

export const nameOf = (path: string): string => path.split('/').at(-1) ?? path

/** The first few names, for a sentence. */
export function someNames(picked: readonly PickedFile[]): string {
  if (picked.length === 0) return 'no files'
  const names = picked.slice(0, 4).map(({ path }) => nameOf(path))
  return names.join(', ') + (picked.length > names.length ? ', …' : '')
}

/** Files that a system leaves in folders and archives, which are nobody's data. */
export function isLitter(path: string): boolean {
  return path.split('/').some((part) => part === '__MACOSX' || part.startsWith('.'))
}

/**
 * A model from the files of a chosen folder: those beside the config.json that lies highest.
 * @param fallback the label where the files lie in no folder
 * @throws FinetaleError when no config.json is among them.
 */
export function modelFromFiles(picked: readonly PickedFile[], fallback = 'local model'): ModelSource {
  const depth = ({ path }: PickedFile) => path.split('/').length
  const files = picked.filter(({ path }) => !isLitter(path))
  const config = files.filter(({ path }) => nameOf(path) === 'config.json').sort((a, b) => depth(a) - depth(b))[0]
  if (!config) {
    throw new FinetaleError(
      `The chosen folder is not a model folder: expected a config.json in it, found ${someNames(files)}.`,
      'Choose the folder that holds config.json, model.safetensors or pytorch_model.bin, and tokenizer.json.',
    )
  }
  const folder = config.path.slice(0, -'config.json'.length)
  const beside = files.filter(({ path }) => path === folder + nameOf(path))
  const label = folder.split('/').filter(Boolean).at(-1) ?? fallback
  return { kind: 'files', label, files: Object.fromEntries(beside.map(({ path, file }) => [nameOf(path), file])) }
}

/**
 * The inputs kept with a stored run, from its records in the `files` store keyed by file name; the data set is `data`, or
 * `data/<name>` for each of its files.
 * @throws FinetaleError when one that a resume needs is missing.
 */
export function storedInputs(
  files: Readonly<Record<string, Blob>>,
  about: {
    modelLabel: string
    dataLabel: string
    dataMapping?: ColumnMapping | undefined
    modelOrigin?: HubRef | null | undefined
    dataOrigin?: HubRef | null | undefined
  },
): { model: ModelSource; data: DataSource } {
  const model: Record<string, Blob> = {}
  const data: Record<string, Blob> = {}
  for (const [key, file] of Object.entries(files)) {
    if (key === 'data') data[about.dataLabel] = file
    else if (key.startsWith('data/')) data[key.slice('data/'.length)] = file
    else model[key] = file
  }
  const tokenizer = model['vocab.json'] && model['merges.txt'] ? [] : ['tokenizer.json']
  const missing = ['config.json', ...tokenizer].filter((name) => !model[name])
  if (Object.keys(data).length === 0) missing.push('data')
  if (missing.length > 0) {
    throw new FinetaleError(
      `The stored run lacks ${missing.join(', ')}: the browser may have cleared part of its storage.`,
      'Discard the run and start it again from its model and data.',
    )
  }
  const { dataMapping: mapping, modelOrigin, dataOrigin } = about
  return {
    model: {
      ...{ kind: 'files', label: about.modelLabel, files: model, stored: true },
      ...(modelOrigin ? { origin: modelOrigin } : {}),
    },
    data: {
      ...{ kind: 'files', label: about.dataLabel, files: data },
      ...(dataOrigin ? { origin: dataOrigin } : {}),
      ...(mapping ? { mapping } : {}),
    },
  }
}
