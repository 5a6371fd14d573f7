// trainer_state.json of the run shown, from what the store holds; the file's rules are in formats/trainerState.ts.

import { trainerState, type TrainerState } from '../formats/trainerState'
import type { EvalMetrics, StepMetrics } from '../workers/protocol'
import type { RunStore } from './runStore'

/** @returns null when no run is shown */
export function trainerStateOf({ state, steps, evals }: RunStore): TrainerState | null {
  if (state.recipe === null) return null
  const counted = state.size ?? { trainRows: 0, evalRows: 0, nonEmbeddingParameters: null }
  const { totalSteps, stepsPerEpoch } = state
  // A run shown from storage does not say how long its epochs are; its last step does.
  const perEpoch = stepsPerEpoch || Math.round((state.latest?.step ?? 0) / (state.latest?.epoch || 1)) || 1
  return trainerState(state.recipe, stepRows(steps), evaluations(evals), {
    ...counted,
    totalSteps,
    stepsPerEpoch: perEpoch,
  })
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
