// Where a run's model and data come from: built in, chosen by the user, or kept with a stored run. Reads no content itself.

import { FinetaleError } from '../recipe/error'
import type { DataSource, ModelSource } from '../workers/protocol'

/** The model that ships with the page; the address is absolute, because workers resolve relative ones elsewhere. */
export function builtInModel(baseUrl: string): ModelSource {
  return { kind: 'url', label: 'finetale-3m', url: new URL('models/finetale-3m/', baseUrl).href }
}

export function builtInData(baseUrl: string): DataSource {
  return { kind: 'url', label: 'backstories.jsonl', url: new URL('data/backstories/backstories.jsonl', baseUrl).href }
}

/**
 * A model from the files of a chosen folder: those beside the config.json that lies highest.
 * @throws FinetaleError when no config.json is among them.
 */
export function modelFromFiles(files: readonly File[]): ModelSource {
  const path = (file: File) => file.webkitRelativePath || file.name
  const depth = (file: File) => path(file).split('/').length
  const config = files.filter((file) => file.name === 'config.json').sort((a, b) => depth(a) - depth(b))[0]
  if (!config) {
    const found =
      files.length === 0
        ? 'no files'
        : files
            .slice(0, 4)
            .map((file) => file.name)
            .join(', ')
    throw new FinetaleError(
      `The chosen folder is not a model folder: expected a config.json in it, found ${found}.`,
      'Choose the folder that holds config.json, model.safetensors and tokenizer.json.',
    )
  }
  const folder = path(config).slice(0, -config.name.length)
  const beside = files.filter((file) => path(file) === folder + file.name)
  const label = folder.split('/').filter(Boolean).at(-1) ?? 'local model'
  return { kind: 'files', label, files: Object.fromEntries(beside.map((file) => [file.name, file])) }
}

/**
 * The inputs kept with a stored run, from its records in the `files` store keyed by file name.
 * @throws FinetaleError when one that a resume needs is missing.
 */
export function storedInputs(
  files: Readonly<Record<string, Blob>>,
  labels: { modelLabel: string; dataLabel: string },
): { model: ModelSource; data: DataSource } {
  const { data, ...model } = files
  const missing = ['config.json', 'tokenizer.json'].filter((name) => !model[name])
  if (!data) missing.push('data')
  if (!data || missing.length > 0) {
    throw new FinetaleError(
      `The stored run lacks ${missing.join(', ')}: the browser may have cleared part of its storage.`,
      'Discard the run and start it again from its model and data.',
    )
  }
  return {
    model: { kind: 'files', label: labels.modelLabel, files: model },
    data: { kind: 'file', label: labels.dataLabel, file: data },
  }
}
