// The sentence of each step follows what the page and its run are doing; none asks for a click that cannot be made.

import { expect, test } from 'vitest'
import { builtInData } from '../../src/state/inputs'
import { RunStore, type StoreState } from '../../src/state/runStore'
import { guideData, guideTrain, guideTry } from '../../src/ui/guide'
import { say } from '../../src/ui/messages'
import type { DatasetPreview, StepMetrics } from '../../src/workers/protocol'

const preview = { totalRows: 330 } as DatasetPreview
const latest = { step: 6 } as StepMetrics
const data = builtInData('https://page.test/')
const all = (state: StoreState) => [guideData(state), guideTrain(state), guideTry(state)]

const opening: StoreState = { ...new RunStore().state, ready: false }
const ready: StoreState = { ...opening, ready: true, preview, data }
const starting: StoreState = { ...ready, runId: 'r', phase: 'loading' }
const training: StoreState = { ...starting, phase: 'training', latest }

test('from opening to the first story', () => {
  expect(all(opening)).toEqual([say('guideOpening'), say('guideTrain'), say('guideTryOpening')])
  expect(all(ready)).toEqual([say('guideStories', { rows: 330 }), say('guideTrain'), say('guideTryBase')])
  expect(all(starting)).toEqual([say('guideLearned', { rows: 330 }), say('guideStarting'), say('guideTryTraining')])
  expect(all(training).slice(1)).toEqual([say('guideTraining'), say('guideTryTraining')])
  expect(all({ ...training, phase: 'evaluating' })).toEqual(all(training))
  const tried = say('guideTryTrained', { step: 6 })
  expect(all({ ...training, phase: 'paused' }).slice(1)).toEqual([say('guidePaused'), tried])
  expect(all({ ...training, phase: 'finished' }).slice(1)).toEqual([say('guideFinished'), tried])
})

test('a run that ended early, was interrupted or failed', () => {
  // Stopped with Save, the page rests and the run's weights are there.
  const tried = say('guideTryTrained', { step: 6 })
  expect(all({ ...training, phase: 'idle' }).slice(1)).toEqual([say('guideStopped'), tried])
  const untrained = say('guideTryBase')
  expect(all({ ...training, phase: 'interrupted' }).slice(1)).toEqual([say('guideInterrupted'), untrained])
  expect(all({ ...training, phase: 'failed' }).slice(1)).toEqual([say('guideFailed'), untrained])
})

test('other data is called rows, and what is not here yet is to be downloaded', () => {
  const other = { ...data, label: 'mine.csv' }
  expect(guideData({ ...ready, data: other })).toBe(say('guideRows', { rows: 330 }))
})
