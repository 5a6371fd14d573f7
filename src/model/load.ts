// Builds a GPTNeo from a folder of files in Hugging Face layout. Everything is checked before a tensor is allocated.

import { openSafetensors, type SafetensorsFile } from '../formats/safetensors'
import type { Param } from '../kernels/param'
import { disposeParams } from '../kernels/param'
import { FinetaleError } from '../recipe/error'
import { parseConfig, type GPTNeoConfig } from './config'
import { GPTNeo } from './gptNeo'
import { checkShapes, createParam, paramTable } from './params'

const WEIGHTS = 'model.safetensors'
const HEAD = 'lm_head.weight'
const EMBEDDING = 'transformer.wte.weight'
/** Constants that old files keep beside the weights; masks are built from the config instead. */
const MASK_BUFFER = /\.attn\.attention\.(bias|masked_bias)$/

/**
 * Loads config.json and model.safetensors.
 * The head: a file without lm_head, or with one equal to wte, gives a tied model. A head that differs is left out with a
 * note when the config says tied (as the reference does), and refused when it says untied.
 * @throws FinetaleError naming the file and the tensors at fault; nothing stays allocated.
 */
export async function loadModel(files: Readonly<Record<string, Blob>>): Promise<GPTNeo> {
  const configFile = need(files, 'config.json')
  const config = parseConfig(await configFile.text())
  const weights = await openSafetensors(need(files, WEIGHTS), WEIGHTS)
  const { sources, extras } = canonicalNames(weights)
  const table = paramTable(config)
  const shapes = new Map<string, readonly number[]>()
  for (const [name, source] of sources) shapes.set(name, weights.entries.get(source)?.shape ?? [])
  checkShapes(table, shapes, WEIGHTS)

  const notes = await checkHead(config, weights, sources)
  const known = new Set([...table.map(({ name }) => name), HEAD])
  const unknown = [...extras, ...[...sources.keys()].filter((name) => !known.has(name))]
  if (unknown.length > 0) notes.push(`${WEIGHTS} has tensors this model has no use for: ${unknown.join(', ')}.`)

  const params: Param[] = []
  try {
    // One tensor at a time: a second full copy of the weights would double the memory.
    for (const spec of table) params.push(createParam(spec, await weights.read(sources.get(spec.name) ?? spec.name)))
    return new GPTNeo(config, params, notes)
  } catch (error) {
    disposeParams(params)
    throw error
  }
}

/**
 * Maps table names to the file's names: `module.` and `_orig_mod.` go wherever they stand, `transformer.` is added where
 * it is missing, mask buffers are left out.
 * @throws FinetaleError when two tensors end up under one name.
 */
function canonicalNames(weights: SafetensorsFile): { sources: Map<string, string>; extras: string[] } {
  const sources = new Map<string, string>()
  const extras: string[] = []
  for (const source of weights.entries.keys()) {
    const parts = source.split('.').filter((part) => part !== 'module' && part !== '_orig_mod')
    if (parts[0] === 'transformer') parts.shift()
    const bare = parts.join('.')
    if (MASK_BUFFER.test(bare)) continue
    const name = bare === HEAD ? HEAD : `transformer.${bare}`
    const other = sources.get(name)
    if (other !== undefined) {
      throw new FinetaleError(
        `${WEIGHTS} holds two tensors for ${name}: ${other} and ${source}.`,
        'Save the model again with one set of weights.',
      )
    }
    if (/^(wte|wpe|ln_f|h\.\d+)\./.test(bare) || bare === HEAD) sources.set(name, source)
    else extras.push(source)
  }
  return { sources, extras }
}

async function checkHead(
  config: GPTNeoConfig,
  weights: SafetensorsFile,
  sources: ReadonlyMap<string, string>,
): Promise<string[]> {
  const headName = sources.get(HEAD)
  if (headName === undefined) {
    if (config.tie_word_embeddings) return []
    throw new FinetaleError(
      `config.json says the head is not tied to the embedding, but ${WEIGHTS} has no ${HEAD}.`,
      'Choose weights that hold the head, or set tie_word_embeddings to true in config.json.',
    )
  }
  const [head, wte] = [await weights.read(headName), await weights.read(sources.get(EMBEDDING) ?? EMBEDDING)]
  if (head.length === wte.length && head.every((value, i) => value === wte[i])) return []
  if (config.tie_word_embeddings) {
    return [`The file's ${HEAD} differs from its embedding; config.json says they are tied, so the embedding is used.`]
  }
  throw new FinetaleError(
    `${WEIGHTS} has a head of its own (${HEAD} differs from the embedding); Finetale trains models with a tied head.`,
    'Choose a model with tied embeddings.',
  )
}

function need(files: Readonly<Record<string, Blob>>, name: string): Blob {
  const file = files[name]
  if (file) return file
  const found = Object.keys(files)
  throw new FinetaleError(
    `The model folder has no ${name}; it holds ${found.length > 0 ? found.join(', ') : 'no files'}.`,
    `Add ${name} to the folder, or choose another model.`,
  )
}
