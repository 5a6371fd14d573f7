// What temperature, top-k and top-p keep, against transformers' own warpers on thousands of settings.

import { describe, expect, test } from 'vitest'
import { filterTopK, filterTopP, warpTemperature } from '../../src/model/sampling'
import { bytesOf, crc32 } from '../../src/formats/crc32'
import golden from '../golden/sampling/kept.json'

/** The logits of tests/golden/make_sampling.py. */
function logitsOf(size: number, step: number): Float32Array {
  let state = size
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const value = ((state >>> 8) - 2 ** 23) / 2 ** 20
    return step === 0 ? value : (Math.floor(value / step + 1000.5) - 1000) * step
  })
}

describe('kept tokens', () => {
  test.each(golden.cases)('$size logits in steps of $step at temperature $temperature', (sample) => {
    const scores = warpTemperature(logitsOf(sample.size, sample.step), sample.temperature)
    const counts: number[] = []
    let crc = 0
    for (const k of golden.top_k) {
      for (const p of golden.top_p) {
        const kept = filterTopP(filterTopK(scores, k), p)
        const ids = Int32Array.from([...kept.keys()].filter((id) => kept[id] !== -Infinity))
        counts.push(ids.length)
        crc = crc32(bytesOf(ids), crc)
      }
    }
    expect(counts).toEqual(sample.counts)
    expect(crc).toBe(sample.crc)
  })
})
