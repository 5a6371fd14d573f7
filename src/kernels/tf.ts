// The one door to TensorFlow.js: everything that needs it imports from here. Not for the page: only workers and tests load it.

export * from '@tensorflow/tfjs'
export { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
export type { BackendWasm } from '@tensorflow/tfjs-backend-wasm'
