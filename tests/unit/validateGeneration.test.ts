// The settings of a generation: what is refused, with which sentence, and how typed text becomes a number.

import { describe, expect, test } from 'vitest'
import { FinetaleError } from '../../src/recipe/error'
import type { GenerationSettings } from '../../src/recipe/recipe'
import { assertGeneration, readGenerationNumber, validateGeneration } from '../../src/recipe/validateGeneration'

const settings: GenerationSettings = {
  do_sample: true,
  temperature: 1,
  top_k: 50,
  top_p: 0.3,
  max_new_tokens: 50,
  seed: 42,
}

describe('validateGeneration', () => {
  test('the notebook’s settings and the extremes are fine', () => {
    expect(validateGeneration(settings)).toEqual([])
    const extremes = { ...settings, temperature: 0, top_k: 0, top_p: 0, max_new_tokens: 1, seed: 0 }
    expect(validateGeneration(extremes)).toEqual([])
    expect(validateGeneration({ ...extremes, temperature: 1e-40, top_p: 1, seed: 4_294_967_295 })).toEqual([])
  })

  test.each([
    ['temperature', [-1, -1e-9, NaN, Infinity, 1001], 'Expected a number from 0 to 1000.'],
    ['top_k', [-1, 1.5, NaN], 'Expected a whole number from 0 to 1000000.'],
    ['top_p', [-0.1, 1.01, NaN], 'Expected a number from 0 to 1.'],
    ['max_new_tokens', [0, -5, 2.5, NaN], 'Expected a whole number from 1 to 100000.'],
    ['seed', [-1, 0.5, 2 ** 32, NaN], 'Expected a whole number from 0 to 4294967295.'],
  ] as const)('%s', (field, values, message) => {
    for (const value of values) {
      expect(validateGeneration({ ...settings, [field]: value })).toEqual([{ field, message }])
    }
    const typed = '' as unknown as number
    expect(validateGeneration({ ...settings, [field]: typed })).toEqual([{ field, message }])
    expect(() => assertGeneration({ ...settings, [field]: typed })).toThrow('found nothing')
  })

  test('typed text: empty is no number, spaces around one are nothing', () => {
    expect(readGenerationNumber('temperature', ' 0.7 ')).toBe(0.7)
    expect(readGenerationNumber('top_p', '1e-5')).toBe(1e-5)
    expect(readGenerationNumber('top_k', '0')).toBe(0)
    for (const text of ['', '  ', 'many', '-3', '2,5', '1 2']) {
      expect(readGenerationNumber('top_k', text)).toBe('Expected a whole number from 0 to 1000000.')
    }
  })

  test('the error names the setting and what was found', () => {
    expect(() => assertGeneration(settings)).not.toThrow()
    expect(() => assertGeneration({ ...settings, top_p: NaN })).toThrow(FinetaleError)
    expect(() => assertGeneration({ ...settings, top_p: NaN })).toThrow(
      'The setting "top_p" cannot be used: expected a number from 0 to 1; found NaN.',
    )
  })
})
