// The trainer as the page has it: a real worker behind Comlink. What a run computes is tested in session.test.ts.

import { proxy, wrap } from 'comlink'
import { expect, onTestFinished, test } from 'vitest'
import type { FinetaleErrorData, RunEvent, TrainerApi } from '../../src/workers/protocol'
import { A, m0Files, S } from '../support/m0'
import { datasetOf, testRecipe } from '../support/training'

test('a run in the worker: events, text, errors with what to do', async () => {
  const worker = new Worker(new URL('../../src/workers/trainer.worker.ts', import.meta.url), { type: 'module' })
  onTestFinished(() => worker.terminate())
  const api = wrap<TrainerApi>(worker)
  const events: RunEvent[] = []
  const decode = (ids: Int32Array) => Promise.resolve([...ids].map((id) => `w${id}`).join(' '))
  await api.connect(
    proxy(async (event: RunEvent) => {
      // A page that is busy hears late; what it is told all the same comes before the result.
      await new Promise((resolve) => setTimeout(resolve, 30))
      events.push(event)
    }),
    proxy(decode),
  )
  const environment = await api.initialise({ threads: 0 })
  expect(environment.threads).toBeGreaterThan(0)
  const runId = crypto.randomUUID()
  const generation = { do_sample: true, temperature: 1, top_k: 50, top_p: 0.3, max_new_tokens: 4, seed: 1 }
  const prompt = { prompt: 'Once upon', ids: Int32Array.from(S.slice(0, 2)) }
  await api.start({
    ...{ runId, name: 'worker', recipe: { ...testRecipe, max_steps: 2 }, prompts: [prompt], generation },
    model: { kind: 'files', label: 'M0', files: { ...m0Files(), 'tokenizer.json': new Blob(['{}']) } },
    data: { kind: 'files', label: 'rows.jsonl', files: { 'rows.jsonl': new Blob(['rows']) } },
    dataset: datasetOf([A]),
  })
  expect(events.filter(({ kind }) => kind === 'step')).toHaveLength(2)
  expect(events.at(-1)).toMatchObject({ kind: 'phase', phase: 'finished' })
  const texts: string[] = []
  const onText = proxy((text: string) => void texts.push(text))
  const row = await api.generate({ runId, prompt, settings: generation }, onText)
  expect(row).toMatchObject({ step: 2, tokens: 4, ended: 'length' })
  await expect.poll(() => texts.at(-1)).toBe(row.generation)
  const refusal = await api.loadRun('nobody').catch((thrown: unknown) => thrown as FinetaleErrorData)
  expect(refusal).toMatchObject({ name: 'FinetaleError', action: 'Start a new run.' })
})
