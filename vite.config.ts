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

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const onnxStub = path('src/data/onnxStub.ts')

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
    rolldownOptions: {
      // The service worker is a script of its own. It stands beside the page, for its folder is its scope, and keeps its
      // name, for a new name would be a second worker.
      input: { index: path('index.html'), 'isolation-sw': path('src/workers/isolation.worker.ts') },
      output: {
        entryFileNames: ({ name }) => (name === 'isolation-sw' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es', plugins: () => [kernelPlugin(), tfjsPlugin()] },
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
})
