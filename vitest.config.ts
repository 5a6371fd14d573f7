// The three kinds of test: in Node, in a real isolated Chromium, and end to end against the production build.

import { playwright } from '@vitest/browser-playwright'
import { defineConfig, mergeConfig } from 'vitest/config'
import { findBrowser, launchArguments } from './scripts/ensure-browser.mjs'
import viteConfig from './vite.config.ts'

const minutes = 60_000
const executablePath = findBrowser()
const launchOptions = executablePath ? { executablePath, args: launchArguments() } : { args: launchArguments() }

export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      projects: [
        {
          extends: true,
          test: {
            name: 'unit',
            sequence: { groupOrder: 0 },
            include: ['tests/unit/**/*.test.ts'],
            environment: 'node',
            testTimeout: minutes,
          },
        },
        {
          extends: true,
          // Named here, because a dependency found in mid-test would reload the page under it.
          optimizeDeps: {
            include: [
              '@tensorflow/tfjs',
              '@tensorflow/tfjs-core',
              '@tensorflow/tfjs-backend-wasm',
              '@xenova/transformers',
              'comlink',
              'fflate',
              'hyparquet',
              'hyparquet-compressors',
              'idb',
              'lit',
              'lit/decorators.js',
              'lit/directives/class-map.js',
              'lit/directives/if-defined.js',
              'lit/directives/live.js',
              'lit/directives/ref.js',
              'lit/directives/repeat.js',
              'papaparse',
              'uplot',
              'wasm-feature-detect',
              'axe-core',
            ],
          },
          test: {
            name: 'browser',
            // One kind after the other, so that they do not share the cores.
            sequence: { groupOrder: 1 },
            include: ['tests/browser/**/*.test.ts'],
            testTimeout: 3 * minutes,
            hookTimeout: 3 * minutes,
            // One page at a time: the tests share two cores and the wasm heap is large.
            fileParallelism: false,
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({ launchOptions }),
              instances: [{ browser: 'chromium' }],
            },
          },
        },
        {
          extends: true,
          test: {
            name: 'e2e',
            sequence: { groupOrder: 2 },
            include: ['tests/e2e/**/*.test.ts'],
            environment: 'node',
            // Much of an end-to-end test is waiting, so two of them share the cores.
            maxWorkers: 2,
            testTimeout: 8 * minutes,
            hookTimeout: 4 * minutes,
          },
        },
      ],
    },
  }),
)
