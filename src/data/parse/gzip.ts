// Unpacks a gzip file by the browser's own decompressor, which checks length and checksum. No other archive.

import { FinetaleError } from '../../recipe/error'

/**
 * @param limit bytes that the unpacked file may have
 * @throws FinetaleError when the archive is damaged or unpacks to more
 */
export async function gunzip(blob: Blob, label: string, limit: number): Promise<Blob> {
  const reader = blob.stream().pipeThrough(new DecompressionStream('gzip')).getReader()
  const parts: BlobPart[] = []
  let size = 0
  for (;;) {
    let result: ReadableStreamReadResult<BlobPart>
    try {
      result = await reader.read()
    } catch {
      throw new FinetaleError(
        `${label}: expected a whole gzip file, found one that is damaged, cut off or made of several.`,
        'Unpack it yourself (gunzip) and choose the unpacked file, or download it again.',
      )
    }
    if (result.done) return new Blob(parts)
    parts.push(result.value)
    size += (result.value as Uint8Array).byteLength
    if (size > limit) {
      void reader.cancel().catch(() => {})
      throw new FinetaleError(
        `${label}: expected at most ${limit / 2 ** 20} MB once unpacked, found more.`,
        'Cut the file down to the rows you want to train on.',
      )
    }
  }
}
