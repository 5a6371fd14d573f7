// Runs one bench in a worker, as the trainer runs: starts the backend and hands the request to the file that measures.

import { heapBytes, initBackend } from '../src/kernels/backend'
import type { BenchContext, BenchRequest } from './context'
import { benchGemm } from './gemm'
import { benchGenerate } from './generate'
import { benchOps } from './ops'
import { benchStep } from './step'
import { benchStorage } from './storage'
import { checkAfterKill, saveForEver } from './storageKills'
import { warmUp } from './measure'
import { benchThreads } from './threads'

const benches: Readonly<Record<string, (context: BenchContext) => object[] | Promise<object[]>>> = {
  gemm: benchGemm,
  ops: benchOps,
  step: benchStep,
  generate: benchGenerate,
  threads: benchThreads,
  storage: benchStorage,
  'save-for-ever': saveForEver,
  'check-after-kill': checkAfterKill,
}

async function run(request: BenchRequest): Promise<object[]> {
  const bench = benches[request.bench]
  if (!bench) throw new Error(`no bench "${request.bench}"; there are ${Object.keys(benches).join(', ')}`)
  const { flavour, threads } = await initBackend({ threads: request.threads, arithmetic: request.arithmetic })
  warmUp()
  const lines = await bench({ ...request, threads, flavour, heapBytes })
  return lines.map((line) => ({ bench: request.bench, flavour, threads, ...line }))
}

globalThis.addEventListener('message', (event: MessageEvent<BenchRequest>) => {
  run(event.data).then(
    (lines) => globalThis.postMessage({ lines }),
    (error: unknown) => globalThis.postMessage({ error: error instanceof Error ? error.stack : String(error) }),
  )
})
