// Thousands of odd texts: the ids of the built-in tokenizer and of many kinds of folder against Python's, by checksum.

import { describe, expect, test } from 'vitest'
import folders from '../golden/tokenizer/folders.json'
import source from '../golden/tokenizer/fragments.json'
import golden from '../golden/tokenizer/texts.json'
import { FolderTokenizer } from '../../src/data/tokenizer'
import { bytesOf, crc32 } from '../../src/formats/crc32'
import { completeText } from '../../src/train/writeText'
import { oddTexts, type TextSource } from '../support/oddTexts'

const texts = oddTexts(source as unknown as TextSource, golden.seed, golden.count)
const sums: Readonly<Record<string, readonly number[]>> = golden.sums

/** One checksum per block, over the count and the ids of each text. */
function checksums(encode: (text: string) => readonly number[]): number[] {
  const found: number[] = []
  for (let start = 0; start < texts.length; start += golden.block) {
    let crc = 0
    for (const text of texts.slice(start, start + golden.block)) {
      const ids = encode(text)
      crc = crc32(bytesOf(Int32Array.of(ids.length, ...ids)), crc)
    }
    found.push(crc)
  }
  return found
}

function blobs(files: Readonly<Record<string, unknown>>): Record<string, Blob> {
  const content = (value: unknown) => new Blob([typeof value === 'string' ? value : JSON.stringify(value)])
  return Object.fromEntries(Object.entries(files).map(([name, value]) => [name, content(value)]))
}

async function builtIn(): Promise<FolderTokenizer> {
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json']
  const files: Record<string, Blob> = {}
  for (const name of names) files[name] = await (await fetch(`/models/finetale-4m/${name}`)).blob()
  return FolderTokenizer.load(files, 'built-in')
}

describe('odd texts', () => {
  test('the built-in tokenizer', async () => {
    const codec = await builtIn()
    expect(checksums((text) => codec.encode(text))).toEqual(sums['built-in'])
    for (const text of texts) expect(codec.decode(codec.encode(text), false)).toBe(text)
  })

  test.each(Object.entries(folders))('a folder: %s', async (name, files) => {
    const codec = await FolderTokenizer.load(blobs(files), name)
    expect(checksums((text) => codec.encode(text))).toEqual(sums[name])
  })

  test('added tokens that take no space along give back every text', async () => {
    const codec = await FolderTokenizer.load(blobs(folders['vocab, merges and added tokens']), 'folder')
    for (const text of texts) expect(codec.decode(codec.encode(text), false)).toBe(text)
  })

  test('the first ids do not depend on what follows them', async () => {
    const codec = await FolderTokenizer.load(blobs(folders.added), 'added')
    for (const text of texts.slice(0, 500)) {
      const all = codec.encode(text)
      for (const length of [1, 7, 40]) {
        const { ids, cut } = codec.encodeStart(text, length)
        expect(ids).toEqual(all.slice(0, length))
        expect(cut).toBe(all.length > length)
      }
    }
  })

  test('streamed, no text shows a replacement mark that its end does not have', async () => {
    const codec = await builtIn()
    for (const text of ['\u{1F9D9}\u{1F3FD}\u200D\u2642\uFE0F casts', '日本語 naïve \u{10400}']) {
      const ids = codec.encode(text)
      for (let i = 0; i <= ids.length; i++) {
        expect(text.startsWith(completeText(codec.decode(ids.slice(0, i), false)))).toBe(true)
      }
    }
  })
})
