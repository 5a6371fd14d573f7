// Generation with the key/value cache: tokens per second after a prompt, beside what memory speed allows.

import { Decoder } from '../src/model/decoder'
import { randomBatch, randomModel } from '../tests/support/randomModel'
import type { BenchContext } from './context'
import { median, memorySpeed, round, shapeOf } from './measure'

const PROMPT = 30
const NEW_TOKENS = 50

export function benchGenerate({ shape: name, rounds }: BenchContext): object[] {
  const shape = shapeOf(name)
  const model = randomModel(shape)
  const decoder = new Decoder(model)
  const prompt = randomBatch({ ...shape, B: 1, T: PROMPT }, 1).ids
  const promptSeconds: number[] = []
  const tokenSeconds: number[] = []
  for (let i = 0; i <= (rounds || 3); i++) {
    decoder.clear()
    let begin = performance.now()
    let logits = decoder.feed(prompt)
    if (i > 0) promptSeconds.push((performance.now() - begin) / 1000)
    for (let t = 0; t < NEW_TOKENS; t++) {
      const best = logits.indexOf(Math.max(...logits.subarray(0, 1000)))
      begin = performance.now()
      logits = decoder.feed(Int32Array.of(best))
      if (i > 0) tokenSeconds.push((performance.now() - begin) / 1000)
    }
  }
  decoder.dispose()
  const weightBytes = model.parameterCount * 4
  model.dispose()
  const memory = memorySpeed()
  const tokensPerSecond = 1 / median(tokenSeconds)
  // A copy moves each byte twice, over the bus; the bound counts the bytes that it copies.
  const bound = ((memory.copy / 2) * 1e9) / weightBytes
  return [
    {
      shape,
      tokensPerSecond: round(tokensPerSecond),
      promptSeconds: round(median(promptSeconds)),
      promptTokens: PROMPT,
      weightBytes,
      copyGBs: round(memory.copy),
      readGBs: round(memory.read),
      boundTokensPerSecond: round(bound),
      boundByTraffic: round((memory.copy * 1e9) / weightBytes),
      share: round(tokensPerSecond / bound),
      shareOfTraffic: round((tokensPerSecond * weightBytes) / (memory.copy * 1e9)),
    },
  ]
}
