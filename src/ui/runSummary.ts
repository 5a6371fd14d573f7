// The run in a few words, for the bar, the title and screen readers. Words only; no elements.

import type { Recipe } from '../recipe/recipe'
import { validate } from '../recipe/validate'
import { plannedSteps, speed } from '../state/estimate'
import type { Speed } from '../state/estimate'
import { missingSides } from '../state/sources'
import { isActive } from '../state/runStore'
import type { RunStore, StoreState } from '../state/runStore'
import type { StepColumns } from '../state/columns'
import type { FetchProgress } from '../workers/protocol'
import { formatBytes, formatDuration, formatLoss } from './format'
import { joined, say } from './messages'

export function phaseLabel({ phase, runId, ready, refused, preview, hub }: StoreState): string {
  if (phase !== 'idle') return say(`phase_${phase}`)
  if (runId !== '') return say('phase_stopped')
  if (ready || missingSides(hub).length > 0) return say('phase_idle')
  if (refused) return say('phase_refused')
  return say(preview?.totalRows === 0 ? 'phase_columns' : 'phase_opening')
}

/** 0 to 1 of the download or of the run; null when there is nothing to measure. */
export function shareDone({ latest, totalSteps, runId, hub }: StoreState): number | null {
  const progress = hub.model?.progress ?? hub.data?.progress
  if (progress) return progress.totalBytes ? Math.min(1, progress.receivedBytes / progress.totalBytes) : null
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
    return joined(
      say('summaryStep', { step: latest.step, total }),
      say('summaryLoss', { loss: formatLoss(latest.loss) }),
      left === null ? '' : say('summaryLeft', { time: formatDuration(left) }),
    )
  }
  if (isActive(state)) return detail
  const item = state.hub.model ?? state.hub.data
  const fetching = [state.hub.data, state.hub.model].find((side) => side?.progress)
  if (fetching?.progress) return joined(fetching.ref.repo, bytesDone(fetching.progress))
  if (item && missingSides(state.hub).length > 0 && phase !== 'downloading') {
    return joined(state.hub.model?.ref.repo ?? model?.label ?? item.ref.repo, say('summaryDownload'))
  }
  if (!model || !preview?.totalRows || validate(recipe).length > 0) return ''
  const { totalRows } = preview
  const planned = plannedSteps(recipe, totalRows)
  if (planned === null) return joined(model.label, say('summaryPacked', { rows: totalRows }))
  return joined(model.label, say('rowsCount', { total: totalRows }), say('summarySteps', { count: planned }))
}

/** How far a download is: "12 MB of 291 MB". */
export function bytesDone({ receivedBytes, totalBytes }: FetchProgress): string {
  const done = formatBytes(receivedBytes)
  return totalBytes === null
    ? say('progressUnknown', { done })
    : say('progressOf', { done, total: formatBytes(totalBytes) })
}
