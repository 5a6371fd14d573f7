// Download progress on the command line: JSON lines, one line written over on a terminal, few lines in a file.

import { expect, test } from 'vitest'
import { fetchPrinter } from '../../scripts/fetch-printer.mjs'

const line = {
  repo: 'owner/model',
  file: 'model.safetensors',
  receivedBytes: 12_340_000,
  totalBytes: 293_000_000,
  bytesPerSecond: 2_500_000,
  secondsLeft: 112.2,
  done: false,
}

function printer(options: { isTTY?: boolean; columns?: number; json?: boolean } = {}) {
  const { json = false, ...out } = options
  const clock = { ms: 0 }
  let text = ''
  const write = (more: string) => (text += more)
  return { ...fetchPrinter({ ...out, write }, json, () => clock.ms), clock, text: () => text }
}

test('JSON: every line, with all numbers', () => {
  const { show, text } = printer({ json: true })
  show(line)
  show({ ...line, totalBytes: null, secondsLeft: null })
  const lines = text().trimEnd().split('\n')
  expect(lines.map((one) => JSON.parse(one) as unknown)).toEqual([
    { kind: 'fetch', ...line },
    { kind: 'fetch', ...line, totalBytes: null, secondsLeft: null },
  ])
})

test('a terminal: bytes, total, speed and time left in one line, which gives way to others', () => {
  const { show, clear, text } = printer({ isTTY: true, columns: 200 })
  show(line)
  expect(text()).toBe('downloading owner/model: 12.3 MB of 293.0 MB, 2.5 MB/s, 1 min 53 s left (model.safetensors)')
  show({ ...line, secondsLeft: 59 })
  expect(text()).not.toContain('\n')
  expect(text().split('\r\u001b[K').at(-1)).toContain(', 59 s left')
  clear()
  expect(text().endsWith('\r\u001b[K')).toBe(true)
  show({ ...line, receivedBytes: 293_000_000, done: true })
  expect(text().endsWith('downloaded owner/model: 293.0 MB\n')).toBe(true)
})

test('a narrow terminal: never wider than one line', () => {
  const { show, text } = printer({ isTTY: true, columns: 40 })
  show(line)
  expect(text().length).toBe(39)
})

test('a file: one line every five seconds, and the end', () => {
  const { show, clock, text } = printer()
  for (clock.ms = 0; clock.ms < 12_000; clock.ms += 500) show({ ...line, totalBytes: null, secondsLeft: null })
  show({ ...line, done: true })
  const lines = text().trimEnd().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toBe('downloading owner/model: 12.3 MB, 2.5 MB/s (model.safetensors)')
})
