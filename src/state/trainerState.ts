// trainer_state.json of the run shown, from what the store holds, and of a stored run; the file's rules are in
// formats/trainerState.ts.

import { trainerState, type TrainerState } from '../formats/trainerState'
import { readEvals, readSteps } from '../storage/metrics'
import type { EvalMetrics, StepMetrics } from '../workers/protocol'
import type { RunStore } from './runStore'
import type { Database } from './storedRuns'

const uncounted = { trainRows: 0, evalRows: 0, nonEmbeddingParameters: null }

/** @returns null when no run is shown */
export function trainerStateOf({ state, steps, evals }: RunStore): TrainerState | null {
  if (state.recipe === null) return null
  const { totalSteps, latest } = state
  const stepsPerEpoch = state.stepsPerEpoch || stepsOfEpoch(latest)
  const size = { ...(state.size ?? uncounted), totalSteps, stepsPerEpoch }
  return trainerState(state.recipe, stepRows(steps), evaluations(evals), size)
}

/**
 * The same of a stored run, as it was at its current checkpoint: the file stands beside that one.
 * @returns null when there is no such run
 */
export async function storedTrainerState(db: Database, runId: string): Promise<TrainerState | null> {
  const record = await db.get('runs', runId)
  if (!record) return null
  const manifest = await db.get('checkpoints', record.currentCheckpoint)
  const last = manifest?.cursor.step ?? record.step
  const steps = (await readSteps(db, runId)).filter(({ step }) => step <= last)
  const evals = (await readEvals(db, runId)).filter(({ step }) => step <= last)
  const { recipe, totalSteps } = record
  const stepsPerEpoch = stepsOfEpoch(steps.at(-1) ?? null)
  return trainerState(recipe, steps, evals, { ...(record.size ?? uncounted), totalSteps, stepsPerEpoch })
}

/** A run from storage does not say how long its epochs are; its last step does. */
function stepsOfEpoch(last: StepMetrics | null): number {
  return Math.round((last?.step ?? 0) / (last?.epoch || 1)) || 1
}

function stepRows(steps: RunStore['steps']): StepMetrics[] {
  const keys = ['epoch', 'loss', 'learning_rate', 'grad_norm', 'seconds', 'tokens', 'at'] as const
  const columns = keys.map((key) => steps.column(key))
  return Array.from(steps.step.view(), (step, i) => {
    const [epoch = NaN, loss = NaN, learning_rate = NaN, grad_norm = NaN, seconds = NaN, tokens = NaN, at = NaN] =
      columns.map((column) => column[i])
    return { step, epoch, loss, learning_rate, grad_norm, seconds, tokens, at, heapBytes: 0, tensors: 0 }
  })
}

function evaluations(evals: RunStore['evals']): EvalMetrics[] {
  const columns = (['epoch', 'loss', 'runtime', 'at', 'bits_per_character'] as const).map((key) => evals.column(key))
  return Array.from(evals.step.view(), (step, i) => {
    const [epoch = NaN, loss = NaN, runtime = NaN, at = NaN, bits = NaN] = columns.map((column) => column[i])
    return { step, epoch, loss, runtime, at, ...(Number.isNaN(bits) ? {} : { bits_per_character: bits }) }
  })
}
