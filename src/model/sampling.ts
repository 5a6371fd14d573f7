// From the logits of one position to the next token: temperature, top-k, top-p, draw. Pure functions on Float32Array;
// no model, no tensors. The order and the edges of the filters are those of transformers' generate().

import { FinetaleError } from '../recipe/error'
import type { GenerationSettings } from '../recipe/recipe'

/** The source of random bits: uniform 32-bit integers, 0 to 2^32 - 1. */
export interface RandomBits {
  next32(): number
}

const rotateLeft = (x: number, by: number): number => (x << by) | (x >>> (32 - by))

/**
 * The generator behind sampling: xoshiro128** of Blackman and Vigna, its four words filled by splitmix32 from the seed.
 * Small, fast, and the same on every machine; not for secrets, and not torch's stream.
 */
export class SampleRandom implements RandomBits {
  readonly #s = new Int32Array(4)

  /** Uses the low 32 bits of `seed`. */
  constructor(seed: number) {
    let state = seed | 0
    for (let i = 0; i < 4; i++) {
      state = (state + 0x9e3779b9) | 0
      let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      this.#s[i] = z ^ (z >>> 15)
    }
  }

  next32(): number {
    let [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = this.#s
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const shifted = s1 << 9
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = rotateLeft(s3, 11)
    this.#s.set([s0, s1, s2, s3])
    return result
  }
}

/** Index of the largest number; the lowest index among equals, as torch.argmax does on CPU. -1 when there is none. */
export function argmax(values: Float32Array): number {
  let best = -1
  let top = -Infinity
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? NaN
    if (value > top) {
      top = value
      best = i
    }
  }
  return best
}

/** The k-th largest value, 1 <= k <= length: a short sorted list for the usual k, a full sort for a large one. */
function kthLargest(values: Float32Array, k: number): number {
  if (k > 512) return Float32Array.from(values).sort()[values.length - k] ?? -Infinity
  const top = new Float32Array(k).fill(-Infinity) // ascending
  for (const value of values) {
    if (!(value > (top[0] ?? Infinity))) continue
    let at = 1
    while (at < k && (top[at] ?? Infinity) < value) at++
    top.copyWithin(0, 1, at)
    top[at - 1] = value
  }
  return top[0] ?? -Infinity
}

/**
 * Keeps the k largest logits and sets the others to -Infinity; logits equal to the k-th are all kept
 * (TopKLogitsWarper). k <= 0 or k >= length keeps everything. Returns a new array.
 */
export function filterTopK(logits: Float32Array, k: number): Float32Array {
  if (k <= 0 || k >= logits.length) return logits.slice()
  const limit = kthLargest(logits, k)
  return logits.map((value) => (value < limit ? -Infinity : value))
}

/** The largest number of a list without NaN; -Infinity when it is empty. */
function largest(values: Float32Array): number {
  let top = -Infinity
  for (const value of values) if (value > top) top = value
  return top
}

/**
 * Logits over a temperature, in float32 (TemperatureLogitsWarper). Where that overflows, which leaves transformers
 * without a number to draw from, the distances from the best logit are divided instead: the best stays 0 and the rest
 * goes to -Infinity. Returns a new array.
 */
export function warpTemperature(logits: Float32Array, temperature: number): Float32Array {
  if (temperature === 1) return logits.slice()
  const divisor = Math.fround(temperature)
  const top = largest(logits)
  if (divisor > 0 && Number.isFinite(Math.fround(top / divisor))) return logits.map((value) => value / divisor)
  return logits.map((value) => (value === top ? 0 : (value - top) / temperature))
}

/**
 * Keeps the nucleus: the smallest set of most likely tokens whose probability reaches p (TopPLogitsWarper: sort
 * ascending, running sum of the softmax, drop while the sum is <= 1 - p). The best token always stays. Among equal
 * logits at the edge the higher ids stay, because a stable ascending sort has the lower ones first. Probabilities are
 * float32 and summed in float64, then compared in float32, as torch does on CPU. p >= 1 keeps everything. Returns a new
 * array.
 */
export function filterTopP(logits: Float32Array, p: number): Float32Array {
  if (p >= 1) return logits.slice()
  const sorted = logits.slice().sort()
  const top = sorted[sorted.length - 1] ?? 0
  const weights = sorted.map((value) => Math.exp(Math.fround(value - top)))
  let total = 0
  for (const weight of weights) total += weight
  const divisor = Math.fround(total)
  const allowance = Math.fround(1 - p)
  let sum = 0
  let dropped = 0
  for (; dropped < sorted.length - 1; dropped++) {
    sum += Math.fround((weights[dropped] ?? 0) / divisor)
    if (Math.fround(sum) > allowance) break
  }
  const edge = sorted[dropped] ?? top
  let dropEqual = 0
  for (let i = dropped - 1; i >= 0 && sorted[i] === edge; i--) dropEqual++
  return logits.map((value) => {
    if (value > edge) return value
    return value === edge && dropEqual-- <= 0 ? value : -Infinity
  })
}

/**
 * A number in [0, 1) with 53 random bits from two draws, high bits first: the rule of MT19937's genrand_res53.
 */
export function uniform(random: RandomBits): number {
  const high = random.next32() >>> 5
  const low = random.next32() >>> 6
  return (high * 67108864 + low) / 9007199254740992
}

/**
 * The next token. Greedy when do_sample is false or the temperature is 0; otherwise temperature, top-k, top-p, softmax
 * and one draw by inverting the running sum in order of id, with one `uniform` number per token. The filtered
 * distribution is that of transformers; the draw is our own, so the same seed gives the same text here, not there.
 * Throws FinetaleError when a logit is no number.
 */
export function sampleToken(logits: Float32Array, settings: GenerationSettings, random: RandomBits): number {
  const best = argmax(logits)
  const top = logits[best]
  if (top === undefined || !Number.isFinite(top) || logits.includes(NaN)) {
    throw new FinetaleError(
      'The model gives no usable numbers for the next token, so it cannot write.',
      'Go back to an earlier checkpoint, or train again with a smaller learning rate.',
    )
  }
  if (!settings.do_sample || settings.temperature === 0) return best
  const scores = warpTemperature(logits, settings.temperature)
  const kept = filterTopP(filterTopK(scores, settings.top_k), settings.top_p)
  const highest = largest(kept)
  const weights = Float64Array.from(kept, (value) => Math.exp(value - highest))
  let total = 0
  for (const weight of weights) total += weight
  const target = uniform(random) * total
  let sum = 0
  let last = best
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] ?? 0
    if (weight === 0) continue
    sum += weight
    last = i
    if (sum > target) return i
  }
  return last
}
