// log_history, trainer_state.json and the names in Weights & Biases, against what Trainer wrote and the notebook's numbers.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  logHistory,
  meanTrainLoss,
  roundLikePython,
  totalFlos,
  totalTokens,
  wandbRow,
  type RunSize,
} from '../../src/formats/history'
import { trainerState } from '../../src/formats/trainerState'
import { courseNotebook } from '../../src/recipe/presets'
import type { Recipe } from '../../src/recipe/recipe'
import type { EvalMetrics, StepMetrics } from '../../src/workers/protocol'

interface Golden {
  readonly recipe: Partial<Recipe>
  readonly non_embedding_parameters: number
  readonly trainer_state: { readonly log_history: readonly Record<string, number>[]; readonly [key: string]: unknown }
}

function golden(name: string): Golden {
  return JSON.parse(readFileSync(new URL(`../golden/trainer/${name}.json`, import.meta.url), 'utf8')) as Golden
}

function step(n: number, fields: Partial<StepMetrics> = {}): StepMetrics {
  const rest = { learning_rate: 1e-4, grad_norm: 2, seconds: 0.5, tokens: 100, heapBytes: 0, tensors: 0, at: 0 }
  return { step: n, epoch: n / 4, loss: 3, ...rest, ...fields }
}

const evaluation = (n: number, loss: number): EvalMetrics => ({ step: n, epoch: n / 4, loss, runtime: 2, at: 0 })

const size: RunSize = { trainRows: 32, evalRows: 9, totalSteps: 4, stepsPerEpoch: 4, nonEmbeddingParameters: 10 }

describe('numbers', () => {
  test('total_flos of the notebook', () => {
    expect(totalFlos(28_343_808, 1857 * 128)).toBe(40_423_258_718_208)
  })

  test('rounding is that of Python', () => {
    const cases = [
      [2.03125, 4, 2.0312],
      [2.09375, 4, 2.0938],
      [0.125, 2, 0.12],
      [0.375, 2, 0.38],
      [2.675, 2, 2.67],
      [1.005, 2, 1],
      [2.80449, 4, 2.8045],
      [-0.125, 2, -0.12],
      [3, 4, 3],
    ] as const
    for (const [value, digits, rounded] of cases) expect(roundLikePython(value, digits), `${value}`).toBe(rounded)
  })

  test('a row speaks for the steps since the row before', () => {
    const rows = [step(3, { loss: 2, tokens: 10 }), step(4, { loss: 6, tokens: 6 })]
    expect(totalTokens(rows)).toBe(36)
    expect(meanTrainLoss(rows)).toBe(3)
    expect(meanTrainLoss([])).toBeNaN()
  })
})

describe('log_history', () => {
  test('has the keys, order, steps and epochs of 4.30', () => {
    const { recipe, trainer_state, non_embedding_parameters: parameters } = golden('course')
    const course: Recipe = { ...courseNotebook(), ...recipe }
    const theirs = trainer_state.log_history
    // Two rows of 128 tokens a step, one in the last.
    const steps = theirs
      .filter((row) => row.loss !== undefined)
      .map((row, i) =>
        step(i + 1, { epoch: (i + 1) / 120, loss: row.loss!, tokens: i === 119 ? 128 : 256, ...rate(row) }),
      )
    const evals = [evaluation(0, 9), { ...evaluation(120, theirs.at(-2)!.eval_loss!), epoch: 1 }]
    const run = {
      trainRows: 239,
      evalRows: 60,
      totalSteps: 120,
      stepsPerEpoch: 120,
      nonEmbeddingParameters: parameters,
    }
    const ours = logHistory(course, steps, evals, run)
    expect(ours.slice(0, -2)).toEqual(theirs.slice(0, -2))
    expect(ours.map((row) => Object.keys(row))).toEqual(theirs.map((row) => Object.keys(row)))
    expect(ours.at(-1).total_flos).toBe(theirs.at(-1)!.total_flos)
    expect(ours.at(-1).train_loss).toBeCloseTo(theirs.at(-1)!.train_loss!, 4)
    const state = trainerState(course, steps, evals, run)
    expect(state.total_flos).toBe(trainer_state.total_flos)
    for (const [key, value] of Object.entries(trainer_state)) {
      if (key !== 'log_history') expect(state[key as keyof typeof state], key).toBe(value)
    }
    expect(Object.keys(state)).toEqual(Object.keys(state).sort())
  })

  test('the newer layout has grad_norm and whole epochs', () => {
    const recipe: Recipe = { ...courseNotebook(), log_learning_rate: 'used' }
    const [row] = logHistory(recipe, [step(1, { epoch: 1 / 3 })], [], size)
    expect(row).toEqual({ epoch: 1 / 3, grad_norm: 2, learning_rate: 1e-4, loss: 3, step: 1 })
    expect(logHistory(courseNotebook(), [step(1, { epoch: 1 / 3 })], [], size)[0]!.epoch).toBe(0.33)
  })

  test('speeds count rows and batches, and the last row only comes when the run is finished', () => {
    const steps = [1, 2, 3, 4].map((n) => step(n))
    const rows = logHistory(courseNotebook(), steps, [evaluation(4, 5)], size)
    expect(rows).toHaveLength(6)
    expect(rows[4]).toMatchObject({ eval_loss: 5, eval_samples_per_second: 4.5, eval_steps_per_second: 1 })
    expect(rows[5]).toMatchObject({ train_runtime: 4, train_samples_per_second: 8, train_steps_per_second: 1 })
    expect(logHistory(courseNotebook(), steps.slice(0, 3), [], size)).toHaveLength(3)
  })

  test('what the page logs beside the beat is left out, but counts', () => {
    const recipe: Recipe = { ...courseNotebook(), logging_steps: 3, eval_strategy: 'steps', eval_steps: 3 }
    const steps = [step(3, { loss: 2 }), step(4, { loss: 6 })]
    const evals = [evaluation(0, 9), evaluation(3, 5), evaluation(4, 4)]
    const rows = logHistory(recipe, steps, evals, size)
    expect(rows.map((row) => [row.step, row.loss ?? row.eval_loss ?? row.train_loss])).toEqual([
      [3, 2],
      [3, 5],
      [4, 3],
    ])
    // Later releases evaluate at the end as well.
    expect(logHistory({ ...recipe, log_learning_rate: 'used' }, steps, evals, size)).toHaveLength(4)
  })
})

function rate({ learning_rate = NaN }: Readonly<Record<string, number>>): { learning_rate: number } {
  return { learning_rate }
}

describe('trainer_state.json', () => {
  test('epochs when steps decide', () => {
    const recipe: Recipe = { ...courseNotebook(), max_steps: 6 }
    expect(trainerState(recipe, [], [], { ...size, totalSteps: 6 })).toMatchObject({
      num_train_epochs: 2,
      max_steps: 6,
    })
  })

  test('without the model’s size there are no flos, and no error', () => {
    expect(trainerState(courseNotebook(), [step(1)], [], { ...size, nonEmbeddingParameters: null }).total_flos).toBe(0)
  })
})

describe('Weights & Biases', () => {
  test('names', () => {
    const steps = [1, 2, 3, 4].map((n) => step(n))
    const rows = logHistory(courseNotebook(), steps, [evaluation(4, 5)], size).map(wandbRow)
    expect(rows[0]).toEqual({
      'train/epoch': 0.25,
      'train/learning_rate': 1e-4,
      'train/loss': 3,
      'train/global_step': 1,
    })
    const evalKeys = ['eval/loss', 'eval/runtime', 'eval/samples_per_second', 'eval/steps_per_second']
    expect(Object.keys(rows[4]!)).toEqual(['train/epoch', ...evalKeys, 'train/global_step'])
    expect(rows[5]).toMatchObject({ 'train/train_loss': 3, 'train/train_runtime': 4, 'train/total_flos': 24_000 })
  })
})
