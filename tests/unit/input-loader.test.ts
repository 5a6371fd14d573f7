// The worker's inputs, used by several at once: who goes on side by side, and who waits until the worker may be loaded anew.

import { expect, test } from 'vitest'
import { InputLoader } from '../../src/state/inputLoader'
import type { WorkerClient } from '../../src/workers/clients'
import type { DataSource, ModelSource, TokenizerApi } from '../../src/workers/protocol'

const model = (label: string): ModelSource => ({ kind: 'files', label, files: {} })
const data: DataSource = { kind: 'files', label: 'd', files: {} }
const [a, b] = [model('a'), model('b')]

function setUp() {
  const log: string[] = []
  const api = {
    loadTokenizer: async ({ label }: ModelSource) => {
      if (label === 'broken') throw new Error('broken')
      log.push(`load ${label}`)
      return {}
    },
    loadDataset: async ({ label }: DataSource) => ({ totalRows: log.push(`load ${label}`) }),
  }
  const call = (use: (api: TokenizerApi) => Promise<unknown>) => use(api as unknown as TokenizerApi)
  const tokenizer = { call } as unknown as WorkerClient<TokenizerApi>
  const inputs = new InputLoader(tokenizer, () => Promise.reject(new Error('no storage in this test')))
  /** A use that goes on until it is ended. */
  const use = (name: string, of: ModelSource | null, rows: DataSource | null = null) => {
    let end: () => void = () => undefined
    const ended = new Promise<void>((resolve) => (end = resolve))
    const done = inputs.with(of, rows, async () => {
      log.push(name)
      await ended
    })
    return { end, done }
  }
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0))
  return { inputs, log, use, settle }
}

test('uses of the same inputs go on side by side, and load them once', async () => {
  const { log, use, settle } = setUp()
  const uses = [use('one', a, data), use('two', a, data), use('three', null, data)]
  await settle()
  expect(log).toEqual(['load a', 'load d', 'one', 'two', 'three'])
  uses.forEach(({ end }) => end())
  await Promise.all(uses.map(({ done }) => done))
})

test('one that needs another model waits for those under way, also for one that came later', async () => {
  const { log, use, settle } = setUp()
  const one = use('one', a)
  await settle()
  const other = use('other', b)
  const late = use('late', a)
  await settle()
  expect(log).toEqual(['load a', 'one', 'late'])
  one.end()
  await settle()
  expect(log.length).toBe(3)
  late.end()
  await settle()
  expect(log.slice(3)).toEqual(['load b', 'other'])
  other.end()
  await other.done
})

test('a model that cannot be loaded, and a use that fails, keep nobody waiting', async () => {
  const { inputs, log, use, settle } = setUp()
  await expect(inputs.with(model('broken'), null, () => Promise.resolve())).rejects.toThrow('broken')
  await expect(inputs.with(a, null, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  const next = use('next', b)
  await settle()
  expect(log).toEqual(['load a', 'load b', 'next'])
  next.end()
})
