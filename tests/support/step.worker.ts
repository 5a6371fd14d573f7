// Runs training steps at several thread counts inside a worker, where waiting blocks, as the trainer does.

import { initBackend, setThreads } from '../../src/kernels/backend'
import { BUILT_IN, trainAndSum } from './stepRun'

globalThis.addEventListener('message', (event: MessageEvent<readonly number[]>) => {
  void (async () => {
    try {
      await initBackend({ threads: 2 })
      const results = []
      for (const threads of event.data) {
        const got = await setThreads(threads)
        results.push({ threads: got, ...trainAndSum(BUILT_IN, 2) })
      }
      globalThis.postMessage(results)
    } catch (error) {
      globalThis.postMessage(String(error))
    }
  })()
})
