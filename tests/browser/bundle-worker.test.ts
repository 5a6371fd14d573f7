// A bundle worker that dies takes its own call with it and nothing else: no run is called failed, no trainer restarted. And
// from which checkpoint the notices offer to go on.

import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { emptyState } from '../../src/state/storeState'
import '../../src/ui/finetale-notices'
import { createBundleClient, toErrorData } from '../../src/workers/clients'
import type { FinetaleErrorData } from '../../src/workers/protocol'

afterEach(() => void vi.unstubAllGlobals())

/** A client whose worker the test holds, with a call pending that only the worker's death can end. */
async function pending() {
  let worker: Worker | undefined
  const RealWorker = Worker
  vi.stubGlobal('Worker', function (url: URL, options?: WorkerOptions) {
    return (worker = new RealWorker(url, options))
  })
  const client = createBundleClient()
  onTestFinished(() => client.terminate())
  // An answer of any kind shows that the worker is up and its life watched.
  const asked = await client.call((api) => api.runAsModel('nobody')).catch(toErrorData)
  expect(asked).toMatchObject({ name: 'FinetaleError' })
  const call = client.call(() => new Promise<never>(() => {})).catch((thrown: unknown) => thrown as FinetaleErrorData)
  return { client, call, worker: worker! }
}

test('one that ends without a word is noticed', async () => {
  const { call, worker } = await pending()
  worker.terminate()
  expect(await call).toMatchObject({ message: 'The bundle worker stopped: the browser ended it.' })
})

test('one that fails rejects its call, offers no restart, and is started anew by the next call', async () => {
  const { client, call, worker } = await pending()
  worker.dispatchEvent(new ErrorEvent('error', { message: 'Uncaught RangeError: too large' }))
  const error = await call
  expect(error.message).toBe('The bundle worker stopped: RangeError: too large.')

  const notices = document.createElement('finetale-notices')
  notices.state = { ...emptyState, runId: 'a', phase: 'training', error }
  document.body.append(notices)
  onTestFinished(() => notices.remove())
  await notices.updateComplete
  expect(notices.shadowRoot?.textContent).toContain(error.action)
  expect(notices.shadowRoot?.querySelector('#restart')).toBeNull()

  await expect(client.call((api) => api.runAsModel('nobody'))).rejects.toMatchObject({ name: 'FinetaleError' })
})

test('a run whose numbers are no longer finite offers the checkpoint that there is, and nothing without one', async () => {
  const notices = document.createElement('finetale-notices')
  const spoilt = { ...emptyState, runId: 'a', spoilt: true, warnings: ['No usable numbers.'] }
  notices.state = { ...spoilt, resumedFrom: 50 }
  document.body.append(notices)
  onTestFinished(() => notices.remove())
  await notices.updateComplete
  const button = () => notices.shadowRoot?.querySelector('#resume-slower')
  expect(button()?.textContent).toContain('Resume from step 50 ')
  notices.state = spoilt
  await notices.updateComplete
  expect(button()).toBeNull()
})
