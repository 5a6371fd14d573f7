// Which files of a repository make a model, with a listing and without one: settings, tokenizer, and weights in one form,
// never both. The weights come last, so that what is small and wrong is found before what is large.

import { FinetaleError } from '../recipe/error'
import type { Listing } from './listing'
import type { RepoSession } from './repoSession'

const OPTIONAL = ['tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'generation_config.json']
/** Best first; an index names the files that hold the weights. */
const WEIGHTS = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
]
const WEIGHT_NAMES = 'model.safetensors or pytorch_model.bin'
const TOKENIZER_NAMES = 'tokenizer.json, or vocab.json and merges.txt'

type Files = Record<string, Blob>

const isIndex = (path: string) => path.endsWith('.index.json')

/** An index of a hundred thousand tensors fits, and no model that fits a page comes in as many files. */
const MAX_INDEX = 16 * 2 ** 20
const MAX_SHARDS = 1000

/** The files an index names. @throws FinetaleError when it names none, or more than any model has */
export async function shardsOf(index: Blob, path: string, repo: string): Promise<string[]> {
  const refuse = (found: string): never => {
    throw new FinetaleError(
      `${path} of ${repo} ${found}: expected a weight_map from tensors to files.`,
      'Use another copy of the model.',
      { code: 'hub-mismatch' },
    )
  }
  if (index.size > MAX_INDEX) refuse(`has ${index.size} bytes, where ${MAX_INDEX} are the most`)
  let shards: string[] = []
  try {
    const { weight_map: map } = JSON.parse(await index.text()) as { weight_map?: unknown }
    shards = [...new Set(Object.values(map ?? {}).filter((name) => typeof name === 'string'))].sort()
  } catch {
    // Reported below.
  }
  if (shards.length > MAX_SHARDS) refuse(`names ${shards.length} files, where ${MAX_SHARDS} are the most`)
  return shards.length > 0 ? shards : refuse('names no files')
}

async function fromListing(session: RepoSession, listing: Listing): Promise<Files> {
  const has = (path: string) => listing.files.has(path)
  if (!has('config.json')) throw session.absent('config.json', listing)
  const tokenizer = has('tokenizer.json') ? ['tokenizer.json'] : ['vocab.json', 'merges.txt']
  if (!tokenizer.every(has)) throw session.absent(TOKENIZER_NAMES, listing)
  const weights = WEIGHTS.find(has)
  if (weights === undefined) throw session.absent(WEIGHT_NAMES, listing)

  const config = await session.need('config.json')
  const files: Files = { 'config.json': config }
  for (const path of OPTIONAL) {
    if ((listing.files.get(path)?.size ?? 0) === 0) continue
    const file = await session.find(path)
    if (file !== null) files[path] = file
  }
  let last = [weights]
  if (isIndex(weights)) {
    files[weights] = await session.need(weights)
    last = await shardsOf(files[weights], weights, session.ref.repo)
    const lost = last.find((path) => !has(path))
    if (lost !== undefined) throw session.absent(lost, listing)
  }
  return { ...files, ...(await session.all([...tokenizer, ...last])) }
}

async function byNames(session: RepoSession): Promise<Files> {
  const files: Files = { 'config.json': await session.need('config.json') }
  const take = async (path: string, last = false) => {
    const file = await session.find(path, last)
    if (file !== null) files[path] = file
    return file !== null
  }
  const hasTokenizer = (await take('tokenizer.json')) || ((await take('vocab.json')) && (await take('merges.txt')))
  if (!hasTokenizer) throw session.absent(TOKENIZER_NAMES)
  for (const path of OPTIONAL) await take(path)
  for (const path of WEIGHTS) {
    if (!(await take(path, !isIndex(path)))) continue
    if (!isIndex(path)) return files
    return { ...files, ...(await session.all(await shardsOf(files[path]!, path, session.ref.repo))) }
  }
  throw session.absent(WEIGHT_NAMES)
}

/**
 * Brings a model's files.
 * @returns them by name
 * @throws FinetaleError naming the file that is missing or wrong
 */
export async function collectModel(session: RepoSession): Promise<Files> {
  const listing = await session.list()
  return listing === null ? byNames(session) : fromListing(session, listing)
}
