// The run in a few words, for the bar, the title and screen readers. Words only; no elements.

import type { Recipe } from '../recipe/recipe'
import { validate } from '../recipe/validate'
import { plannedSteps, speed } from '../state/estimate'
import type { Speed } from '../state/estimate'
import { isActive } from '../state/runStore'
import type { RunStore, StoreState } from '../state/runStore'
import type { StepColumns } from '../state/columns'
import { formatDuration, formatLoss } from './format'
import { say } from './messages'

export function phaseLabel({ phase, runId, ready, error }: StoreState): string {
  if (phase !== 'idle') return say(`phase_${phase}`)
  if (runId !== '') return say('phase_stopped')
  return say(ready || error ? 'phase_idle' : 'phase_opening')
}

/** 0 to 1, or null when there is no run to measure. */
export function shareDone({ latest, totalSteps, runId }: StoreState): number | null {
  if (runId === '' || totalSteps === 0) return null
  return Math.min(1, (latest?.step ?? 0) / totalSteps)
}

export function runSpeed(steps: StepColumns, { latest, totalSteps }: StoreState): Speed | null {
  return speed(steps.column('seconds'), steps.column('tokens'), totalSteps - (latest?.step ?? 0))
}

/** Where the run stands, or what the next one would be. */
export function runSummary({ state, steps }: Pick<RunStore, 'state' | 'steps'>, recipe: Recipe): string {
  const { phase, detail, latest, totalSteps: total, model, preview } = state
  if (latest) {
    const left = isActive(state) && phase !== 'paused' ? (runSpeed(steps, state)?.secondsLeft ?? null) : null
    const parts = [
      say('summaryStep', { step: latest.step, total }),
      `${say('statLoss')} ${formatLoss(latest.loss)}`,
      left === null ? '' : say('summaryLeft', { time: formatDuration(left) }),
    ]
    return parts.filter(Boolean).join(' · ')
  }
  if (isActive(state)) return detail
  if (!model || !preview || validate(recipe).length > 0) return ''
  const rows = preview.totalRows
  return say('summaryIdle', { model: model.label, rows, steps: plannedSteps(recipe, rows) })
}
