// Chooses a data set's training files among the paths of a repository, by name alone.

import { globFilter } from './glob'

/** Best first. All but Parquet, which packs by itself, may be packed with gzip. */
const FORMATS = [
  ...[/\.parquet$/i, /\.(jsonl|ndjson)(\.gz)?$/i, /\.json(\.gz)?$/i],
  ...[/\.csv(\.gz)?$/i, /\.tsv(\.gz)?$/i, /\.txt(\.gz)?$/i],
]

/** Files that go with a data set and are no data. */
const BESIDE =
  /(^|\/)(readme|licen[cs]e|notice|requirements|dataset_infos?|dataset_dict|state|config|citation|croissant|\.[^/]*)(\.\w+)?(\.gz)?$/i

const word = (words: string) => new RegExp(`(^|[^a-z0-9])(${words})([^a-z0-9]|$)`, 'i')
const TRAIN = word('train|training')
const HELD_OUT = word('test|testing|eval|evaluation|valid|validation|val|dev')

export interface Choice {
  /** Sorted by name; empty when nothing can be read. */
  readonly chosen: readonly string[]
  /** What was left out, as a sentence; '' when nothing was. */
  readonly note: string
}

function firstFormat(paths: readonly string[]): readonly string[] {
  for (const format of FORMATS) {
    const found = paths.filter((path) => format.test(path))
    if (found.length > 0) return found
  }
  return []
}

const folder = (path: string) => path.slice(0, path.lastIndexOf('/') + 1)

/** Files of one folder: several hold several versions of a data set, which are not one. */
function oneFolder(paths: readonly string[]): Choice {
  const folders = [...new Set(paths.map(folder))].sort()
  const usual = ['default/train/', 'default/', 'data/', 'train/', 'data/train/', '']
  const chosen = usual.find((name) => folders.includes(name)) ?? folders[0] ?? ''
  const note =
    folders.length > 1
      ? `The data set has files in several folders; those of ${chosen || 'the top folder'} are used.`
      : ''
  return { chosen: paths.filter((path) => folder(path) === chosen).sort(), note }
}

/**
 * @param paths of files that are not empty
 * @param patterns what the data set's README names as its training files; [] when it names none
 */
export function pickData(paths: readonly string[], patterns: readonly string[]): Choice {
  const all = new Set(paths)
  // A packed copy beside the file itself would give every row twice.
  const isCopy = (path: string) => path.endsWith('.gz') && all.has(path.slice(0, -'.gz'.length))
  const readable = paths.filter(
    (path) => !BESIDE.test(path) && FORMATS.some((format) => format.test(path)) && !isCopy(path),
  )
  const named = globFilter(readable, patterns)
  if (named !== null && named.length > 0) return { chosen: [...firstFormat(named)].sort(), note: '' }
  const training = readable.filter((path) => TRAIN.test(path) && !HELD_OUT.test(path.slice(folder(path).length)))
  const { chosen, note } = oneFolder(
    firstFormat(training.length > 0 ? training : readable.filter((path) => !HELD_OUT.test(path))),
  )
  const unread = 'The patterns by which its README names the training files are too many to compare; names decided.'
  return { chosen, note: named === null ? `${unread} ${note}`.trim() : note }
}

/** The training part of the hub's conversion: `<configuration>/train/0000.parquet` and on. */
export function pickConverted(paths: readonly string[]): Choice {
  const training = paths.filter((path) => /\/(partial-)?train\/\d+\.parquet$/.test(path))
  return oneFolder(training)
}
