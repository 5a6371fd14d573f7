// What the compiled kernels may consist of. They run on memory that tfjs owns, so they must bring none of their own.

import { readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import { buildKernels, flavours } from '../../scripts/kernel-build.mjs'
import { KERNEL_NAMES } from '../../src/kernels/jobs'

let paths: Record<string, string>

beforeAll(async () => {
  paths = await buildKernels()
})

const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 }

/** Section ids of a binary, in order. */
function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = []
  for (let at = 8; at < bytes.length;) {
    ids.push(bytes[at++] ?? -1)
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0
      size |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    at += size
  }
  return ids
}

test.each(flavours)('$name has no data, no globals (so no shadow stack), no table, no start', async ({ name }) => {
  const ids = sectionIds(await readFile(paths[name] ?? ''))
  const allowed = new Set(Object.values(SECTION))
  expect(ids.filter((id) => !allowed.has(id))).toEqual([])
  expect(ids).toContain(SECTION.code)
})

test.each(flavours)(
  '$name imports memory alone and exports every kernel of the list',
  async ({ name, fma, shared }) => {
    const bytes = await readFile(paths[name] ?? '')
    const text = bytes.toString('latin1')
    expect(text).toContain('env\x06memory')
    // memory limits: flag 0 (minimum only) or 3 (shared, with maximum 65,536 pages of three LEB128 bytes)
    expect(text).toContain(shared ? 'env\x06memory\x02\x03\x01\x80\x80\x04' : 'env\x06memory\x02\x00\x01')
    for (const kernel of KERNEL_NAMES) expect(text).toContain(kernel)
    // f32x4.relaxed_madd is fd 85 02
    expect(bytes.includes(Buffer.from([0xfd, 0x85, 0x02]))).toBe(fma)
    if (!fma) {
      const module = new WebAssembly.Module(bytes)
      expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
      expect(
        WebAssembly.Module.exports(module)
          .map((entry) => entry.name)
          .sort(),
      ).toEqual([...KERNEL_NAMES].sort())
    }
  },
)
