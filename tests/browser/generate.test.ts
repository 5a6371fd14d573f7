// Writing with the key/value cache: the same numbers as the full model, the sampler's extremes, prompts at the edges.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { initBackend } from '../../src/kernels/backend'
import * as tf from '../../src/kernels/tf'
import { generateTokens, startDropped } from '../../src/model/generate'
import type { GPTNeo } from '../../src/model/gptNeo'
import { argmax, filterTopP } from '../../src/model/sampling'
import type { GenerationSettings } from '../../src/recipe/recipe'
import { completeText, writeText } from '../../src/train/writeText'
import { EOS, S } from '../support/m0'
import { buildM0 } from '../support/training'

const greedy: GenerationSettings = {
  do_sample: false,
  temperature: 1,
  top_k: 50,
  top_p: 1,
  max_new_tokens: 12,
  seed: 1,
}
let model: GPTNeo

beforeAll(async () => {
  await initBackend({ threads: 1 })
  model = buildM0()
})
afterAll(() => model.dispose())

async function write(prompt: readonly number[], settings: GenerationSettings = greedy, eosId = EOS): Promise<number[]> {
  const ids: number[] = []
  for await (const id of generateTokens(model, Int32Array.from(prompt), settings, eosId)) ids.push(id)
  return ids
}

/** Logits of the last position by the full model. */
function lastLogits(ids: readonly number[]): Float32Array {
  const logits = model.logits(Int32Array.from(ids), ids.length)
  return logits.slice(logits.length - model.config.vocab_size)
}

describe('tokens', () => {
  test('greedy after the first six ids of S', async () => {
    const expected = [31310, 31310, 13622, 2730, 8169, 36356, 47947, 1908, 3693, 3693, 3693, 21775]
    expect(await write(S.slice(0, 6))).toEqual(expected)
  })

  test('each token is the best of the full model on the text so far', async () => {
    const text = [...S]
    for (const id of await write(S)) {
      expect(id).toBe(argmax(lastLogits(text)))
      text.push(id)
    }
  })

  test('temperature 0 and 1e-40 are greedy', async () => {
    for (const temperature of [0, 1e-40]) {
      expect(await write(S, { ...greedy, do_sample: true, temperature, top_k: 0, max_new_tokens: 1 })).toEqual([21775])
    }
  })

  test('the nucleus has the sizes of the reference', () => {
    const logits = lastLogits(S)
    const sizes = [0, 0.00001, 0.1, 0.5, 0.9, 1].map(
      (p) => filterTopP(logits, p).filter((value) => value > -Infinity).length,
    )
    expect(sizes).toEqual([1, 1, 1125, 11040, 34645, 50257])
  })

  test('the same seed gives the same text', async () => {
    const settings = { ...greedy, do_sample: true, top_k: 0 }
    expect(await write(S, settings)).toEqual(await write(S, settings))
    expect(await write(S, settings)).not.toEqual(await write(S, { ...settings, seed: 2 }))
  })

  test('end-of-text is the last token; nothing is asked for, nothing comes', async () => {
    expect(await write(S, greedy, 21775)).toEqual([21775])
    expect(await write(S, { ...greedy, max_new_tokens: 0 })).toEqual([])
  })
})

describe('prompts at the edges', () => {
  test('around and far past 64 positions, 40 tokens come', async () => {
    for (const length of [63, 64, 65, 500]) {
      const prompt = Array.from({ length }, (_, i) => S[i % S.length]!)
      const ids = await write(prompt, { ...greedy, max_new_tokens: 40 })
      expect(ids).toHaveLength(40)
      expect(ids[0]).toBe(argmax(lastLogits(prompt.slice(-64))))
      expect(startDropped(model, length, 40)).toBe(true)
    }
    expect(startDropped(model, 24, 41)).toBe(false)
    expect(startDropped(model, 24, 42)).toBe(true)
  })

  test('an empty prompt starts from end-of-text', async () => {
    expect(await write([])).toEqual(await write([EOS]))
  })

  test('an id without a row is refused', async () => {
    await expect(write([1, 50257])).rejects.toThrow(/token 50257/)
  })

  test('no tensors are made, also when the reader leaves early', async () => {
    const before = tf.memory().numTensors
    for await (const id of generateTokens(model, Int32Array.from(S), greedy, EOS)) if (id >= 0) break
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe('text', () => {
  /** A decoder that gives each token one byte of a mage emoji, then letters. */
  const bytes = [0xf0, 0x9f, 0xa7, 0x99, 0x61, 0xf0, 0x9f]
  const decode = (ids: Int32Array) =>
    Promise.resolve(new TextDecoder().decode(Uint8Array.from(bytes.slice(0, ids.length))))
  const base = { decode, eosId: EOS, runId: 'base', step: 0, prompt: { prompt: 'p', ids: Int32Array.from(S) } }

  test('an unfinished character waits, and what is left comes at the end', async () => {
    const shown: string[] = []
    const row = await writeText({
      ...{ ...base, model, settings: { ...greedy, max_new_tokens: 7 } },
      ...{ onText: (text: string) => shown.push(text), stopped: () => false, warn: () => {} },
    })
    expect(shown).toEqual(['🧙', '🧙a', '🧙a\uFFFD'])
    expect(row).toMatchObject({ generation: '🧙a\uFFFD', tokens: 7, ended: 'length', prompt: 'p' })
    expect(completeText('a\uFFFDb\uFFFD\uFFFD')).toBe('a\uFFFDb')
  })

  test('stops when asked, also inside a character', async () => {
    let asked = 0
    const row = await writeText({
      ...{ ...base, model, settings: greedy },
      ...{ onText: () => {}, stopped: () => ++asked === 2, warn: () => {} },
    })
    expect(row).toMatchObject({ tokens: 2, ended: 'stopped' })
  })

  test('says when the start was dropped', async () => {
    const warnings: string[] = []
    const prompt = { prompt: 'long', ids: new Int32Array(500).fill(13) }
    await writeText({
      ...{ ...base, model, prompt, settings: { ...greedy, max_new_tokens: 2 } },
      ...{ onText: () => {}, stopped: () => false, warn: (message: string) => warnings.push(message) },
    })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/start was dropped/)
  })

  test.each([
    ['Once upon a time', []],
    ['Once upon a time\n', []],
    ['Once upon a time ', [/ends in a space/]],
    [' ', [/ends in a space/]],
    ['', [/prompt is empty/]],
  ])('notes on the prompt "%s", which stays as typed', async (prompt, notes) => {
    const row = await writeText({
      ...{ ...base, model, prompt: { prompt, ids: Int32Array.of(EOS) }, settings: { ...greedy, max_new_tokens: 1 } },
      ...{ onText: () => {}, stopped: () => false, warn: () => {} },
    })
    expect(row.prompt).toBe(prompt)
    expect(row.notes?.length ?? 0).toBe(notes.length)
    notes.forEach((note, i) => expect(row.notes?.[i]).toMatch(note))
  })

  test.each([{ temperature: NaN }, { top_p: -0.1 }, { top_k: -1 }, { max_new_tokens: 0 }])(
    'settings %o are refused before anything is written',
    async (change) => {
      const writing = writeText({
        ...{ ...base, model, settings: { ...greedy, ...change } },
        ...{ onText: () => {}, stopped: () => false, warn: () => {} },
      })
      await expect(writing).rejects.toThrow(`"${Object.keys(change)[0]}" cannot be used`)
    },
  )
})
