// Opens the weights of a model folder, whichever form they have: safetensors or torch, one file or shards with an index.
// It says what lies there; which names and shapes a model needs is for model/load.ts.

import { FinetaleError } from '../recipe/error'
import { firstFew, plainName } from './blobBytes'
import { refuseImpostors } from './impostors'
import { openSafetensors } from './safetensors'
import { openTorchPickle } from './torchPickle'
import type { WeightsFile } from './weightsFile'

type Files = Readonly<Record<string, Blob>>

/** Best first. */
const NAMES = ['model.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin', 'pytorch_model.bin.index.json']
/** As many tensors as a header of safetensors may have. */
const MAX_INDEX = 16 * 2 ** 20

/**
 * Picks and opens the weights; their headers are checked, tensors are read on demand.
 * @param files by name, or by path in a folder; what lies highest is taken, and of that safetensors before torch
 * @throws FinetaleError naming the file at fault, or all files when none holds weights
 */
export async function openWeights(files: Files): Promise<WeightsFile> {
  const depth = (path: string) => path.split('/').length
  const rank = (path: string) => NAMES.indexOf(path.split('/').at(-1) ?? '')
  const found = Object.keys(files).filter((path) => rank(path) >= 0)
  const [path] = found.sort((a, b) => depth(a) - depth(b) || rank(a) - rank(b) || (a < b ? -1 : 1))
  if (path === undefined) {
    throw new FinetaleError(
      `The model folder has no weights: expected model.safetensors or pytorch_model.bin, found ${
        firstFew(Object.keys(files)) || 'no files'
      }.`,
      otherName(Object.keys(files)) ??
        'Add the weights to the folder, choose another model, or set model_init to from_config to train from scratch.',
    )
  }
  return path.endsWith('.json') ? openShards(files, path) : openOne(files[path]!, path)
}

/** What to do when weights lie there under a name that says not which they are. */
function otherName(paths: readonly string[]): string | null {
  const names = paths.map((path) => path.split('/').at(-1) ?? '')
  const shard = names.find((name) => /-\d{5}-of-\d{5}\.(safetensors|bin)$/.test(name))
  if (shard !== undefined) {
    const index = NAMES[shard.endsWith('.bin') ? 3 : 1]!
    return `Add ${index}, which says what lies in ${plainName(shard)} and the others.`
  }
  const other = names.find((name) => /\.(safetensors|bin|pt|pth|ckpt)$/.test(name))
  if (other === undefined) return null
  return `If ${plainName(other)} holds the weights, rename it to ${NAMES[other.endsWith('.safetensors') ? 0 : 2]!}.`
}

async function openOne(blob: Blob, label: string): Promise<WeightsFile> {
  if (label.endsWith('.bin')) return openTorchPickle(blob, label)
  const file = await openSafetensors(blob, label)
  return { label, entries: file.entries, notes: [], read: (name, begin, end) => file.read(name, begin, end) }
}

/** A model over several files: the index says which tensor lies in which. */
async function openShards(files: Files, index: string): Promise<WeightsFile> {
  const map = await readIndex(files[index]!, index)
  const folder = index.slice(0, index.lastIndexOf('/') + 1)
  const names = [...new Set(map.values())].sort()
  const missing = names.filter((name) => !Object.hasOwn(files, folder + name))
  if (missing.length > 0) {
    throw new FinetaleError(
      `${index} names ${names.length} files, but ${missing.length} of them are missing: ${firstFew(missing)}.`,
      'Add the missing files to the folder.',
    )
  }
  const wrongKind = names.find((name) => name.endsWith('.bin') !== index.includes('.bin.'))
  if (wrongKind !== undefined) {
    throw new FinetaleError(
      `${index} names ${plainName(wrongKind)}, which is a file of another kind.`,
      'Use the index that came with these files.',
    )
  }
  const shards = new Map<string, WeightsFile>()
  for (const name of names) shards.set(name, await openOne(files[folder + name]!, folder + name))

  const entries = new Map<string, { dtype: string; shape: readonly number[] }>()
  for (const [tensor, name] of map) {
    const entry = shards.get(name)?.entries.get(tensor)
    if (entry === undefined) {
      throw new FinetaleError(
        `${index} says that ${plainName(tensor)} lies in ${plainName(name)}, but it is not there.`,
        'Use the index that came with these files.',
      )
    }
    entries.set(tensor, entry)
  }
  const notes = [...shards.values()].flatMap((shard) => shard.notes)
  const unnamed = [...shards].flatMap(([name, shard]) =>
    [...shard.entries.keys()].filter((tensor) => map.get(tensor) !== name),
  )
  if (unnamed.length > 0) notes.push(`${index} does not name tensors of its files; left out: ${firstFew(unnamed)}.`)
  return {
    label: index,
    entries,
    notes,
    async read(tensor, begin, end) {
      const shard = shards.get(map.get(tensor) ?? '')
      if (shard === undefined)
        throw new FinetaleError(`${index} names no tensor ${plainName(tensor)}.`, 'Use its files.')
      return shard.read(tensor, begin, end)
    },
  }
}

/** Tensor to file. */
async function readIndex(blob: Blob, label: string): Promise<Map<string, string>> {
  await refuseImpostors(blob, label, 'index')
  const broken = (what: string): FinetaleError =>
    new FinetaleError(`${label} is no index of weights: ${what}.`, 'Download the file again.')
  if (blob.size > MAX_INDEX) throw broken(`it has ${blob.size} bytes; expected at most ${MAX_INDEX}`)
  let json: unknown
  try {
    json = JSON.parse(await blob.text())
  } catch {
    throw broken('it is not JSON')
  }
  const weightMap = (json as { weight_map?: unknown } | null)?.weight_map
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap)) {
    throw broken('expected "weight_map" with the file of each tensor')
  }
  const map = new Map<string, string>()
  for (const [tensor, name] of Object.entries(weightMap) as [string, unknown][]) {
    if (typeof name !== 'string') throw broken(`the file of ${plainName(tensor)} is not a name`)
    map.set(tensor, name)
  }
  if (map.size === 0) throw broken('it names no tensor')
  return map
}
