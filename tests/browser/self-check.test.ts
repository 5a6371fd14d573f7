// "Check this browser" through the session that the trainer worker exposes: it passes here, it tells a wrong number, and
// it leaves nothing allocated.

import { afterEach, expect, test, vi } from 'vitest'
import * as tf from '../../src/kernels/tf'
import { TrainerSession } from '../../src/train/session'
import { SHIPPED_CASE } from '../support/golden'

afterEach(() => vi.restoreAllMocks())

test('every quantity lies within its limit, and no tensor stays', async () => {
  const session = new TrainerSession()
  await session.initialise({ threads: 1 })
  const before = tf.memory().numTensors
  const shares: number[] = []
  const report = await session.selfCheck(SHIPPED_CASE, (share) => shares.push(share))
  expect(report.quantities.map(({ name }) => name).sort()).toEqual([
    'gradients',
    'logits',
    'loss',
    'text',
    'training',
    'weights',
  ])
  expect(report.quantities.filter(({ passed }) => !passed)).toEqual([])
  expect(report.passed).toBe(true)
  expect(report.environment.threads).toBe(1)
  expect(shares).toEqual([...shares].sort((a, b) => a - b))
  expect(shares.at(-1)).toBe(1)
  expect(tf.memory().numTensors).toBe(before)
})

test('a loss that differs from the reference fails, and by how much', async () => {
  const original = fetch
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const response = await original(input, init)
    const address = input instanceof Request ? input.url : String(input)
    if (!address.endsWith('golden.json')) return response
    const json = (await response.json()) as { loss: { pads: number } }
    json.loss.pads += 0.5
    return new Response(JSON.stringify(json), { headers: { 'content-type': 'application/json' } })
  })
  const session = new TrainerSession()
  const report = await session.selfCheck(SHIPPED_CASE, () => undefined)
  expect(report.passed).toBe(false)
  const failed = report.quantities.filter(({ passed }) => !passed)
  expect(failed.map(({ name }) => name)).toEqual(['loss'])
  expect(failed[0]?.difference).toBeCloseTo(0.5, 4)
})
