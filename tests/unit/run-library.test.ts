// The worker for bundles, asked for several things at once: it ends after the last of them.

import { expect, test, vi } from 'vitest'
import { RunLibrary } from '../../src/state/runLibrary'
import type { WorkerClient } from '../../src/workers/clients'
import type { BundleApi } from '../../src/workers/protocol'

test('a call that ends takes no other one with it', async () => {
  const ends: (() => void)[] = []
  const call = () => new Promise((resolve) => ends.push(() => resolve(undefined)))
  const terminate = vi.fn()
  const bundles = { call, terminate } as unknown as WorkerClient<BundleApi>
  const library = new RunLibrary(() => Promise.reject(new Error('no storage in this test')), bundles)
  const exported = library.exportModel('a', () => undefined)
  const forked = library.modelOf('b')
  ends[1]?.()
  await forked
  expect(terminate).not.toHaveBeenCalled()
  ends[0]?.()
  await exported
  expect(terminate).toHaveBeenCalledTimes(1)
})

test('a call that fails ends the worker too', async () => {
  const terminate = vi.fn()
  const bundles = { call: () => Promise.reject(new Error('broken')), terminate } as unknown as WorkerClient<BundleApi>
  const library = new RunLibrary(() => Promise.reject(new Error('no storage in this test')), bundles)
  await expect(library.modelOf('b')).rejects.toThrow('broken')
  expect(terminate).toHaveBeenCalledTimes(1)
})
