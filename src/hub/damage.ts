// Tells a cut or broken file from a whole one, where its format allows it, for files that came without a size or hash to
// check. No reader: what lies inside a file is its reader's to judge.

import { MAX_HEADER } from '../formats/safetensorsHeader'

const bytesAt = async (blob: Blob, start: number, end: number) =>
  new Uint8Array(await blob.slice(start, end).arrayBuffer())

/** Safetensors: the header's length, then the header, then as many bytes as its last offset says. */
async function cutSafetensors(blob: Blob): Promise<string | null> {
  if (blob.size < 8) return `${blob.size} bytes, too few for a header`
  const length = new DataView((await bytesAt(blob, 0, 8)).buffer).getBigUint64(0, true)
  if (length > BigInt(blob.size - 8)) return `${blob.size} bytes, fewer than its header says`
  if (length > MAX_HEADER) return `a header of ${length} bytes, where ${MAX_HEADER} are the most`
  let end = 0
  try {
    const header = JSON.parse(await blob.slice(8, 8 + Number(length)).text()) as Record<string, unknown>
    for (const entry of Object.values(header)) {
      const offsets = (entry as { data_offsets?: unknown } | null)?.data_offsets
      if (Array.isArray(offsets)) end = Math.max(end, Number(offsets[1]))
    }
  } catch {
    return 'a header that is not JSON'
  }
  const expected = 8 + Number(length) + end
  return blob.size < expected ? `${blob.size} bytes of the ${expected} that its header names` : null
}

/** Zip (and torch's files are zips): the end record stands in the last 64 KiB. */
async function cutZip(blob: Blob): Promise<string | null> {
  const [p, k] = await bytesAt(blob, 0, 2)
  if (p !== 0x50 || k !== 0x4b) return null
  const tail = await bytesAt(blob, Math.max(0, blob.size - 65_558), blob.size)
  for (let i = tail.length - 22; i >= 0; i--) {
    if (tail[i] === 0x50 && tail[i + 1] === 0x4b && tail[i + 2] === 5 && tail[i + 3] === 6) return null
  }
  return `${blob.size} bytes without the zip archive's end`
}

async function cutParquet(blob: Blob): Promise<string | null> {
  const mark = (at: number) => blob.slice(at, at + 4).text()
  if (blob.size >= 12 && (await mark(0)) === 'PAR1' && (await mark(blob.size - 4)) === 'PAR1') return null
  return `${blob.size} bytes without the marks at a Parquet file's start and end`
}

async function cutJson(blob: Blob): Promise<string | null> {
  try {
    JSON.parse((await blob.text()).replace(/^\uFEFF/, ''))
    return null
  } catch (error) {
    return `text that is not JSON (${error instanceof Error ? error.message : String(error)})`
  }
}

/** JSON files beyond this are data, which has readers of its own. */
const JSON_LIMIT = 64 * 2 ** 20

/**
 * Tells whether a file that came without a size or hash to check is cut or broken.
 * @returns what was found, or null when nothing speaks against it; formats that have no end mark always pass
 */
export async function damageIn(path: string, blob: Blob): Promise<string | null> {
  if (path.endsWith('.safetensors')) return cutSafetensors(blob)
  if (path.endsWith('.bin') || path.endsWith('.zip') || path.endsWith('.pt')) return cutZip(blob)
  if (path.endsWith('.parquet')) return cutParquet(blob)
  // A data file may hold JSON Lines under this name, so only files of a model are judged.
  const ofModel = /(^|\/)(config|tokenizer|vocab|\w+_config|\w+_map|added_tokens|[\w.]+\.index)\.json$/.test(path)
  return ofModel && blob.size <= JSON_LIMIT ? cutJson(blob) : null
}
