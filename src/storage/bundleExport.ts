// Writes a stored run as a bundle, or its model alone as a Hugging Face folder. Reads storage only: a live run is
// exported from its last checkpoint. A stream of a checkpoint already is the body of a safetensors file, so no tensor
// is built.

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ZipWriter } from '../formats/zipWriter'
import { FinetaleError } from '../recipe/error'
import {
  BUNDLE_SCHEMA,
  bundlePathOfInput,
  bundlePaths,
  type BundleMetrics,
  type BundleProgress,
  type RunManifest,
} from './bundle'
import { checkpointAsSafetensors, currentCheckpoint } from './checkpointFile'
import type { Database } from './db'
import { listGenerations } from './generations'
import { readEvals, readSteps } from './metrics'
import { getFiles, getRun, missingRun } from './runs'
import type { Exported, ForkedModel } from '../workers/protocol'
import type { RunRecord } from './schema'

export interface ExportOptions {
  /** Files beside the layout's own, for example trainer_state.json: text by path. */
  readonly extra?: Readonly<Record<string, string>>
  readonly onProgress?: BundleProgress
}

/**
 * A run with everything it needs to go on elsewhere, as a zip.
 * @throws FinetaleError when the run is gone or its checkpoint is damaged
 */
export async function exportRun(db: Database, runId: string, options: ExportOptions = {}): Promise<Exported> {
  const record = await requireRun(db, runId)
  const manifest = await currentCheckpoint(db, record)
  const files = await inputsOf(db, record)
  if (manifest !== null) {
    files.set(bundlePaths.weights, await checkpointAsSafetensors(db, manifest, ['weights']))
    files.set(bundlePaths.optimizer, await checkpointAsSafetensors(db, manifest, ['exp_avg', 'exp_avg_sq']))
  }
  const run: RunManifest = {
    ...{ kind: 'finetale-run', schema: BUNDLE_SCHEMA, exportedAt: Date.now(), record },
    checkpoint:
      manifest === null ? null : { cursor: manifest.cursor, tensors: manifest.tensors, createdAt: manifest.createdAt },
  }
  const steps = (await readSteps(db, runId)).map((row): BundleMetrics => ({ kind: 'step', ...row }))
  const evals = (await readEvals(db, runId)).map((row): BundleMetrics => ({ kind: 'eval', ...row }))
  files.set(bundlePaths.run, new Blob([JSON.stringify(run, null, 2)]))
  files.set(bundlePaths.metrics, lines([...steps, ...evals].sort((a, b) => a.step - b.step)))
  files.set(bundlePaths.generations, lines(await listGenerations(db, runId)))
  for (const [path, text] of Object.entries(options.extra ?? {})) files.set(path, new Blob([text]))
  const content = await zip(`the bundle of ${record.name}`, files, options.onProgress)
  return { step: manifest?.cursor.step ?? 0, content }
}

/**
 * The model of a run's current checkpoint for a new run: float32 weights, config and tokenizer files. Its step is the
 * checkpoint's; the run may be further by now.
 * @throws FinetaleError when the run has no checkpoint or it is damaged
 */
export async function runAsModel(db: Database, runId: string): Promise<ForkedModel> {
  const record = await requireRun(db, runId)
  const manifest = await currentCheckpoint(db, record)
  const { name } = record
  if (manifest === null) {
    throw new FinetaleError(`The run "${name}" has no checkpoint yet.`, 'Train for a while, or pause the run.')
  }
  const files: Record<string, Blob> = {}
  for (const [path, blob] of await inputsOf(db, record)) {
    if (path.startsWith('model/')) files[path.slice('model/'.length)] = blob
  }
  files['model.safetensors'] = await checkpointAsSafetensors(db, manifest, ['weights'])
  const { step } = manifest.cursor
  return { kind: 'files', label: `${name} · ${step}`, files, parent: { runId, name, step } }
}

/** The model of a run as a zipped folder that `from_pretrained` opens. @throws as runAsModel does */
export async function exportModel(db: Database, runId: string, options: ExportOptions = {}): Promise<Exported> {
  const { files, parent } = await runAsModel(db, runId)
  return { step: parent.step, content: await zipModel(files, options) }
}

/** The files of a model as a zip. */
export function zipModel(model: Readonly<Record<string, Blob>>, options: ExportOptions = {}): Promise<Blob> {
  const files = new Map(Object.entries(model))
  for (const [path, text] of Object.entries(options.extra ?? {})) files.set(path, new Blob([text]))
  return zip('the model', files, options.onProgress)
}

async function requireRun(db: Database, runId: string): Promise<RunRecord> {
  const record = await getRun(db, runId)
  if (record === undefined) throw missingRun()
  return record
}

async function inputsOf(db: Database, record: RunRecord): Promise<Map<string, Blob>> {
  const inputs = Object.entries(await getFiles(db, record.id))
  return new Map(inputs.map(([name, blob]) => [bundlePathOfInput(name), blob]))
}

function lines(rows: readonly object[]): Blob {
  return new Blob(rows.map((row) => `${JSON.stringify(row)}\n`))
}

async function zip(
  name: string,
  files: ReadonlyMap<string, Blob>,
  onProgress: BundleProgress = () => {},
): Promise<Blob> {
  const total = [...files.values()].reduce((sum, { size }) => sum + size, 0)
  const writer = new ZipWriter(name)
  const sums: string[] = []
  let done = 0
  for (const [path, blob] of files) {
    const hash = sha256.create()
    await writer.add(path, blob, (piece) => {
      hash.update(piece)
      done += piece.length
      onProgress(done, total)
    })
    sums.push(`${bytesToHex(hash.digest())}  ${path}\n`)
  }
  await writer.add(bundlePaths.sums, new Blob(sums))
  return writer.finish()
}
