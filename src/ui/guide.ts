// One sentence for each of the three steps that says what is happening there, or what to do next. Words only; no elements.

import { isBuiltInData } from '../state/inputs'
import { isActive, type StoreState } from '../state/runStore'
import { missingSides } from '../state/sources'
import { say } from './messages'

/** Step 1: what the model will learn from. */
export function guideData({ ready, data, hub, preview, runId }: StoreState): string {
  if (missingSides(hub).length > 0) return say('guideDownload')
  if (!ready || !preview) return say('guideOpening')
  const rows = preview.totalRows
  if (runId !== '') return say('guideLearned', { rows })
  return isBuiltInData(data) ? say('guideStories', { rows }) : say('guideRows', { rows })
}

/** Step 2: what training is doing. */
export function guideTrain(state: StoreState): string {
  const { phase, latest, runId } = state
  if (phase === 'paused') return say('guidePaused')
  if (phase === 'finished') return say('guideFinished')
  if (phase === 'interrupted') return say('guideInterrupted')
  if (phase === 'failed') return say('guideFailed')
  if (isActive(state)) return say(latest ? 'guideTraining' : 'guideStarting')
  return say(runId !== '' && latest ? 'guideStopped' : 'guideTrain')
}

/** Step 3: who would write now. */
export function guideTry(state: StoreState): string {
  const { latest, phase, runId, ready } = state
  if (!ready) return say('guideTryOpening')
  if (isActive(state) && phase !== 'paused') return say('guideTryTraining')
  if (runId === '' || !latest || phase === 'interrupted' || phase === 'failed') return say('guideTryBase')
  return say('guideTryTrained', { step: latest.step })
}
