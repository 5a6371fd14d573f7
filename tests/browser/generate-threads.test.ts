// The same seed writes the same text at any number of threads.

import { afterEach, expect, test } from 'vitest'
import { initBackend, resetBackend, setThreads } from '../../src/kernels/backend'
import { generateTokens } from '../../src/model/generate'
import { EOS, S } from '../support/m0'
import { buildM0 } from '../support/training'

afterEach(() => resetBackend())

test('1, 2 and 3 threads', async () => {
  await initBackend({ threads: 2 })
  const model = buildM0()
  const settings = { do_sample: true, temperature: 1.3, top_k: 0, top_p: 0.99, max_new_tokens: 24, seed: 7 }
  const texts: number[][] = []
  for (const threads of [1, 2, 3]) {
    await setThreads(threads)
    const ids: number[] = []
    for await (const id of generateTokens(model, Int32Array.from(S), settings, EOS)) ids.push(id)
    texts.push(ids)
  }
  model.dispose()
  expect(texts[0]).toHaveLength(24)
  expect(texts[1]).toEqual(texts[0])
  expect(texts[2]).toEqual(texts[0])
})
