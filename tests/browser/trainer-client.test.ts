// The page's client of the trainer: of a worker that has died it hears nothing more, whatever was under way to it.

import { expose } from 'comlink'
import { afterEach, expect, test, vi } from 'vitest'
import { createTrainerClient } from '../../src/workers/clients'
import type { FinetaleErrorData, RunEvent } from '../../src/workers/protocol'

/** A worker whose other side is in this thread, so that a test can send and die in the order it likes. */
class LocalWorker extends EventTarget {
  static emit: (event: RunEvent) => Promise<void> = () => Promise.resolve()
  static live: LocalWorker | null = null
  readonly #port: MessagePort

  constructor() {
    super()
    LocalWorker.live = this
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.onmessage = ({ data, ports }: MessageEvent<unknown>) =>
      this.dispatchEvent(new MessageEvent('message', { data, ports: [...ports] }))
    const api = {
      connect: (emit: typeof LocalWorker.emit) => void (LocalWorker.emit = emit),
      holdForLife: (name: string) => void navigator.locks.request(name, () => new Promise(() => {})),
      continue: () => undefined,
    }
    expose(api, port2)
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    this.#port.postMessage(message, transfer)
  }

  terminate(): void {}
}

afterEach(() => {
  vi.unstubAllGlobals()
})

test('an event that was under way when the worker died is not heard', async () => {
  vi.stubGlobal('Worker', LocalWorker)
  const events: RunEvent[] = []
  const crashes: FinetaleErrorData[] = []
  const client = createTrainerClient({
    emit: (event) => void events.push(event),
    decode: () => Promise.resolve(''),
    onCrash: (error) => void crashes.push(error),
  })
  const event: RunEvent = { kind: 'phase', runId: 'r', phase: 'training', detail: '' }
  await client.call((api) => api.continue())
  await LocalWorker.emit(event)
  expect(events).toEqual([event])

  const late = LocalWorker.emit({ ...event, phase: 'evaluating' })
  LocalWorker.live?.dispatchEvent(new ErrorEvent('error', { message: 'Uncaught Error: a fault' }))
  await late
  expect(crashes.map(({ message }) => message)).toEqual(['The trainer worker stopped: Error: a fault.'])
  expect(events).toEqual([event])
})
