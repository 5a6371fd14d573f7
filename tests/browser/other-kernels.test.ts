// A run begun with one arithmetic goes on with the other, as in another browser: told, marked, and exact up to there.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { relaxedSimd } from 'wasm-feature-detect'
import { initBackend, resetBackend } from '../../src/kernels/backend'
import { readSteps } from '../../src/storage/metrics'
import { openFinetaleDB } from '../../src/storage/db'
import { getRun } from '../../src/storage/runs'
import { TrainerSession } from '../../src/train/session'
import type { Recipe } from '../../src/recipe/recipe'
import type { ModelSource, RunEvent, StartRequest } from '../../src/workers/protocol'
import { A, B, C, m0Files } from '../support/m0'
import { datasetOf, testRecipe } from '../support/training'

const generation = { do_sample: false, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 4, seed: 1 }
const recipe: Recipe = { ...testRecipe, max_steps: 8, threads: 1 }
let model: ModelSource

beforeAll(() => {
  model = { kind: 'files', label: 'M0', files: { ...m0Files(), 'tokenizer.json': new Blob(['{}']) } }
})
afterAll(() => resetBackend())

/** A session on kernels of that arithmetic, as a page of another browser has; `until` ends the run after a step. */
async function sessionOn(arithmetic: 'simd' | 'relaxed', until = Infinity) {
  resetBackend()
  const { flavour } = await initBackend({ threads: 1, arithmetic })
  const session = new TrainerSession()
  const events: RunEvent[] = []
  void session.connect(
    (event) => {
      events.push(event)
      if (event.kind === 'step' && event.metrics.step === until) void session.stop('save')
    },
    (ids) => Promise.resolve(ids.join(' ')),
  )
  const losses = () => events.flatMap((event) => (event.kind === 'step' ? [event.metrics.loss] : []))
  const warnings = () => events.flatMap((event) => (event.kind === 'warning' ? [event.message] : []))
  return { session, flavour, events, losses, warnings }
}

function request(): StartRequest {
  return {
    ...{ runId: crypto.randomUUID(), name: 'test run', recipe, model, prompts: [], generation },
    data: { kind: 'files', label: 'rows.jsonl', files: { 'rows.jsonl': new Blob(['rows']) } },
    dataset: datasetOf([A, B, C]),
  }
}

test.skipIf(!(await relaxedSimd())).each([
  ['relaxed', 'simd'],
  ['simd', 'relaxed'],
] as const)('from %s to %s', async (first, second) => {
  const whole = await sessionOn(first)
  await whole.session.start(request())
  const expected = whole.losses()
  expect(expected).toHaveLength(8)

  const run = request()
  const begun = await sessionOn(first, 5)
  await begun.session.start(run)
  expect(begun.losses()).toEqual(expected.slice(0, 5))

  // Steps that were logged after the last checkpoint, as a tab that dies leaves them.
  const db = await openFinetaleDB()
  const record = (await getRun(db, run.runId))!
  const blocks = await db.getAll('metrics', IDBKeyRange.bound([run.runId, 'step'], [run.runId, 'step', []]))
  const last = blocks.at(-1)!
  const late = { ...last.rows.at(-1)!, step: 6, loss: 99 }
  await db.put('metrics', { ...last, last: 6, rows: [...last.rows, late] as typeof last.rows })
  await db.put('runs', { ...record, state: 'running', step: 6 })

  const resumed = await sessionOn(second)
  expect(resumed.flavour).not.toBe(begun.flavour)
  const { runId, dataset } = run
  await resumed.session.resume({ runId, dataset, prompts: [], generation })
  expect(resumed.warnings().filter((message) => message.includes(`instead of ${begun.flavour}`))).toHaveLength(1)
  expect(resumed.events.find(({ kind }) => kind === 'started')).toMatchObject({
    fromStep: 5,
    changes: [{ step: 5, what: 'flavour', from: begun.flavour, to: resumed.flavour }],
    resumes: [{ step: 5 }],
  })
  // The same state goes on with another rounding: equal to many digits, and each step logged once.
  const rest = resumed.losses()
  expect(rest).toHaveLength(3)
  rest.forEach((loss, i) => expect(Math.abs(loss - expected[5 + i]!)).toBeLessThan(1e-3))
  const rows = await readSteps(db, run.runId)
  expect(rows.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(rows.map(({ loss }) => loss)).toEqual([...expected.slice(0, 5), ...rest])
  expect(await getRun(db, run.runId)).toMatchObject({
    state: 'finished',
    resumes: [{ step: 5 }],
    changes: [{ step: 5, what: 'flavour' }],
    environment: { flavour: resumed.flavour },
  })
})
