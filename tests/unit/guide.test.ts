// The sentence of each step follows what the page and its run are doing; none asks for a click that cannot be made.

import { expect, test } from 'vitest'
import { builtInData } from '../../src/state/inputs'
import { RunStore, type StoreState } from '../../src/state/runStore'
import { guideData, guideTrain, guideTry } from '../../src/ui/guide'
import type { DatasetPreview, StepMetrics } from '../../src/workers/protocol'

const preview = { totalRows: 330 } as DatasetPreview
const latest = { step: 6 } as StepMetrics
const data = builtInData('https://page.test/')
const rows = { rows: 330 }
const all = (state: StoreState) => [guideData(state), guideTrain(state), guideTry(state)]

const opening: StoreState = { ...new RunStore().state, ready: false }
const ready: StoreState = { ...opening, ready: true, preview, data }
const starting: StoreState = { ...ready, runId: 'r', phase: 'loading' }
const training: StoreState = { ...starting, phase: 'training', latest }

test('from opening to the first story', () => {
  expect(all(opening)).toEqual([['guideOpening'], ['guideTrainSoon'], ['guideTryOpening']])
  expect(all(ready)).toEqual([['guideStories', rows], ['guideTrain'], ['guideTryBase']])
  expect(all(starting)).toEqual([['guideLearned', rows], ['guideStarting'], ['guideTryTraining']])
  expect(all(training).slice(1)).toEqual([['guideTraining'], ['guideTryTraining']])
  expect(all({ ...training, phase: 'evaluating' })).toEqual(all(training))
  const tried = ['guideTryTrained', { step: 6 }]
  expect(all({ ...training, phase: 'paused' }).slice(1)).toEqual([['guidePaused'], tried])
  expect(all({ ...training, phase: 'finished' }).slice(1)).toEqual([['guideFinished'], tried])
})

test('inputs that were refused, and columns that have still to be chosen', () => {
  const error = { name: 'FinetaleError', message: 'No.', action: '' } as StoreState['error']
  expect(all({ ...opening, error })).toEqual([['guideRefused'], ['guideTrainSoon'], ['guideTryOpening']])
  // The notice was dismissed, and there is still nothing to open.
  expect(guideData({ ...opening, refused: true })).toEqual(['guideChooseAgain'])
  const unmapped = { ...opening, preview: { totalRows: 0 } as DatasetPreview }
  expect(all(unmapped)).toEqual([['guideColumns'], ['guideTrainSoon'], ['guideTryOpening']])
})

test('a run that ended early, was interrupted or failed', () => {
  // Stopped with Save, the page rests and the run's weights are there.
  const tried = ['guideTryTrained', { step: 6 }]
  expect(all({ ...training, phase: 'idle' }).slice(1)).toEqual([['guideStopped'], tried])
  const saved = { checkpoint: { step: 4, at: 1, bytes: 1 } }
  const interrupted: StoreState = { ...training, phase: 'interrupted' }
  expect(all({ ...interrupted, ...saved }).slice(1)).toEqual([['guideInterrupted'], ['guideTryBase']])
  // Nothing was saved, or the browser has cleared it.
  expect(guideTrain(interrupted)).toEqual(['guideLost'])
  const failed: StoreState = { ...training, phase: 'failed', error: { name: 'E', message: 'No.', action: '' } }
  expect(all(failed).slice(1)).toEqual([['guideFailed'], ['guideTryBase']])
  // The notice was dismissed.
  expect(guideTrain({ ...failed, error: null })).toEqual(['guideFailedBefore'])
})

test('a run of another tab is not said to have ended', () => {
  expect(guideTrain({ ...training, watching: 'r' })).toEqual(['guideWatching'])
})

test('other data is called rows, and what is not here yet is to be downloaded', () => {
  expect(guideData({ ...ready, data: { ...data, label: 'mine.csv' } })).toEqual(['guideRows', rows])
})

test('the rows on the page are a stored run’s only where they are called the same', () => {
  const shown: StoreState = { ...training, phase: 'finished', runData: data.label }
  expect(guideData(shown)).toEqual(['guideLearned', rows])
  expect(guideData({ ...shown, runData: 'mine.csv' })).toEqual(['guideStories', rows])
})

test('a download under a run that is shown ends nothing', () => {
  expect(guideTrain({ ...training, phase: 'downloading' })).toEqual(['guideTrainSoon'])
})

test('weights that are drawn have no model before them', () => {
  expect(guideTry(ready, true)).toEqual(['guideTryNone'])
  expect(guideTry({ ...training, phase: 'finished' }, true)).toEqual(['guideTryTrained', { step: 6 }])
})
