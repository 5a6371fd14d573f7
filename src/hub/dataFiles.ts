// Which files of a repository make a data set, with a listing and without one. They are brought as they are; reading them
// is for src/data.

import { CONVERTED } from './address'
import { ImpostorError, isAbsence } from './answers'
import type { Listing } from './listing'
import { pickConverted, pickData } from './pickData'
import { trainPatterns } from './readme'
import type { RepoSession } from './repoSession'

/** Names that are tried where nothing is listed. */
const NAMES = [
  'data/train-00000-of-00001.parquet',
  'train.parquet',
  'data.parquet',
  'train.jsonl',
  'data.jsonl',
  'train.json',
  'train.csv',
  'data.csv',
  'train.txt',
  'train.jsonl.gz',
  'train.json.gz',
  'train.csv.gz',
  'train.txt.gz',
]
/** A hub converts to parts of some hundred megabytes; no data set that fits a page has more of them. */
const MAX_CONVERTED = 32

type Files = Record<string, Blob>

const convertedName = (index: number) => `default/train/${String(index).padStart(4, '0')}.parquet`

/** What the README says of the training files; nothing when it is not there or does not say. */
async function patternsIn(session: RepoSession, listing: Listing): Promise<readonly string[]> {
  const size = listing.files.get('README.md')?.size ?? 0
  if (size === 0 || size > 2 ** 20) return []
  try {
    return trainPatterns(await (await session.need('README.md')).text())
  } catch (error) {
    if (error instanceof ImpostorError || isAbsence(error)) return []
    throw error
  }
}

async function fromListing(session: RepoSession, listing: Listing): Promise<Files | null> {
  const paths = [...listing.files.values()].filter(({ size }) => size > 0).map(({ path }) => path)
  const { chosen, note } = pickData(paths, await patternsIn(session, listing))
  if (note !== '') session.notes.add(note)
  return chosen.length === 0 ? null : session.all(chosen)
}

async function converted(session: RepoSession): Promise<Files | null> {
  const listing = await session.list(CONVERTED)
  if (listing !== null) {
    const { chosen, note } = pickConverted([...listing.files.keys()])
    if (note !== '') session.notes.add(note)
    return chosen.length === 0 ? null : session.all(chosen, CONVERTED)
  }
  const files: Files = {}
  for (let index = 0; index < MAX_CONVERTED; index++) {
    const path = convertedName(index)
    const file = await session.find(path, true, CONVERTED)
    if (file === null) break
    files[path] = file
  }
  return Object.keys(files).length === 0 ? null : files
}

async function byNames(session: RepoSession): Promise<Files | null> {
  for (const path of NAMES) {
    const file = await session.find(path, true)
    if (file !== null) return { [path]: file }
  }
  return null
}

/**
 * Brings a data set's files: those of its training part, in one format; the hub's conversion to Parquet where there are
 * none that can be read.
 * @returns them by path
 * @throws FinetaleError when there is nothing to train on
 */
export async function collectData(session: RepoSession): Promise<Files> {
  const listing = await session.list()
  if (session.unlisted !== '') {
    session.notes.add(
      `${session.ref.repo} ${session.unlisted}: only its conversion to Parquet, or one file with a usual name, could be used.`,
    )
  }
  const files =
    listing === null
      ? ((await converted(session)) ?? (await byNames(session)))
      : ((await fromListing(session, listing)) ?? (await converted(session)))
  if (files !== null) return files
  throw session.absent('data file (Parquet, JSON Lines, JSON, CSV, TSV or text)', listing)
}
