// What charts mark of a run's record, and when what they have taken of the metrics is no longer true.

import { expect, test } from 'vitest'
import { EvalColumns, StepColumns } from '../../src/state/columns'
import { marksOf } from '../../src/ui/chartMarks'

test('marks come in step order; a step gone on from twice is marked once', () => {
  const marks = marksOf({
    resumes: [20, 5, 20].map((step) => ({ step, at: 1 })),
    changes: [
      { step: 20, what: 'learning_rate', from: 1e-3, to: 1e-4, at: 2 },
      { step: 8, what: 'flavour', from: 'relaxed', to: 'simd', at: 3 },
    ],
  })
  expect(marks.map(({ step, kind }) => [step, kind])).toEqual([
    [5, 'resumed'],
    [8, 'changed'],
    [20, 'resumed'],
    [20, 'changed'],
  ])
  expect(marks.map(({ text }) => text).join('\n')).toMatch(/Step 8: .* from relaxed to simd/)
  expect(marks.at(-1)?.text).toBe('Step 20: learning_rate changed from 0.001 to 1e-4')
})

test('a run without marks has none', () => {
  expect(marksOf({ resumes: [], changes: [] })).toEqual([])
})

const row = (step: number) => ({ step, epoch: 0, loss: step, bits_per_character: Number.NaN, runtime: 0, at: 0 })

test('columns keep their lineage while rows come, and lose it when rows are dropped', () => {
  const columns = new EvalColumns([1, 2, 3].map(row))
  const { lineage } = columns
  columns.push(row(4))
  columns.truncateAfter(4)
  expect(columns.lineage).toBe(lineage)
  columns.push(row(3))
  expect(columns.lineage).not.toBe(lineage)
  expect([...columns.step.view()]).toEqual([1, 2, 3])
  expect(new StepColumns().lineage).not.toBe(new StepColumns().lineage)
})
