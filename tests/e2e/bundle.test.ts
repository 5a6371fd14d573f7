// What the production build is made of: a small page without tfjs, and workers that carry it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { distFolder } from '../../scripts/serve.mjs'

const read = (name: string): string => readFileSync(join(distFolder, name), 'utf8')

/** Names in the build that only tfjs, transformers.js and our kernels have. */
const heavyMarks = ['tfjs', '_tfengine', 'TextStreamer', 'PreTrainedTokenizer', 'UnsortedSegmentSum']

/** index.html and every script and style that it loads before a click, following static imports. */
function shell(): string[] {
  const html = read('index.html')
  const found = new Set(['index.html'])
  const queue = [...html.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)].map((match) => match[1] ?? '')
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue
    found.add(name)
    if (!name.endsWith('.js')) continue
    for (const match of read(name).matchAll(/(?:from|import)\s*["'](\.[^"']+\.js)["']/g)) {
      queue.push(posix.join(posix.dirname(name), match[1] ?? ''))
    }
  }
  return [...found]
}

describe('the production build', () => {
  test('has a page without tfjs, transformers.js or kernels', () => {
    const heavy = shell().filter((name) => heavyMarks.some((mark) => read(name).includes(mark)))
    expect(heavy).toEqual([])
    const workers = readdirSync(join(distFolder, 'assets')).filter((name) => /\.worker-.*\.js$/.test(name))
    const carrying = workers.filter((name) => read(`assets/${name}`).includes('_tfengine'))
    expect(carrying.length).toBeGreaterThanOrEqual(1)
  })

  test('has a shell under 120 KB gzip', () => {
    const files = shell()
    expect(files.length).toBeGreaterThan(1)
    const bytes = files.reduce((sum, name) => sum + gzipSync(read(name)).length, 0)
    console.log(`shell: ${files.length} files, ${(bytes / 1000).toFixed(1)} KB gzip`)
    expect(bytes).toBeLessThan(120_000)
  })

  test('names nothing by an absolute path', () => {
    expect(read('index.html')).not.toMatch(/(?:src|href)="\//)
  })

  test('has the service worker beside the page, as one classic script', () => {
    const worker = read('isolation-sw.js')
    expect(worker).toContain('Cross-Origin-Embedder-Policy')
    expect(worker).not.toMatch(/\b(?:import|export)\b/)
    expect(worker.length).toBeLessThan(3000)
    expect(shell()).not.toContain('isolation-sw.js')
  })

  test('ships the built-in model and data', () => {
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']) {
      expect(existsSync(join(distFolder, 'models', 'finetale-4m', name))).toBe(true)
    }
    expect(existsSync(join(distFolder, 'data', 'backstories', 'backstories.jsonl'))).toBe(true)
  })
})
