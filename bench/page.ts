// The page of the benches: starts the worker that measures and hands its lines on. It measures nothing itself; what draws
// is measured here by the file that measures it.

import type { BenchRequest } from './context'

const inWorker = (request: BenchRequest): Promise<readonly object[]> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<{ lines?: object[]; error?: string }>) => {
      worker.terminate()
      if (data.lines) resolve(data.lines)
      else reject(new Error(data.error ?? 'no answer'))
    }
    worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage(request)
  })

async function runBench(request: BenchRequest): Promise<readonly object[]> {
  if (request.bench !== 'chart') return inWorker(request)
  const { benchChart } = await import('./chart')
  return benchChart(request.rounds)
}

// run.mjs calls it by this name.
Object.assign(globalThis, { runBench })
