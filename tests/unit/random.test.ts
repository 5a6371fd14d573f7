// Generators against numpy and torch.

import { describe, expect, test } from 'vitest'
import { crc32, hex32 } from '../../src/formats/crc32'
import { MT19937, PCG64, seedSequence } from '../../src/data/random'
import { readOrderGolden } from '../support/goldenLists'

describe('MT19937', () => {
  test('torch int64 draws after manual_seed(42)', () => {
    const random = new MT19937(42)
    expect(random.nextInt64()).toBe(6909045637428952499n)
    expect(random.nextInt64()).toBe(8314211556539077902n)
  })

  test('only the low 32 bits of the seed count', () => {
    expect(new MT19937(2 ** 32 + 42).next32()).toBe(new MT19937(42).next32())
    expect(new MT19937((7n << 32n) | 42n).next32()).toBe(new MT19937(42).next32())
  })

  test('the first word of seed 5489 is the published one', () => {
    expect(new MT19937(5489).next32()).toBe(3499211612)
  })
})

describe('PCG64', () => {
  test.each(readOrderGolden<{ seed: number; values: number[] }[]>('numpy_random.json'))(
    'random() with seed $seed',
    ({ seed, values }) => {
      const random = new PCG64(seed)
      expect(values.map(() => random.random())).toEqual(values)
    },
  )

  test('interval stays in its range and reaches both ends', () => {
    const random = new PCG64(1)
    const seen = new Set(Array.from({ length: 200 }, () => random.interval(5)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5])
    expect(random.interval(0)).toBe(0)
  })

  test('a seed that is no whole number from 0 is refused', () => {
    for (const seed of [-1, 0.5, NaN, 2 ** 53]) expect(() => seedSequence(seed, 1)).toThrow(RangeError)
  })
})

test('crc32 of known strings, whole and in pieces', () => {
  const bytes = new TextEncoder().encode('123456789')
  expect(crc32(bytes)).toBe(0xcbf43926)
  expect(crc32(bytes.subarray(3), crc32(bytes.subarray(0, 3)))).toBe(0xcbf43926)
  expect(crc32(new TextEncoder().encode('The quick brown fox jumps over the lazy dog'))).toBe(0x414fa339)
  expect(crc32(new Uint8Array(0))).toBe(0)
  expect(hex32(0x1a)).toBe('0000001a')
})
