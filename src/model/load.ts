// Builds a GPTNeo from a folder of files in Hugging Face layout. Everything is checked before a tensor is allocated.
// How the files are read is formats/weights.ts.

import { firstFew } from '../formats/blobBytes'
import { refuseType } from '../formats/floats'
import { openWeights } from '../formats/weights'
import type { WeightsFile } from '../formats/weightsFile'
import type { Param } from '../kernels/param'
import { disposeParams } from '../kernels/param'
import { FinetaleError } from '../recipe/error'
import { parseConfig, type GPTNeoConfig } from './config'
import { GPTNeo } from './gptNeo'
import { canonicalNames, EMBEDDING, HEAD } from './names'
import { checkShapes, createParam, paramTable, type ParamSpec } from './params'

/** Elements of head and embedding compared at a time: two whole ones would be more than half of the model. */
const COMPARED = 2 ** 20

/**
 * Loads config.json and the weights, in any form that openWeights knows.
 * The head: a file without lm_head, with only lm_head, or with one equal to wte, gives a tied model. A head that differs is
 * left out with a note when the config says tied (as the reference does), and refused when it says untied.
 * @param accept sees the config before any weight is read; what it throws ends the loading
 * @throws FinetaleError naming the file and the tensors at fault; nothing stays allocated.
 */
export async function loadModel(
  files: Readonly<Record<string, Blob>>,
  accept: (config: GPTNeoConfig) => void = () => {},
): Promise<GPTNeo> {
  const config = parseConfig(await needConfig(files).text())
  accept(config)
  const weights = await openWeights(files)
  const { sources, extras } = canonicalNames(weights, config.tie_word_embeddings)
  const table = paramTable(config)
  checkTensors(table, weights, sources, extras)

  const notes = [...weights.notes, ...(await checkHead(config, weights, sources))]
  const known = new Set([...table.map(({ name }) => name), HEAD])
  const unknown = [...extras, ...[...sources].filter(([name]) => !known.has(name)).map(([, source]) => source)]
  if (unknown.length > 0) {
    notes.push(`${weights.label} has tensors this model has no use for: ${firstFew(unknown)}.`)
  }

  const params: Param[] = []
  try {
    // One tensor at a time: a second full copy of the weights would double the memory.
    for (const spec of table) {
      const source = sources.get(spec.name) ?? spec.name
      const data = await weights.read(source)
      refuseNonFinite(data, source, weights.label)
      params.push(createParam(spec, data))
    }
    return new GPTNeo(config, params, notes)
  } catch (error) {
    disposeParams(params)
    throw error
  }
}

/** Names, shapes and types of all the model needs, by the files' headers alone. */
function checkTensors(
  table: readonly ParamSpec[],
  weights: WeightsFile,
  sources: ReadonlyMap<string, string>,
  extras: readonly string[],
): void {
  const shapes = new Map<string, readonly number[]>()
  for (const [name, source] of sources) shapes.set(name, weights.entries.get(source)?.shape ?? [])
  if (extras.length > 0 && table.some(({ name }) => !shapes.has(name))) {
    // Names one expected beside names nobody knows: seeing both tells how they differ.
    const missing = table.filter(({ name }) => !shapes.has(name)).map(({ name }) => name)
    throw new FinetaleError(
      `${weights.label}: ${missing.length} of ${table.length} tensors are missing: ${firstFew(missing)}. It has others: ${firstFew(extras)}.`,
      'Choose the weights that belong to this config.json.',
    )
  }
  checkShapes(table, shapes, weights.label)
  for (const name of [...table.map((spec) => spec.name), HEAD]) {
    const source = sources.get(name)
    const dtype = source === undefined ? undefined : weights.entries.get(source)?.dtype
    if (source !== undefined && dtype !== undefined) refuseType(dtype, source, weights.label)
  }
}

async function checkHead(
  config: GPTNeoConfig,
  weights: WeightsFile,
  sources: ReadonlyMap<string, string>,
): Promise<string[]> {
  const head = sources.get(HEAD)
  if (head === undefined) {
    if (config.tie_word_embeddings) return []
    throw new FinetaleError(
      `config.json says the head is not tied to the embedding, but ${weights.label} has no ${HEAD}.`,
      'Choose weights that hold the head, or set tie_word_embeddings to true in config.json.',
    )
  }
  if (await sameNumbers(weights, head, sources.get(EMBEDDING) ?? EMBEDDING)) return []
  if (config.tie_word_embeddings) {
    return [`The file's ${HEAD} differs from its embedding; config.json says they are tied, so the embedding is used.`]
  }
  throw new FinetaleError(
    `${weights.label} has a head of its own (${HEAD} differs from the embedding); Finetale trains models with a tied head.`,
    'Choose a model with tied embeddings.',
  )
}

async function sameNumbers(weights: WeightsFile, one: string, other: string): Promise<boolean> {
  const [a, b] = [one, other].map((name) => weights.entries.get(name)?.shape ?? [])
  if (a?.length !== b?.length || !a?.every((size, i) => size === b?.[i])) return false
  const elements = a.reduce((product, n) => product * n, 1)
  for (let at = 0; at < elements; at += COMPARED) {
    const end = Math.min(elements, at + COMPARED)
    const [x, y] = [await weights.read(one, at, end), await weights.read(other, at, end)]
    if (!x.every((value, i) => value === y[i])) return false
  }
  return true
}

/** One number that is not finite makes every loss NaN, many steps after anyone would look here. */
function refuseNonFinite(data: Float32Array, tensor: string, label: string): void {
  let count = 0
  for (const value of data) if (!Number.isFinite(value)) count++
  if (count === 0) return
  throw new FinetaleError(
    `${label}: expected finite numbers, found ${count} of ${data.length} in ${tensor} that are not.`,
    'Choose another copy of the model; this one was saved after its training had failed.',
  )
}

/** The config.json that lies highest. */
function needConfig(files: Readonly<Record<string, Blob>>): Blob {
  const name = 'config.json'
  const depth = (path: string) => path.split('/').length
  const found = Object.keys(files).filter((path) => path === name || path.endsWith(`/${name}`))
  const [path] = found.sort((a, b) => depth(a) - depth(b))
  if (path !== undefined) return files[path]!
  throw new FinetaleError(
    `The model folder has no ${name}; it holds ${firstFew(Object.keys(files)) || 'no files'}.`,
    `Add ${name} to the folder, or choose another model.`,
  )
}
