// The course model's size in the real trainer worker, random weights: text streams in while the page goes on.

import { proxy, wrap } from 'comlink'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../src/model/config'
import { paramTable } from '../../src/model/params'
import type { TrainerApi } from '../../src/workers/protocol'
import { Noise } from '../support/randomModel'

const NEW_TOKENS = 24

const CONFIG = JSON.stringify({
  model_type: 'gpt_neo',
  architectures: ['GPTNeoForCausalLM'],
  vocab_size: 50257,
  hidden_size: 768,
  num_layers: 4,
  num_heads: 16,
  attention_types: [[['global', 'local'], 2]],
  max_position_embeddings: 2048,
  window_size: 256,
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
  bos_token_id: 50256,
  eos_token_id: 50256,
})

/** 274 MB of weights: one block of noise over and over, so that the page holds 4 MB of them. */
function files(): Record<string, Blob> {
  const header: Record<string, unknown> = {}
  let at = 0
  for (const { name, shape } of paramTable(parseConfig(CONFIG))) {
    const end = at + 4 * shape.reduce((a, b) => a * b, 1)
    header[name] = { dtype: 'F32', shape, data_offsets: [at, end] }
    at = end
  }
  const json = JSON.stringify(header)
  const text = json.padEnd(8 * Math.ceil(json.length / 8))
  const block = new Noise(1).floats(1_000_003, 0.04) as Float32Array<ArrayBuffer>
  const blocks = Array.from({ length: Math.ceil(at / block.byteLength) }, () => block)
  const weights = new Blob(blocks).slice(0, at)
  return {
    'config.json': new Blob([CONFIG]),
    'model.safetensors': new Blob([BigUint64Array.of(BigInt(text.length)), text, weights]),
    'tokenizer.json': new Blob(['{}']),
  }
}

/** Counts macrotasks of the page from now on; each one asks for the next. */
function countTasks(): { tasks: number; frames: number; end: () => void } {
  const { port1, port2 } = new MessageChannel()
  const count = {
    tasks: 0,
    frames: 0,
    end: () => {
      port1.close()
      cancelAnimationFrame(frame)
    },
  }
  port1.onmessage = () => {
    count.tasks++
    port2.postMessage(null)
  }
  port2.postMessage(null)
  const next = () => {
    count.frames++
    frame = requestAnimationFrame(next)
  }
  let frame = requestAnimationFrame(next)
  return count
}

test('every token of the 68-million-parameter model leaves the page room for tasks of its own', async () => {
  const worker = new Worker(new URL('../../src/workers/trainer.worker.ts', import.meta.url), { type: 'module' })
  onTestFinished(() => worker.terminate())
  const broken = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || 'the worker could not be loaded'))
  })
  const api = wrap<TrainerApi>(worker)
  const decode = (ids: Int32Array) => Promise.resolve([...ids].map((id) => `w${id}`).join(' '))
  const connected = api.connect(
    proxy(() => {}),
    proxy(decode),
  )
  await Promise.race([connected, broken])
  const { parameters } = await api.loadBase({ kind: 'files', label: 'random', files: files() })
  expect(parameters).toBe(68_514_048)
  const count = countTasks()
  onTestFinished(() => count.end())
  const seen: { text: string; tasks: number; frames: number }[] = []
  const onText = proxy((text: string) => void seen.push({ text, tasks: count.tasks, frames: count.frames }))
  const prompt = { prompt: 'Once upon', ids: Int32Array.from({ length: 30 }, (_, i) => 1000 + 37 * i) }
  const settings = { do_sample: true, temperature: 1, top_k: 0, top_p: 1, max_new_tokens: NEW_TOKENS, seed: 5 }
  const row = await api.generate({ runId: 'base', prompt, settings }, onText)
  expect(row).toMatchObject({ tokens: NEW_TOKENS, ended: 'length' })
  await expect.poll(() => seen.at(-1)?.text).toBe(row.generation)
  expect(seen).toHaveLength(NEW_TOKENS)
  // Each text is one token longer, and between any two the page has had tasks; over them all it has drawn frames.
  expect(seen.map(({ text }) => text.split(' ').length)).toEqual(seen.map((_, i) => i + 1))
  const between = seen.slice(1).map(({ tasks }, i) => tasks - (seen[i]?.tasks ?? Infinity))
  expect(Math.min(...between)).toBeGreaterThanOrEqual(1)
  expect((seen.at(-1)?.frames ?? 0) - (seen[0]?.frames ?? Infinity)).toBeGreaterThanOrEqual(2)
})
