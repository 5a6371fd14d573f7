// How the page and its workers are built: a static folder that runs under any path, and nothing that belongs to tests.

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { kernelPlugin } from './scripts/kernel-plugin.mjs'
import { tfjsPlugin } from './scripts/tfjs-plugin.mjs'

/** Headers of a cross-origin isolated page; without them browsers withhold shared memory, and kernels run on one thread. */
export const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

const onnxStub = fileURLToPath(new URL('src/data/onnxStub.ts', import.meta.url))

export default defineConfig({
  // Relative, so that one build works at the root of a host and below any folder.
  base: './',
  plugins: [kernelPlugin(), tfjsPlugin()],
  resolve: {
    // transformers.js is here for its tokenizers only; the alias keeps its 20 MB inference engine out of the build.
    alias: { 'onnxruntime-web': onnxStub, 'onnxruntime-node': onnxStub },
  },
  build: {
    target: 'es2022',
    // The wasm binaries must stay files: tfjs fetches them by name.
    assetsInlineLimit: 0,
    // The workers carry tfjs; the page itself is held under 120 KB by a test.
    chunkSizeWarningLimit: 4000,
  },
  worker: { format: 'es', plugins: () => [kernelPlugin(), tfjsPlugin()] },
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
})
