// The dialog for data files offers what the readers read: no more, no less.

import { expect, test } from 'vitest'
import { dataEnding, formatOf } from '../../src/data/parse/format'
import { acceptedData } from '../../src/ui/acceptedData'

/** Wrappings that are undone before a format is looked for. */
const wraps = ['gz', 'zip']

test('every ending that is read is offered, and no other', () => {
  const offered = acceptedData.split(',').map((ending) => ending.slice(1))
  const [, read = ''] = /\(\?:([a-z|]+)\)/.exec(dataEnding.source) ?? []
  expect([...offered].sort()).toEqual([...read.split('|'), ...wraps].sort())
})

test('a text by each ending is taken as what it says', () => {
  const rows = new TextEncoder().encode('once upon a time')
  for (const ending of ['json', 'csv', 'tsv', 'tab', 'txt', 'text', 'md']) {
    expect(dataEnding.test(`tales.${ending}`), ending).toBe(true)
    expect(() => formatOf(rows, `tales.${ending}`, 'tales'), ending).not.toThrow()
  }
  expect(formatOf(new TextEncoder().encode('PAR1'), 'tales.pq', 'tales')).toBe('parquet')
  expect(formatOf(Uint8Array.of(0x1f, 0x8b), 'tales.md.gz', 'tales')).toBe('gzip')
})
