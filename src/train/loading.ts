// From a model folder or a stored run to a model in memory, with its optimizer where training goes on.
// Reading files, weights and checkpoints is hub/, model/load.ts and storage/; this only puts them together.

import { readFolder } from '../hub/hub'
import { disposeParams } from '../kernels/param'
import { type GPTNeoConfig, parseConfig } from '../model/config'
import { GPTNeo } from '../model/gptNeo'
import { loadModel as loadFiles } from '../model/load'
import { createParams, type NamedArray } from '../model/params'
import { FinetaleError } from '../recipe/error'
import type { Recipe } from '../recipe/recipe'
import { listCheckpoints } from '../storage/checkpointCare'
import { readCheckpoint } from '../storage/checkpoints'
import type { Database } from '../storage/db'
import { listGenerations } from '../storage/generations'
import { readEvals, truncateAfter } from '../storage/metrics'
import type { CheckpointManifest, RunRecord, TrainingCursor } from '../storage/schema'
import type { ModelSource } from '../workers/protocol'
import { initialWeights, initializerRange } from './initialWeights'
import { evaluationDue } from './loop'
import { AdamW } from './optimizer'
import { noFirstWeights } from './refusals'

export interface LoadedModel {
  readonly model: GPTNeo
  /** The token that ends a text; -1 when config.json names none. */
  readonly eosId: number
}

function withEos(model: GPTNeo): LoadedModel {
  return { model, eosId: model.config.eos_token_ids[0] ?? -1 }
}

/**
 * A model with its folder's own weights, in any form where the files are at hand.
 * @param accept sees the config before any weight is read; what it throws ends the loading
 * @throws FinetaleError; nothing stays allocated then
 */
export async function loadModel(source: ModelSource, accept?: (config: GPTNeoConfig) => void): Promise<LoadedModel> {
  if (source.kind === 'url')
    return withEos(await loadFiles(await readFolder(source, ['config.json', 'model.safetensors']), accept))
  if (source.stored) throw noFirstWeights(source.label)
  const config = await readFolder(source, ['config.json'])
  return withEos(await loadFiles({ ...source.files, ...config }, accept))
}

/**
 * The model that a new run begins with: its folder's weights, or ones drawn anew for its config.json, where the folder
 * needs no weights and those it has are not read. The model's notes say so. `accept` as for loadModel.
 */
export async function loadInitialModel(
  source: ModelSource,
  { model_init, seed }: Pick<Recipe, 'model_init' | 'seed'>,
  accept?: (config: GPTNeoConfig) => void,
): Promise<LoadedModel> {
  if (model_init !== 'from_config') return loadModel(source, accept)
  const files = await readFolder(source, ['config.json'])
  const config = parseConfig(await (files['config.json'] ?? new Blob([])).text())
  accept?.(config)
  const note =
    `The run begins from scratch: weights drawn from the normal distribution (0, ${initializerRange(config)}) with seed ` +
    `${seed}; those of the model folder are not used.`
  return withEos(new GPTNeo(config, createParams(config, initialWeights(config, seed)), [note]))
}

/** A run's checkpoints to try, the current one first and then the others, latest first. */
async function usableCheckpoints(db: Database, record: RunRecord): Promise<CheckpointManifest[]> {
  const { name, currentCheckpoint } = record
  const all = (await listCheckpoints(db, record.id)).reverse()
  if (all.length > 0) return all.sort((a, b) => Number(b.id === currentCheckpoint) - Number(a.id === currentCheckpoint))
  throw new FinetaleError(
    currentCheckpoint === ''
      ? `The run "${name}" ended before its first checkpoint, so there is nothing to go on from.`
      : `The checkpoint of the run "${name}" is gone: the browser may have cleared part of its storage.`,
    'Discard the run and start it again.',
  )
}

/** What `read` makes of the first checkpoint that is whole; `onDamage` hears of those before it. */
async function fromWhole<T>(
  record: RunRecord,
  manifests: readonly CheckpointManifest[],
  read: (manifest: CheckpointManifest) => Promise<T>,
  onDamage: (sentence: string) => void,
): Promise<T> {
  if (manifests[0]?.id !== record.currentCheckpoint) onDamage('The latest checkpoint is gone; an earlier one is used.')
  for (const [i, manifest] of manifests.entries()) {
    try {
      return await read(manifest)
    } catch (error) {
      if (!(error instanceof FinetaleError) || i === manifests.length - 1) throw error
      onDamage(`${error.message} The checkpoint before it is used.`)
    }
  }
  throw new Error('no checkpoint to read')
}

async function storedConfig(db: Database, record: RunRecord): Promise<GPTNeoConfig> {
  const file = await db.get('files', `${record.id}/config.json`)
  if (file === undefined) {
    throw new FinetaleError(
      `The stored run "${record.name}" lacks its config.json: the browser may have cleared part of its storage.`,
      'Discard the run and start it again.',
    )
  }
  return parseConfig(await file.text())
}

/** The weights of a run's current checkpoint, for generation; of an earlier one when that is damaged. */
export async function loadStoredModel(
  db: Database,
  record: RunRecord,
  onDamage: (sentence: string) => void,
): Promise<LoadedModel & { step: number }> {
  const manifests = await usableCheckpoints(db, record)
  const config = await storedConfig(db, record)
  const read = async (manifest: CheckpointManifest) => {
    const weights = new Map<string, NamedArray>()
    for await (const { stream, name, shape, data } of readCheckpoint(db, manifest)) {
      if (stream !== 'weights') break
      weights.set(name, { shape, data })
    }
    return { weights, step: manifest.cursor.step }
  }
  const { weights, step } = await fromWhole(record, manifests, read, onDamage)
  return { ...withEos(new GPTNeo(config, createParams(config, weights))), step }
}

export interface LoadListener {
  /** Hears of checkpoints that could not be used. */
  readonly onDamage: (sentence: string) => void
  /** Hears the share of the checkpoint read so far, 0 to 1. */
  readonly onProgress: (share: number) => void
}

/**
 * Everything a run needs to go on from its current checkpoint, or from an earlier one when that is damaged. History after
 * the checkpoint is removed from storage, but only once the checkpoint has been read whole.
 */
export async function loadStoredRun(
  db: Database,
  record: RunRecord,
  total: number,
  { onDamage, onProgress }: LoadListener,
): Promise<LoadedModel & { optimizer: AdamW; cursor: TrainingCursor; evaluated: boolean }> {
  const manifests = await usableCheckpoints(db, record)
  const config = await storedConfig(db, record)
  const read = async (manifest: CheckpointManifest) => {
    const weights = new Map<string, NamedArray>()
    const moments: { stream: 'exp_avg' | 'exp_avg_sq'; name: string; data: Float32Array }[] = []
    for await (const { stream, name, shape, data } of readCheckpoint(db, manifest, onProgress)) {
      if (stream === 'weights') weights.set(name, { shape, data })
      else moments.push({ stream, name, data })
    }
    return { weights, moments, cursor: manifest.cursor }
  }
  const { weights, moments, cursor } = await fromWhole(record, manifests, read, onDamage)
  const params = createParams(config, weights)
  const optimizer = new AdamW(params, record.recipe)
  try {
    for (const { stream, name, data } of moments) optimizer.restore(stream, name, data)
    optimizer.restoreStep(cursor.updates)
    // The rows of the untouched model come after the first step, so a run that begins anew makes them anew.
    const last = cursor.step === 0 ? -1 : cursor.step
    await truncateAfter(db, record.id, last)
    const late = (await listGenerations(db, record.id)).filter(({ step }) => step > last)
    await Promise.all(late.map(({ id }) => db.delete('generations', id)))
    const evals = await readEvals(db, record.id)
    const evaluated = !evaluationDue(record.recipe, cursor, total) || evals.some(({ step }) => step === cursor.step)
    return { ...withEos(new GPTNeo(config, params)), optimizer, cursor, evaluated }
  } catch (error) {
    optimizer.dispose()
    disposeParams(params)
    throw error
  }
}
