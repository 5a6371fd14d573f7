// The message function, the completeness of its table, and the formats it uses.

import { expect, test } from 'vitest'
import { rules } from '../../src/recipe/validate'
import { english } from '../../src/ui/english'
import { formatAgo, formatDuration, formatLoss, formatRate } from '../../src/ui/format'
import { joined, say } from '../../src/ui/messages'

test('values are filled in, numbers the reader’s way', () => {
  expect(say('summaryStep', { step: 3, total: 12345 })).toMatch(/^Step 3 of 12.345$/)
  expect(say('resumeTitle', { name: '{step}' })).toBe('{step} was interrupted')
})

test('a missing value shows', () => {
  expect(say('summaryStep', { step: 3 })).toBe('Step 3 of {total}')
})

test('one is said in the singular, by the number that the sentence counts', () => {
  expect(say('dropped', { count: 1, reason: 'empty text' })).toBe('1 row left out: empty text')
  expect(say('dropped', { count: 2, reason: 'empty text' })).toBe('2 rows left out: empty text')
  expect(say('noted', { count: 1, reason: 'numbers taken as text' })).toBe('1 row: numbers taken as text')
  expect(say('rowsCount', { total: 0 })).toBe('0 rows')
  expect(say('rowsCount', { total: 1 })).toBe('1 row')
  expect(say('summaryPacked', { rows: 1 })).toBe('1 text, packed into blocks')
  expect(say('runSteps', { step: 1, total: 3 })).toBe('1 of 3 steps')
  // Where a sentence has one form only, and where the number is none.
  expect(say('marksEarlier', { count: 1 })).toBe('Earlier marks, listed in the table: 1')
  expect(say('rowsCount', { total: '1' })).toBe('1 rows')
})

test('a singular has a sentence that it is the singular of, with the same values', () => {
  const texts: Readonly<Record<string, string>> = english
  const braces = (text = '') => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort()
  const singulars = Object.keys(texts).filter((key) => key.endsWith('_one'))
  expect(singulars.length).toBeGreaterThan(0)
  for (const key of singulars) {
    expect(braces(texts[key]), key).toEqual(braces(texts[key.slice(0, -'_one'.length)]))
    expect(texts[key], key).toMatch(/\{(count|rows|total|words|tokens)\}/)
  }
})

test('facts in a row leave out what is empty', () => {
  expect(joined('a', '', 'b')).toBe('a · b')
})

test('every field of a recipe has a label and a help text', () => {
  for (const field of Object.keys(rules)) {
    expect(english).toHaveProperty(`label_${field}`)
    expect(english).toHaveProperty(`help_${field}`)
  }
})

test('no message is empty or has a stray space', () => {
  for (const [key, text] of Object.entries(english)) expect(text, key).toMatch(/^\S(.*\S)?$/)
})

test('durations show the two largest units', () => {
  expect(formatDuration(0)).toMatch(/^0\s?s/)
  expect(formatDuration(9.4)).toMatch(/^9\s?s/)
  expect(formatDuration(125)).toMatch(/^2\s?m\D*5\s?s/)
  expect(formatDuration(3840)).toMatch(/^1\s?h\D*4\s?m/)
  expect(formatDuration(Number.NaN)).toBe('–')
})

test('losses keep four decimals and rates their scale', () => {
  expect(formatLoss(3.14159)).toMatch(/^3.1416$/)
  expect(formatLoss(Number.NaN)).toBe('NaN')
  expect(formatRate(1e-4)).toBe('1e-4')
  expect(formatRate(0.00012345)).toBe('1.23e-4')
  expect(formatRate(0)).toBe('0')
})

test('ages are words', () => {
  expect(formatAgo(1_000_000, 1_000_000 + 3 * 60_000)).toContain('3')
})
