// The command line with a hub: tells how far downloads are before it tells the run.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { FetchLine } from '../../scripts/fetch-printer.mjs'
import { COURSE_DATA, COURSE_MODEL, startCourseHub } from '../support/hubModel'

const script = fileURLToPath(new URL('../../scripts/headless.mjs', import.meta.url))

/** Runs the command; returns its exit code and what it printed. */
function headless(...flags: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [script, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (piece) => (out += String(piece)))
  child.stderr.on('data', (piece) => (err += String(piece)))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

test('downloads are told line by line, with their numbers, and then the run', async () => {
  const hub = await startCourseHub()
  hub.behave({ on: 'resolve/main/model.safetensors', delay: 30 })
  const { code, out, err } = await headless('--recipe', 'course', '--hub', hub.url, '--steps', '1', '--json')
  expect(err).toBe('')
  expect(code).toBe(0)
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string })
  const fetches = lines.filter(({ kind }) => kind === 'fetch') as unknown as FetchLine[]
  expect(fetches.filter(({ done }) => done).map(({ repo }) => repo)).toEqual([COURSE_DATA, COURSE_MODEL])
  const weights = fetches.filter(({ file, done }) => file === 'model.safetensors' && !done)
  expect(weights.length).toBeGreaterThan(3)
  expect(weights.every(({ totalBytes, receivedBytes }) => totalBytes !== null && receivedBytes <= totalBytes)).toBe(
    true,
  )
  expect(weights.some(({ bytesPerSecond, secondsLeft }) => bytesPerSecond > 0 && secondsLeft !== null)).toBe(true)
  const kinds = lines.map(({ kind }) => kind)
  expect(kinds.lastIndexOf('fetch')).toBeLessThan(kinds.indexOf('started'))
  expect(kinds.at(-1)).toBe('summary')
})

test('without --json in readable lines', async () => {
  const hub = await startCourseHub()
  const { code, out } = await headless('--recipe', 'course', '--hub', hub.url, '--steps', '1')
  expect(code).toBe(0)
  expect(out).toContain(`downloaded ${COURSE_MODEL}: `)
  expect(out.indexOf('downloading ')).toBeLessThan(out.indexOf('downloaded '))
})
