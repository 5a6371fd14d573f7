// npm run pretrain from end to end: told to leave in mid-run it saves and writes a bundle; the same profile goes on, and so
// does a fresh one from the bundle, to the end of the uninterrupted run, with a model folder in float16. Another run than the
// one asked for is refused.

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openSafetensors } from '../../src/formats/safetensors'
import { newProfile } from '../support/browser'

const script = fileURLToPath(new URL('../../scripts/pretrain.mjs', import.meta.url))

interface Line {
  readonly kind: string
  readonly step: number
  readonly loss: number
  readonly bits_per_character?: number
  readonly fromStep?: number
  readonly message?: string
}

/** Runs the command to its end; `leaveAt` sends SIGTERM when that step is told. */
async function run(args: readonly string[], leaveAt = Infinity) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Line[] = []
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  let rest = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      const line = JSON.parse(part) as Line
      lines.push(line)
      if (line.kind === 'step' && line.step === leaveAt) child.kill('SIGTERM')
    }
  })
  const code = await new Promise((done) => child.once('close', done))
  return { lines, errors, code }
}

async function pretrain(args: readonly string[], leaveAt?: number): Promise<Line[]> {
  const { lines, errors, code } = await run(args, leaveAt)
  expect([code, errors]).toEqual([0, ''])
  return lines
}

test('a run that was told to leave goes on from its bundle and ends like one that was not', async () => {
  const folder = newProfile()
  const [data, config, recipe] = ['texts.jsonl', 'config.json', 'recipe.json'].map((name) => join(folder, name))
  const texts = Array.from({ length: 40 }, (_, i) => `Once upon a time there were ${i} owls. `.repeat(3 + (i % 5)))
  writeFileSync(data!, texts.map((text) => JSON.stringify({ text })).join('\n'))
  const shape = { model_type: 'gpt_neo', vocab_size: 4096, hidden_size: 16, num_layers: 2, num_heads: 2 }
  writeFileSync(config!, JSON.stringify({ ...shape, max_position_embeddings: 64, eos_token_id: 4095 }))
  const fields = { model_init: 'from_config', packing: true, max_length: 32, test_size: 0.1, name: 'Owls' }
  // So many steps that the signal comes before the last one.
  const steps = 400
  const often = { eval_steps: 100, save_steps: 100, logging_steps: 1, max_steps: steps, warmup_steps: 3 }
  writeFileSync(recipe!, JSON.stringify({ ...fields, ...often, per_device_train_batch_size: 4 }))
  const given = ['--data', data!, '--config', config!, '--recipe', recipe!, '--port', '41790']
  const losses = (lines: readonly Line[]) =>
    lines.filter(({ kind }) => kind === 'step').map(({ step, loss }) => [step, loss])

  const whole = await pretrain([...given, '--profile', newProfile()])
  expect(losses(whole).map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1))
  expect(whole.find(({ kind }) => kind === 'warning')?.message).toContain('from scratch')
  const evals = whole.filter(({ kind }) => kind === 'eval')
  expect(evals.map(({ step }) => step)).toEqual([0, 100, 200, 300, 400])
  expect(evals.at(-1)?.bits_per_character).toBeLessThan(evals[0]?.bits_per_character ?? 0)

  const bundle = join(folder, 'run.zip')
  const profile = newProfile()
  const first = losses(await pretrain([...given, '--profile', profile, '--bundle', bundle], 12))
  const exported = join(folder, 'model')
  const rest = await pretrain([...given, '--profile', newProfile(), '--bundle', bundle, '--export', exported])
  const from = rest.find(({ kind }) => kind === 'started')?.fromStep ?? 0
  expect(from).toBeGreaterThanOrEqual(12)
  expect([...first, ...losses(rest)]).toEqual(losses(whole))

  const { entries } = await openSafetensors(new Blob([readFileSync(join(exported, 'model.safetensors'))]), 'model')
  expect(entries.get('transformer.wte.weight')).toMatchObject({ dtype: 'F16', shape: [4096, 16] })
  expect(JSON.parse(readFileSync(join(exported, 'config.json'), 'utf8'))).toMatchObject({
    ...shape,
    torch_dtype: 'float16',
  })
  const state = JSON.parse(readFileSync(join(exported, 'trainer_state.json'), 'utf8')) as { global_step: number }
  expect(state.global_step).toBe(steps)

  // The first way on is the profile that the run was left in; there it ends like the others, and is then found finished.
  const again = await pretrain([...given, '--profile', profile])
  expect(again.find(({ kind }) => kind === 'resume')?.step).toBe(from)
  expect([...first, ...losses(again)]).toEqual(losses(whole))
  const late = join(folder, 'late')
  const found = await pretrain([...given, '--profile', profile, '--export', late])
  expect(found.map(({ kind }) => kind)).toEqual(['found', 'exported'])
  const file = (name: string) => readFileSync(join(late, name))
  expect(file('model.safetensors').equals(readFileSync(join(exported, 'model.safetensors')))).toBe(true)
  expect(JSON.parse(file('trainer_state.json').toString())).toMatchObject({ global_step: steps })

  const more = await run([...given, '--profile', profile, '--steps', '500'])
  expect([more.code, more.lines]).toEqual([1, []])
  expect(more.errors).toContain('differs in max_steps (400 there, 500 asked for)')
})
