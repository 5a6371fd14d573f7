import { test } from 'vitest'
test.each([1, 2])('time %i', async (threads) => {
  const w = new Worker(new URL('./zz_numericsA.worker.ts', import.meta.url), { type: 'module' })
  await new Promise<void>((ok, no) => { w.onmessage = (e) => { console.log(threads, e.data); if (e.data === 'done') ok() }; w.onerror = no; w.postMessage(threads) })
  w.terminate()
})
