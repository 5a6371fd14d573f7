// The loop on M0: it learns, it resumes bit for bit from any cursor, it leaves no tensors, it survives bad numbers.

import { beforeAll, describe, expect, test } from 'vitest'
import { epochOrder } from '../../src/data/order'
import { initBackend } from '../../src/kernels/backend'
import * as tf from '../../src/kernels/tf'
import { generateTokens } from '../../src/model/generate'
import type { Recipe } from '../../src/recipe/recipe'
import type { TrainingCursor } from '../../src/storage/schema'
import { type LoopEvent, startCursor, trainLoop } from '../../src/train/loop'
import { AdamW } from '../../src/train/optimizer'
import type { TokenizedDataset } from '../../src/workers/protocol'
import { A, B, C, EOS, S } from '../support/m0'
import { buildM0, datasetOf, runUntil, testRecipe } from '../support/training'

beforeAll(async () => {
  await initBackend({ threads: 1 })
})

type Events = LoopEvent[]
type StepEvent = Extract<LoopEvent, { kind: 'step' }>
type EvalEvent = Extract<LoopEvent, { kind: 'eval' }>

const stepsOf = (events: Events) => events.filter((event): event is StepEvent => event.kind === 'step')
const lossesOf = (events: Events) => stepsOf(events).map(({ metrics }) => metrics.loss)
const evalsOf = (events: Events) => events.filter((event): event is EvalEvent => event.kind === 'eval')

/** A model in training that can be cut off and brought back from what a checkpoint holds. */
function begin(recipe: Recipe, dataset: TokenizedDataset) {
  const model = buildM0()
  const optimizer = new AdamW(model.params, recipe)
  const run = async (cursor: TrainingCursor, stopAt = Infinity): Promise<Events> => {
    const events: Events = []
    for await (const event of trainLoop({ model, optimizer, recipe, dataset, cursor, control: runUntil(stopAt) })) {
      events.push(event)
    }
    return events
  }
  const dispose = () => {
    optimizer.dispose()
    model.dispose()
  }
  return { model, optimizer, run, dispose }
}

/** Copies weights and moments the way a checkpoint does: numbers out, numbers in. */
function restore(from: ReturnType<typeof begin>, to: ReturnType<typeof begin>) {
  to.model.params.forEach((param, i) => {
    param.value.dispose()
    param.value = tf.tensor(from.model.params[i]!.value.dataSync().slice(), param.shape.slice(), 'float32')
    to.optimizer.restore('exp_avg', param.name, from.optimizer.read('exp_avg', i))
    to.optimizer.restore('exp_avg_sq', param.name, from.optimizer.read('exp_avg_sq', i))
  })
  to.optimizer.restoreStep(from.optimizer.step)
}

/** Rows placed so that the epoch visits them in the wanted order. */
function visitedAs(rows: readonly (readonly number[])[]): TokenizedDataset {
  const placed: (readonly number[])[] = []
  epochOrder(testRecipe.order_rule, testRecipe.seed, 0, rows.length).forEach((row, i) => (placed[row] = rows[i]!))
  return datasetOf(placed)
}

describe('learning', () => {
  test('M0 learns one sentence by heart and writes it back', async () => {
    const recipe: Recipe = { ...testRecipe, learning_rate: 0.01, lr_scheduler_type: 'constant', max_steps: 70 }
    const { model, run, dispose } = begin(recipe, datasetOf([A]))
    const losses = lossesOf(await run(startCursor))
    expect(losses[0]).toBeCloseTo(11.05393, 3)
    expect(losses.at(-1)).toBeLessThan(0.3)
    const settings = { do_sample: false, temperature: 1, top_k: 0, top_p: 1, max_new_tokens: 40, seed: 0 }
    const written: number[] = []
    for await (const id of generateTokens(model, Int32Array.from(S.slice(0, 2)), settings, EOS)) written.push(id)
    expect(written).toEqual(A.slice(2))
    dispose()
  })
})

describe('resume', () => {
  test('six steps as the reference has them, cut after step 3 or not', async () => {
    const dataset = visitedAs([A, B, A, B, A, B])
    const whole = begin(testRecipe, dataset)
    const losses = lossesOf(await whole.run(startCursor))
    const reference = [11.05393, 11.23636, 10.7422, 10.96694, 10.5967, 10.82729]
    losses.forEach((loss, i) => expect(Math.abs(loss - reference[i]!), `step ${i + 1}`).toBeLessThan(1e-4))
    const first = begin(testRecipe, dataset)
    const start = await first.run(startCursor, 3)
    const second = begin(testRecipe, dataset)
    restore(first, second)
    const rest = await second.run(start.at(-1)!.cursor)
    expect([...lossesOf(start), ...lossesOf(rest)]).toEqual(losses)
    second.model.params.forEach(({ value }, i) => {
      expect(value.dataSync()).toEqual(whole.model.params[i]!.value.dataSync())
    })
    for (const { dispose } of [whole, first, second]) dispose()
  })

  test('mid-epoch, with accumulation, decay, logging every 2 steps and evaluation, from every step', async () => {
    const recipe: Recipe = {
      ...testRecipe,
      ...{ optim: 'adamw_hf', weight_decay: 0.01, gradient_accumulation_steps: 2, num_train_epochs: 2 },
      ...{ logging_steps: 2, eval_strategy: 'steps', eval_steps: 2, order_rule: 'dataloader' },
    }
    const dataset = datasetOf([A, B, C, S, A], [B, C, A])
    const whole = begin(recipe, dataset)
    const events = await whole.run(startCursor)
    expect(stepsOf(events).map(({ metrics }) => metrics.step)).toEqual([2, 4, 6])
    for (const cut of [1, 3, 5]) {
      const first = begin(recipe, dataset)
      const start = await first.run(startCursor, cut)
      const second = begin(recipe, dataset)
      restore(first, second)
      const rest = await second.run(start.at(-1)!.cursor)
      expect([...lossesOf(start), ...lossesOf(rest)], `cut at ${cut}`).toEqual(lossesOf(events))
      const evalLosses = [...evalsOf(start), ...evalsOf(rest)].map(({ metrics }) => metrics.loss)
      expect(evalLosses).toEqual(evalsOf(events).map(({ metrics }) => metrics.loss))
      expect(rest.at(-1)!.cursor).toEqual(events.at(-1)!.cursor)
      first.dispose()
      second.dispose()
    }
    whole.dispose()
  })
})

describe('events', () => {
  test('epochs, evaluations and the short last window', async () => {
    const recipe: Recipe = {
      ...testRecipe,
      ...{ gradient_accumulation_steps: 2, num_train_epochs: 2, eval_strategy: 'epoch' },
    }
    const { run, dispose } = begin(recipe, datasetOf([A, B, C], [A, B, C]))
    const events = await run(startCursor)
    expect(events.map(({ kind }) => kind).join(' ')).toBe(
      'step step epoch evaluating eval step step epoch evaluating eval',
    )
    expect(stepsOf(events).map(({ metrics }) => metrics.epoch)).toEqual([2 / 3, 1, 1 + 2 / 3, 2])
    const tokens = stepsOf(events).map(({ metrics }) => metrics.tokens)
    expect(tokens[0]! + tokens[1]!).toBe(A.length + B.length + C.length)
    dispose()
  })

  test('the evaluation loss weighs tokens, whatever the batch', async () => {
    const losses: number[] = []
    for (const size of [1, 2, 3]) {
      const recipe: Recipe = {
        ...testRecipe,
        ...{ eval_strategy: 'steps', max_steps: 1, learning_rate: 0, per_device_eval_batch_size: size },
      }
      const { run, dispose } = begin(recipe, datasetOf([A], [A, B]))
      losses.push(evalsOf(await run(startCursor))[0]!.metrics.loss)
      dispose()
    }
    for (const loss of losses) expect(Math.abs(loss - 11.10418)).toBeLessThan(1e-4)
  })

  test('batch means weigh by rows where the recipe follows Trainer, and labels count one more a row', async () => {
    const changes: Partial<Recipe>[] = [
      { eval_average: 'batches', per_device_eval_batch_size: 1 },
      { eval_average: 'batches', per_device_eval_batch_size: 2 },
      { loss_divisor: 'labels', per_device_eval_batch_size: 2 },
    ]
    const losses: number[] = []
    for (const change of changes) {
      const recipe: Recipe = { ...testRecipe, eval_strategy: 'steps', max_steps: 1, learning_rate: 0, ...change }
      const { run, dispose } = begin(recipe, datasetOf([A], [A, B]))
      losses.push(evalsOf(await run(startCursor))[0]!.metrics.loss)
      dispose()
    }
    const targets = A.length + B.length - 2
    const expected = [11.15945, 11.10418, (11.10418 * targets) / (targets + 2)]
    losses.forEach((loss, i) => expect(Math.abs(loss - expected[i]!), `${i}`).toBeLessThan(1e-4))
  })

  test('the loop can be stopped between steps and in an evaluation', async () => {
    const recipe: Recipe = { ...testRecipe, max_steps: 5, eval_strategy: 'steps', eval_steps: 1 }
    const { model, optimizer, dispose } = begin(recipe, datasetOf([A], [A, B, C]))
    const control = { ...runUntil(2), proceed: () => false }
    const loop = trainLoop({ model, optimizer, recipe, dataset: datasetOf([A], [A]), cursor: startCursor, control })
    const kinds: string[] = []
    let next = await loop.next()
    for (; next.done !== true; next = await loop.next()) kinds.push(next.value.kind)
    expect(next.value).toBe('stopped')
    expect(kinds.filter((kind) => kind === 'step')).toHaveLength(2)
    expect(kinds).not.toContain('eval')
    dispose()
  })

  test('numbers that are not finite skip the update and are told', async () => {
    const recipe: Recipe = { ...testRecipe, learning_rate: 1e6, max_steps: 5, max_grad_norm: 0 }
    const { run, optimizer, dispose } = begin(recipe, datasetOf([A]))
    const events = await run(startCursor)
    const skipped = events.filter(({ kind }) => kind === 'skipped')
    expect(skipped.length).toBeGreaterThan(0)
    expect(optimizer.step).toBe(5 - skipped.length)
    expect(events.at(-1)!.cursor).toMatchObject({ step: 5, updates: optimizer.step })
    for (const loss of lossesOf(events)) expect(loss).not.toBeNaN()
    dispose()
  })
})

describe('memory', () => {
  test('step 100 holds as many tensors as step 10, evaluation included, and a run leaves none', async () => {
    const before = tf.memory().numTensors
    const recipe: Recipe = { ...testRecipe, max_steps: 100, eval_strategy: 'steps', eval_steps: 20 }
    const { run, dispose } = begin(recipe, datasetOf([B, C], [C]))
    const counts = stepsOf(await run(startCursor)).map(({ metrics }) => metrics.tensors)
    expect(counts[99]).toBe(counts[9])
    dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})
