// Whole runs against the real Trainer of four releases: rows, order, every logged loss and learning rate, evaluations,
// the log itself and the final weights, in both arithmetics and on one and two threads.

import { afterEach, describe, expect, test } from 'vitest'
import { relaxedSimd } from 'wasm-feature-detect'
import { logHistory, meanTrainLoss, totalFlos, totalTokens } from '../../src/formats/history'
import { trainerState } from '../../src/formats/trainerState'
import { initBackend, resetBackend } from '../../src/kernels/backend'
import { bytesOf, crc32 } from '../../src/formats/crc32'
import { stepsPerEpoch, totalSteps } from '../../src/train/schedule'
import courseWeights from '../golden/trainer/course.bin?url'
import course from '../golden/trainer/course.json'
import gpt2 from '../golden/trainer/gpt2.json'
import labels from '../golden/trainer/labels.json'
import loader from '../golden/trainer/loader.json'
import windowed from '../golden/trainer/window.json'
import { maxDifference } from '../support/golden'
import { loggedLosses, summaryOf, trainLikeGolden, type TrainedRun, type TrainerGolden } from '../support/trainerGolden'

const arithmetics: ('simd' | 'relaxed')[] = (await relaxedSimd()) ? ['simd', 'relaxed'] : ['simd']
const read = (json: unknown) => json as TrainerGolden

afterEach(() => resetBackend())

function compare(golden: TrainerGolden, { recipe, dataset, steps, evals, weights }: TrainedRun) {
  const { train, eval: held } = dataset
  expect([train.rows, held.rows]).toEqual([golden.rows.train, golden.rows.eval])
  expect(crc32(bytesOf(train.ids)), 'training rows').toBe(golden.rows.train_crc32)
  expect(crc32(bytesOf(held.ids)), 'evaluation rows').toBe(golden.rows.eval_crc32)

  const losses = maxDifference(
    steps.map(({ loss }) => loss),
    loggedLosses(golden, recipe),
  )
  const history = golden.trainer_state.log_history
  const theirEvals = history.flatMap((row) => row.eval_loss ?? [])
  const evaluations = maxDifference(
    evals.map(({ loss }) => loss),
    theirEvals,
  )
  const total = totalSteps(recipe, train.rows)
  const size = {
    ...{ trainRows: train.rows, evalRows: held.rows, totalSteps: total },
    ...{ stepsPerEpoch: stepsPerEpoch(recipe, train.rows), nonEmbeddingParameters: golden.non_embedding_parameters },
  }
  expect(steps.at(-1)?.step).toBe(total)
  const rows = logHistory(recipe, steps, evals, size)
  expect(rows.map((row) => Object.keys(row))).toEqual(history.map((row) => Object.keys(row)))
  for (const key of ['step', 'epoch', 'total_flos']) {
    expect(rows.map((row) => row[key])).toEqual(history.map((row) => row[key]))
  }
  rows.forEach((row, i) => {
    const theirs = history[i] ?? {}
    if (row.learning_rate === undefined) return
    expect(Math.abs(row.learning_rate - (theirs.learning_rate ?? NaN))).toBeLessThan(1e-12)
    // Rounded to four digits on both sides, so neighbours may differ by one in the last.
    expect(Math.abs((row.loss ?? NaN) - (theirs.loss ?? NaN))).toBeLessThan(1.5e-4)
  })
  const trainLoss = Math.abs(meanTrainLoss(steps) - (history.at(-1)?.train_loss ?? NaN))
  const flos = totalFlos(golden.non_embedding_parameters, totalTokens(steps))
  expect(flos).toBe(golden.trainer_state.total_flos)
  const state = trainerState(recipe, steps, evals, size)
  for (const key of ['epoch', 'global_step', 'max_steps', 'num_train_epochs'] as const) {
    expect(state[key], key).toBe(golden.trainer_state[key])
  }

  let ends = 0
  let squares = 0
  let sums = 0
  for (const { name, data } of weights) {
    const theirs = golden.weights[name]
    if (theirs === undefined) throw new Error(`no golden weights of ${name}`)
    const ours = summaryOf(data)
    ends = Math.max(ends, maxDifference([...ours.first, ...ours.last], [...theirs.first, ...theirs.last]))
    squares = Math.max(squares, Math.abs(ours.squares / theirs.squares - 1))
    sums = Math.max(sums, Math.abs(ours.sum - theirs.sum) / data.length)
  }
  return { losses, evaluations, trainLoss, ends, squares, sums }
}

/** Measured: losses 1.1e-6, evaluations 9e-7, train_loss 2e-7, weights as below; alike in every case and arithmetic. */
function expectClose(found: ReturnType<typeof compare>) {
  expect(found.losses).toBeLessThan(1e-5)
  expect(found.evaluations).toBeLessThan(1e-5)
  expect(found.trainLoss).toBeLessThan(1e-5)
  expect(found.ends).toBeLessThan(1e-5)
  expect(found.squares).toBeLessThan(1e-5)
  expect(found.sums).toBeLessThan(1e-6)
}

describe.each(arithmetics)('the course recipe in 4.30, %s', (arithmetic) => {
  test.each([1, 2])('%i threads', async (threads) => {
    await initBackend({ threads, arithmetic })
    const run = await trainLikeGolden(read(course))
    expectClose(compare(read(course), run))
    const theirs = new Float32Array(await (await fetch(courseWeights)).arrayBuffer())
    const ours = Float32Array.from(run.weights.flatMap(({ data }) => [...data]))
    // Measured: 7.5e-6 in plain SIMD, 5.3e-6 relaxed, after 120 steps of which each moves a weight by up to 1e-3.
    expect(maxDifference(ours, theirs)).toBeLessThan(1e-4)
  })
})

test.each(arithmetics)(
  'the course recipe with GPT-2’s tokenizer from vocab.json and merges.txt, %s',
  async (arithmetic) => {
    await initBackend({ threads: 2, arithmetic })
    expectClose(compare(read(gpt2), await trainLikeGolden(read(gpt2))))
  },
)

test.each([
  ['4.31: the order of its loader', read(loader)],
  ['4.57: loss over labels, the rate that was used', read(labels)],
  ['5.24: windows of three, real tokens, cosine with warm-up', read(windowed)],
])('%s', async (_, golden) => {
  await initBackend({ threads: 2 })
  expectClose(compare(golden, await trainLikeGolden(golden)))
})
