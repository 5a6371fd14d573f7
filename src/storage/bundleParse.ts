// Checks the text files of a run bundle, which may come from anywhere: run.json, metrics.jsonl, generations.jsonl.
// It knows their forms and nothing of storage.

import { FinetaleError } from '../recipe/error'
import { parseRecipe } from '../recipe/validate'
import type { GenerationRow } from '../workers/protocol'
import { BUNDLE_SCHEMA, bundlePaths, type BundleMetrics, type RunManifest } from './bundle'
import type { RunRecord, RunState } from './schema'

type Json = Record<string, unknown>

const states: readonly RunState[] = ['running', 'paused', 'interrupted', 'finished', 'stopped', 'failed']
const cursorCounts = ['step', 'epoch', 'batchInEpoch', 'updates', 'tokensSeen', 'lossSteps']
const stepFields = ['step', 'epoch', 'loss', 'learning_rate', 'grad_norm', 'seconds', 'tokens', 'at']
const evalFields = ['step', 'epoch', 'loss', 'runtime', 'at']

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(label: string, path: string, what: string): FinetaleError {
  return new FinetaleError(
    `${label} cannot be imported: ${path} ${what}.`,
    'Export the run again with a current Finetale; nothing was imported.',
  )
}

function parse(text: string, label: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(label, path, `is not JSON ("${text.slice(0, 40)}")`)
  }
}

/** @throws FinetaleError when run.json is not the description of a run that this version can hold */
export function parseRunManifest(text: string, label: string): RunManifest {
  const fail = (what: string) => wrong(label, bundlePaths.run, what)
  const value = parse(text, label, bundlePaths.run)
  if (!isObject(value) || value.kind !== 'finetale-run') throw fail('does not describe a run of Finetale')
  if (value.schema !== BUNDLE_SCHEMA) {
    throw fail(`has the layout ${JSON.stringify(value.schema)}; this version reads ${BUNDLE_SCHEMA}`)
  }
  const { record, checkpoint } = value
  if (!isObject(record)) throw fail('holds no record')
  for (const field of ['id', 'name', 'modelLabel', 'dataLabel', 'dataFingerprint']) {
    if (typeof record[field] !== 'string' || record[field] === '') throw fail(`has no text in record.${field}`)
  }
  // Keys in storage are built from the id.
  if (!/^[\w-]{1,64}$/.test(String(record.id))) throw fail('has an id that is none')
  for (const field of ['totalSteps', 'step', 'createdAt', 'updatedAt']) {
    if (!isCount(record[field])) throw fail(`has no number in record.${field}`)
  }
  if (!states.some((state) => state === record.state)) throw fail(`has the unknown state ${String(record.state)}`)
  const { prompts, generation, environment } = record
  const texts = Array.isArray(prompts) && prompts.every((prompt) => typeof prompt === 'string')
  if (!texts || !isObject(generation) || !isObject(environment)) throw fail('lacks prompts, generation or environment')
  const { recipe } = parseRecipe(record.recipe)
  const checked = checkpoint === null ? null : parseCheckpoint(checkpoint, fail)
  // The fields above are what a resume and the page build on; the rest is shown as text.
  return {
    ...(value as unknown as RunManifest),
    record: { ...(record as unknown as RunRecord), recipe, ...marksOf(record) },
    checkpoint: checked,
  }
}

/** What a chart marks; without those that name no step. */
function marksOf(record: Readonly<Record<string, unknown>>): Pick<RunRecord, 'changes' | 'resumes'> {
  const marked = (['changes', 'resumes'] as const).flatMap((field) => {
    const list = record[field]
    if (list === undefined) return []
    return [[field, Array.isArray(list) ? list.filter((one) => isObject(one) && isCount(one.step)) : []] as const]
  })
  return Object.fromEntries(marked)
}

function parseCheckpoint(value: unknown, fail: (what: string) => FinetaleError): RunManifest['checkpoint'] {
  if (!isObject(value) || !isObject(value.cursor) || !Array.isArray(value.tensors))
    throw fail('has a broken checkpoint')
  for (const field of cursorCounts) {
    if (!isCount(value.cursor[field])) throw fail(`has no count in checkpoint.cursor.${field}`)
  }
  if (!Number.isFinite(value.cursor.lossSum)) throw fail('has no number in checkpoint.cursor.lossSum')
  const tensors: unknown[] = value.tensors
  const names = new Set<unknown>()
  for (const tensor of tensors) {
    const shaped = isObject(tensor) && typeof tensor.name === 'string' && Array.isArray(tensor.shape)
    if (!shaped || !(tensor.shape as unknown[]).every(isCount)) throw fail('has a broken list of tensors')
    names.add(tensor.name)
  }
  if (names.size !== tensors.length) throw fail('names a tensor twice')
  return value as unknown as RunManifest['checkpoint']
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function rows(text: string, label: string, path: string): Json[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line, index) => {
    const row = parse(line, label, `${path}, line ${index + 1},`)
    if (!isObject(row)) throw wrong(label, path, `has no object in line ${index + 1}`)
    return row
  })
}

/** Metrics in step order. JSON has no NaN: a null is the number that was none. */
export function parseMetrics(text: string, label: string): BundleMetrics[] {
  return rows(text, label, bundlePaths.metrics).map((row, index) => {
    const fields = row.kind === 'step' ? stepFields : row.kind === 'eval' ? evalFields : null
    const fine = fields?.every((field) => typeof row[field] === 'number' || row[field] === null)
    if (fields === null || !fine) throw wrong(label, bundlePaths.metrics, `has a broken row in line ${index + 1}`)
    const numbers = fields.map((field) => [field, row[field] ?? NaN])
    const checked: unknown = { ...row, ...Object.fromEntries(numbers) }
    return checked as BundleMetrics
  })
}

/** Generated texts, in the order of the file. */
export function parseGenerations(text: string, label: string): GenerationRow[] {
  return rows(text, label, bundlePaths.generations).map((row, index) => {
    const texts = ['id', 'prompt', 'generation'].every((field) => typeof row[field] === 'string')
    if (!texts || !isCount(row.step) || !isObject(row.settings) || !isObject(row.metrics)) {
      throw wrong(label, bundlePaths.generations, `has a broken row in line ${index + 1}`)
    }
    return row as unknown as GenerationRow
  })
}
