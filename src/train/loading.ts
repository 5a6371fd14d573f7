// From a model folder or a stored run to a model in memory, with its optimizer where training goes on.
// Reading files, weights and checkpoints is hub/, model/load.ts and storage/; this only puts them together.

import { readFolder } from '../hub/hub'
import { disposeParams } from '../kernels/param'
import { type GPTNeoConfig, parseConfig } from '../model/config'
import { GPTNeo } from '../model/gptNeo'
import { loadModel as loadFiles } from '../model/load'
import { createParams, type NamedArray } from '../model/params'
import { FinetaleError } from '../recipe/error'
import { readCheckpoint } from '../storage/checkpoints'
import type { Database } from '../storage/db'
import { listGenerations } from '../storage/generations'
import { readEvals, truncateAfter } from '../storage/metrics'
import type { CheckpointManifest, RunRecord, TrainingCursor } from '../storage/schema'
import type { ModelSource } from '../workers/protocol'
import { evaluationDue } from './loop'
import { AdamW } from './optimizer'

export interface LoadedModel {
  readonly model: GPTNeo
  /** The token that ends a text; -1 when config.json names none. */
  readonly eosId: number
}

function withEos(model: GPTNeo): LoadedModel {
  return { model, eosId: model.config.eos_token_ids[0] ?? -1 }
}

/** A model with its folder's own weights. Throws FinetaleError; nothing stays allocated then. */
export async function loadModel(source: ModelSource): Promise<LoadedModel> {
  return withEos(await loadFiles(await readFolder(source, ['config.json', 'model.safetensors'])))
}

async function currentCheckpoint(db: Database, record: RunRecord): Promise<CheckpointManifest> {
  const manifest = record.currentCheckpoint === '' ? undefined : await db.get('checkpoints', record.currentCheckpoint)
  if (manifest !== undefined) return manifest
  throw new FinetaleError(
    record.currentCheckpoint === ''
      ? `The run "${record.name}" ended before its first checkpoint, so there is nothing to go on from.`
      : `The checkpoint of the run "${record.name}" is gone: the browser may have cleared part of its storage.`,
    'Discard the run and start it again.',
  )
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

/** The weights of a run's current checkpoint, for generation. */
export async function loadStoredModel(db: Database, record: RunRecord): Promise<LoadedModel & { step: number }> {
  const manifest = await currentCheckpoint(db, record)
  const config = await storedConfig(db, record)
  const weights = new Map<string, NamedArray>()
  for await (const { stream, name, shape, data } of readCheckpoint(db, manifest)) {
    if (stream === 'weights') weights.set(name, { shape, data })
    else if (weights.size === manifest.tensors.length) break
  }
  return { ...withEos(new GPTNeo(config, createParams(config, weights))), step: manifest.cursor.step }
}

/**
 * Everything a run needs to go on from its current checkpoint. History after the checkpoint is removed from storage,
 * but only once the checkpoint has been read whole.
 */
export async function loadStoredRun(
  db: Database,
  record: RunRecord,
  total: number,
): Promise<LoadedModel & { optimizer: AdamW; cursor: TrainingCursor; evaluated: boolean }> {
  const manifest = await currentCheckpoint(db, record)
  const config = await storedConfig(db, record)
  const { cursor } = manifest
  const weights = new Map<string, NamedArray>()
  const moments: { stream: 'exp_avg' | 'exp_avg_sq'; name: string; data: Float32Array }[] = []
  for await (const { stream, name, shape, data } of readCheckpoint(db, manifest)) {
    if (stream === 'weights') weights.set(name, { shape, data })
    else if (stream === 'exp_avg' || stream === 'exp_avg_sq') moments.push({ stream, name, data })
  }
  const params = createParams(config, weights)
  const optimizer = new AdamW(params, record.recipe)
  try {
    for (const { stream, name, data } of moments) optimizer.restore(stream, name, data)
    optimizer.restoreStep(cursor.updates)
    await truncateAfter(db, record.id, cursor.step)
    const late = (await listGenerations(db, record.id)).filter(({ step }) => step > cursor.step)
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
