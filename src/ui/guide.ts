// One sentence for each of the three steps that says what is happening there, or what to do next. Keys only: the words are in
// english.ts, the element that shows them is finetale-guide.ts.

import { isBuiltInData } from '../state/inputs'
import { isActive, resumable, type StoreState } from '../state/runStore'
import { missingSides } from '../state/sources'
import type { MessageKey } from './messages'

/** A message and its values. */
export type Sentence = readonly [MessageKey, Readonly<Record<string, string | number>>?]

/** Step 1: what the model will learn from. */
export function guideData({ ready, refused, data, hub, preview, runId, runData, error }: StoreState): Sentence {
  if (missingSides(hub).length > 0) return ['guideDownload']
  if (preview?.totalRows === 0) return ['guideColumns']
  if (!ready || !preview) return [error ? 'guideRefused' : refused ? 'guideChooseAgain' : 'guideOpening']
  const rows = preview.totalRows
  // A stored run may have learned from other rows than the page's.
  if (runId !== '' && (runData === '' || runData === data?.label)) return ['guideLearned', { rows }]
  return [isBuiltInData(data) ? 'guideStories' : 'guideRows', { rows }]
}

/** Step 2: what training is doing. */
export function guideTrain(state: StoreState): Sentence {
  const { phase, latest, runId, watching, ready, hub, error } = state
  if (watching !== '') return ['guideWatching']
  // No run's phase, whichever is shown: nothing has ended by it.
  if (phase === 'downloading') return ['guideTrainSoon']
  if (phase === 'paused') return ['guidePaused']
  if (phase === 'finished') return ['guideFinished']
  if (phase === 'interrupted') return [resumable(state) ? 'guideInterrupted' : 'guideLost']
  // The notice can be dismissed.
  if (phase === 'failed') return [error ? 'guideFailed' : 'guideFailedBefore']
  if (isActive(state)) return [latest ? 'guideTraining' : 'guideStarting']
  if (runId !== '' && latest) return ['guideStopped']
  return [ready || missingSides(hub).length > 0 ? 'guideTrain' : 'guideTrainSoon']
}

/**
 * Step 3: who would write now.
 * @param fromScratch the weights are drawn: before training there is no model
 */
export function guideTry(state: StoreState, fromScratch = false): Sentence {
  const { latest, phase, runId, ready } = state
  if (!ready) return ['guideTryOpening']
  if (isActive(state) && phase !== 'paused') return ['guideTryTraining']
  if (runId === '' || !latest || phase === 'interrupted' || phase === 'failed') {
    return [fromScratch ? 'guideTryNone' : 'guideTryBase']
  }
  return ['guideTryTrained', { step: latest.step }]
}
