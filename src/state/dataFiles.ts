// A data set from chosen or dropped files: which of them hold rows, and which of those are the training part. It goes by
// names and by the README beside them, as for a data set on a hub; what is in the files is for the readers to judge.

import { FinetaleError } from '../recipe/error'
import type { DataSource } from '../workers/protocol'
import { isLitter, nameOf, someNames, type PickedFile } from './inputs'

export interface ChosenData {
  readonly data: DataSource
  /** Files with rows that are not used, because they are no part of the training data. */
  readonly leftOut: readonly PickedFile[]
  /** What else is to be said of the choice, as a sentence; '' when nothing is. */
  readonly note: string
}

/** Texts that go with a data set, and the files in which tools describe one. */
const DESCRIPTION =
  /^(?:(?:readme|licen[cs]e|notice|requirements|citation|changelog|contributing)\b.*\.(?:md|txt|text)|(?:dataset_infos?|dataset_dict|state|config|croissant)\.json)$/i
const MAX_README_BYTES = 2 ** 20

/** Files that hold rows by the end of their names, or the only file. Markdown is most often about the others: it counts where it is alone. */
export function rowsAmong<T extends Pick<PickedFile, 'path'>>(files: readonly T[], ending: RegExp): readonly T[] {
  if (files.length === 1) return files
  const rows = files.filter(({ path }) => ending.test(path) && !DESCRIPTION.test(nameOf(path)))
  const data = rows.filter(({ path }) => !/\.md$/i.test(path))
  return data.length > 0 ? data : rows
}

/** The path that the choice of training files knows a format by: one ending each, and nothing packed. */
function plainPath(path: string): string {
  const plain: Readonly<Record<string, string>> = { pq: '.parquet', tab: '.tsv', text: '.txt', md: '.txt' }
  return path
    .replace(/\.gz$/i, '')
    .replace(/\.(pq|tab|text|md)$/i, (_, ending: string) => plain[ending.toLowerCase()] ?? '')
}

/** The folder that all paths share, with its slash. */
function sharedFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split('/').slice(0, -1))
  const end = first.findIndex((part, i) => others.some((parts) => parts[i] !== part))
  return first
    .slice(0, end < 0 ? first.length : end)
    .map((part) => `${part}/`)
    .join('')
}

/** The training part, by the rules for a data set on a hub; all files where nothing tells them apart. */
async function trainingPart(files: readonly PickedFile[], rows: readonly PickedFile[]) {
  const all = { used: rows, note: '' }
  const { pickData } = await import('../hub/pickData')
  const { trainPatterns } = await import('../hub/readme')
  const depth = ({ path }: PickedFile) => path.split('/').length
  const readme = files.filter(({ path }) => /^readme\.md$/i.test(nameOf(path))).sort((a, b) => depth(a) - depth(b))[0]
  const card = readme && readme.file.size <= MAX_README_BYTES ? await readme.file.text() : ''
  const isCard = /^\uFEFF?---\r?\n/.test(card)
  const root = isCard && readme ? readme.path.slice(0, -nameOf(readme.path).length) : sharedFolder(rows.map(({ path }) => path)) // prettier-ignore
  const known = rows.map((row) => ({ row, path: plainPath(row.path.startsWith(root) ? row.path.slice(root.length) : row.path) })) // prettier-ignore
  const heldOut = known.filter(({ path }) => pickData([path], []).chosen.length === 0)
  if (!isCard && heldOut.length === 0) return all
  const { chosen, note } = pickData(known.map(({ path }) => path), trainPatterns(card).map(plainPath)) // prettier-ignore
  const used = known.filter(({ path }) => chosen.includes(path)).map(({ row }) => row)
  return used.length === 0 ? all : { used, note }
}

/** Why there are no rows: files that this page knows and cannot read say so themselves. */
async function refuse(files: readonly PickedFile[]): Promise<never> {
  const { FORMAT_HEAD_BYTES, formatOf } = await import('../data/parse/format')
  const arrow = files.find(({ path }) => /\.arrow$/i.test(path))
  if (arrow) {
    const head = new Uint8Array(await arrow.file.slice(0, FORMAT_HEAD_BYTES).arrayBuffer())
    formatOf(head, nameOf(arrow.path), nameOf(arrow.path))
  }
  throw new FinetaleError(
    `None of the chosen files holds rows: expected .jsonl, .json, .csv, .tsv, .txt or .parquet, found ${someNames(files)}.`,
    'Choose a data file of one of these kinds, or several of the same kind.',
  )
}

/**
 * A data set from chosen files. A single file is taken whatever its name; of several, those that look like rows, and of
 * these the training part where their names or a README tell it from the others.
 * @throws FinetaleError when none is left.
 */
export async function dataFromFiles(picked: readonly PickedFile[]): Promise<ChosenData> {
  const { dataEnding } = await import('../data/parse/format')
  const files = picked.filter(({ path }) => !isLitter(path))
  const rows = rowsAmong(files, dataEnding)
  const { used, note } = rows.length > 1 ? await trainingPart(files, rows) : { used: rows, note: '' }
  const first = used[0]
  if (!first) return refuse(files)
  const label = used.length === 1 ? nameOf(first.path) : `${nameOf(first.path)} + ${used.length - 1}`
  const data: DataSource = { kind: 'files', label, files: Object.fromEntries(used.map(({ path, file }) => [path, file])) } // prettier-ignore
  return { data, leftOut: rows.filter((row) => !used.includes(row)), note }
}
