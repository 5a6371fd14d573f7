// The golden cases that make_golden.py wrote, for tests in the browser: one ships with the page for "Check this browser",
// the other comes by URL from the test server.

import { Golden, type GoldenJson } from '../../src/train/golden'

export { Golden, maxDifference, relativeDifference } from '../../src/train/golden'

const urls: Record<string, string> = import.meta.glob('../golden/odd/*', {
  query: '?url',
  import: 'default',
  eager: true,
})

export const GOLDEN_CASES = ['window5', 'odd'] as const
export type GoldenCase = (typeof GOLDEN_CASES)[number]

/** Where the case that ships with the page lies on the test server. */
export const SHIPPED_CASE = new URL('/check/', location.origin).href

async function file(name: GoldenCase, part: string): Promise<Blob> {
  const url = name === 'window5' ? SHIPPED_CASE + part : urls[`../golden/${name}/${part}`]
  if (url === undefined) throw new Error(`no golden file ${name}/${part}`)
  return (await fetch(url)).blob()
}

export async function loadGolden(name: GoldenCase): Promise<{ golden: Golden; files: Record<string, Blob> }> {
  const json = JSON.parse(await (await file(name, 'golden.json')).text()) as GoldenJson
  const bytes = await (await file(name, 'golden.bin')).arrayBuffer()
  const files = {
    'config.json': await file(name, 'config.json'),
    'model.safetensors': await file(name, 'model.safetensors'),
  }
  return { golden: new Golden(json, bytes), files }
}
