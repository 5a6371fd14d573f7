// The files of a run's numbers: columns and names, empty cells, and numbers that JSON cannot hold.

import { expect, test } from 'vitest'
import { courseNotebook } from '../../src/recipe/presets'
import { metricsCsv, metricsJsonl } from '../../src/state/exports'
import { RunStore } from '../../src/state/runStore'
import { trainerStateOf } from '../../src/state/trainerState'

function store() {
  const made = new RunStore(() => undefined)
  const shared = { epoch: 0.5, learning_rate: 1e-4, grad_norm: 2.5, seconds: 1, tokens: 8, heapBytes: 0, tensors: 0 }
  made.restoreRun(
    [
      { ...shared, step: 1, loss: 3.123456789, at: 0 },
      { ...shared, step: 2, loss: NaN, at: 1000 },
    ],
    [{ step: 2, epoch: 1, loss: 2.5, runtime: 0.25, at: 2000 }],
  )
  return made
}

test('metrics.csv: one row a logged step or evaluation, empty where nothing was logged', () => {
  expect(metricsCsv(store()).split('\r\n')).toEqual([
    'step,timestamp,epoch,train/loss,train/learning_rate,train/grad_norm,eval/loss,eval/runtime',
    '1,1970-01-01T00:00:00.000Z,0.5,3.123456789,0.0001,2.5,,',
    '2,1970-01-01T00:00:01.000Z,0.5,NaN,0.0001,2.5,,',
    '2,1970-01-01T00:00:02.000Z,1,,,,2.5,0.25',
    '',
  ])
})

test('metrics.jsonl of a finished run ends with Trainer’s summary', () => {
  const made = store()
  made.update({
    recipe: courseNotebook(),
    totalSteps: 2,
    size: { trainRows: 16, evalRows: 4, nonEmbeddingParameters: 10 },
  })
  const last = JSON.parse(metricsJsonl(made).trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>
  expect(last).toMatchObject({ step: 2, 'train/global_step': 2, 'train/total_flos': 6 * 10 * 16 })
})

test('metrics.jsonl: every line parses, and a loss that is no number shows', () => {
  const rows = metricsJsonl(store())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(rows.map((row) => row['train/loss'])).toEqual([3.123456789, 'NaN', undefined])
  expect(rows[2]).toMatchObject({ step: 2, 'eval/loss': 2.5, 'train/epoch': 1, 'train/global_step': 2 })
})

test('trainer_state.json: the rows and totals of the run shown', () => {
  const made = store()
  expect(trainerStateOf(made)).toBeNull()
  made.beginRun({ id: 'r', name: 'r', recipe: courseNotebook(), totalSteps: 2, phase: 'finished' })
  const shared = { learning_rate: 1e-4, grad_norm: 2.5, seconds: 1, tokens: 1024, heapBytes: 0, tensors: 0, at: 0 }
  made.restoreRun(
    [
      { ...shared, step: 1, epoch: 0.5, loss: 3.123456789 },
      { ...shared, step: 2, epoch: 1, loss: 2 },
    ],
    [{ step: 2, epoch: 1, loss: 2.5, runtime: 0.25, at: 2000 }],
  )
  made.update({ size: { trainRows: 16, evalRows: 4, nonEmbeddingParameters: 100 } })
  const state = trainerStateOf(made)!
  expect(state).toMatchObject({ global_step: 2, max_steps: 2, total_flos: 6 * 100 * 2048, num_train_epochs: 1 })
  expect(state.log_history.map((row) => row.loss ?? row.eval_loss ?? row.train_loss)).toEqual([
    3.1235,
    2,
    2.5,
    expect.closeTo(2.5617, 4),
  ])
})
