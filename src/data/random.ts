// The two generators whose streams decide a faithful run: numpy's PCG64 and torch's MT19937, bit for bit.
// Not for secrets. What is drawn from them (split, order of rows) is in split.ts and order.ts.

const MASK_32 = 0xffffffffn
const MASK_64 = (1n << 64n) - 1n
const MASK_128 = (1n << 128n) - 1n
const PCG_MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n
const POOL_SIZE = 4

/** One running multiplier of SeedSequence: each use mixes a word with it and moves it on. */
class HashConstant {
  #value: number
  readonly #multiplier: number

  constructor(initial: number, multiplier: number) {
    this.#value = initial
    this.#multiplier = multiplier
  }

  hash(word: number): number {
    const mixed = word ^ this.#value
    this.#value = Math.imul(this.#value, this.#multiplier)
    const product = Math.imul(mixed, this.#value)
    return (product ^ (product >>> 16)) >>> 0
  }
}

function mix(x: number, y: number): number {
  const result = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)
  return (result ^ (result >>> 16)) >>> 0
}

/**
 * numpy.random.SeedSequence(seed).generate_state(count, uint32) for a seed without spawn key.
 * @param seed a whole number, 0 to 2^53 - 1
 */
export function seedSequence(seed: number, count: number): Uint32Array {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed must be a whole number from 0, not ${seed}`)
  const words = seed > 0xffffffff ? [seed >>> 0, Math.floor(seed / 2 ** 32)] : [seed]
  const entry = new HashConstant(0x43b0d7e5, 0x931e8875)
  const pool = new Uint32Array(POOL_SIZE)
  for (let i = 0; i < POOL_SIZE; i++) pool[i] = entry.hash(words[i] ?? 0)
  for (let from = 0; from < POOL_SIZE; from++) {
    for (let to = 0; to < POOL_SIZE; to++) {
      if (from !== to) pool[to] = mix(pool[to]!, entry.hash(pool[from]!))
    }
  }
  const exit = new HashConstant(0x8b51f9dd, 0x58f38ded)
  return Uint32Array.from({ length: count }, (_, i) => exit.hash(pool[i % POOL_SIZE]!))
}

/** numpy's default bit generator: PCG XSL-RR 128/64, seeded through SeedSequence. */
export class PCG64 {
  #state: bigint
  readonly #increment: bigint
  /** The high half of the last 64-bit output, when only its low half has been handed out. */
  #half: number | null = null

  /** @param seed a whole number, 0 to 2^53 - 1, as given to numpy.random.default_rng */
  constructor(seed: number) {
    const words = seedSequence(seed, 8)
    const word = (i: number) => (BigInt(words[2 * i + 1]!) << 32n) | BigInt(words[2 * i]!)
    this.#increment = ((((word(2) << 64n) | word(3)) << 1n) | 1n) & MASK_128
    this.#state = (this.#increment + ((word(0) << 64n) | word(1))) & MASK_128
    this.#step()
  }

  #step(): void {
    this.#state = (this.#state * PCG_MULTIPLIER + this.#increment) & MASK_128
  }

  /** The next 64 bits. */
  next64(): bigint {
    this.#step()
    const folded = (this.#state >> 64n) ^ (this.#state & MASK_64)
    const turn = this.#state >> 122n
    return ((folded >> turn) | (folded << (64n - turn))) & MASK_64
  }

  /** The next 32 bits: numpy hands out the low half of an output first and keeps the high half. */
  next32(): number {
    if (this.#half !== null) {
      const half = this.#half
      this.#half = null
      return half
    }
    const output = this.next64()
    this.#half = Number(output >> 32n)
    return Number(output & MASK_32)
  }

  /** Uniform in [0, 1), 53 bits, as numpy's Generator.random. */
  random(): number {
    return Number(this.next64() >> 11n) / 2 ** 53
  }

  /** Uniform in 0..max by masked rejection, as numpy's shuffle draws it; `max` below 2^32. */
  interval(max: number): number {
    if (max === 0) return 0
    const mask = 0xffffffff >>> Math.clz32(max)
    for (;;) {
      const value = (this.next32() & mask) >>> 0
      if (value <= max) return value
    }
  }
}

const N = 624
const M = 397

/** The Mersenne Twister as torch's CPU generator runs it. */
export class MT19937 {
  readonly #state = new Uint32Array(N)
  #next = N

  /** @param seed as given to torch's manual_seed; only its low 32 bits count */
  constructor(seed: number | bigint) {
    let word = typeof seed === 'bigint' ? Number(seed & MASK_32) : seed >>> 0
    this.#state[0] = word
    for (let i = 1; i < N; i++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i) >>> 0
      this.#state[i] = word
    }
  }

  #refill(): void {
    const state = this.#state
    for (let i = 0; i < N; i++) {
      const joined = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff)
      state[i] = state[(i + M) % N]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }

  /** The next 32 bits, unsigned. */
  next32(): number {
    if (this.#next === N) this.#refill()
    let y = this.#state[this.#next++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** What `torch.empty((), dtype=torch.int64).random_()` draws: two words, high first, mod 2^63. */
  nextInt64(): bigint {
    const high = BigInt(this.next32() & 0x7fffffff)
    return (high << 32n) | BigInt(this.next32())
  }
}
