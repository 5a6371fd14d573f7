// Tells a file from what comes in its place: a web page, a pointer, nothing; under the name of weights also other kinds of
// file. It looks at the first bytes only; whether a file of the right kind is whole is for its reader.

import { FinetaleError } from '../recipe/error'
import { readBytes } from './blobBytes'

/** Bytes that tell: a tar's mark stands at byte 257. */
export const HEAD_BYTES = 512
const AGAIN = 'Download the file again.'
/** torch's number at the start of its form before 2020, 0x1950a86a20f9469cfc6c, as a pickled long. */
const LEGACY_MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

export type WeightsKind = 'safetensors' | 'torch' | 'index'

/** First bytes, as Latin-1, of files that are no weights of the kinds read here. */
const OTHERS: readonly (readonly [mark: string, what: string])[] = [
  ['GGUF', 'a GGUF file (llama.cpp)'],
  ['\x89HDF', 'an HDF5 file (Keras or TensorFlow)'],
  ['\x1f\x8b', 'packed with gzip'],
  ['\x28\xb5\x2f\xfd', 'packed with Zstandard'],
  ['\x93NUMPY', 'a NumPy array'],
  ['PAR1', 'a Parquet file'],
]

/** What servers and copies put in the place of any file. */
export type Impostor = 'nothing' | 'page' | 'pointer'

/** What arrived in place of a file, or null when it may well be the file. `head` is its first HEAD_BYTES, or all of it. */
export function impostorIn(head: Uint8Array, contentType = ''): Impostor | null {
  if (head.length === 0) return 'nothing'
  const text = new TextDecoder('latin1').decode(head.subarray(0, HEAD_BYTES))
  if (text.startsWith('version https://git-lfs')) return 'pointer'
  const page = /^[\s\u00ef\u00bb\u00bf]*<(?:!doctype|html)/i.test(text)
  return page || contentType.includes('text/html') ? 'page' : null
}

/**
 * Reads the head of a file and refuses what cannot be of the kind.
 * @throws FinetaleError for an empty file, a Git LFS pointer, a web page, text, another format, the other kind of weights,
 *   or a form of torch that Finetale does not read
 */
export async function refuseImpostors(blob: Blob, name: string, kind: WeightsKind): Promise<void> {
  const head = new Uint8Array(await readBytes(blob, 0, Math.min(blob.size, HEAD_BYTES), name))
  const text = new TextDecoder('latin1').decode(head)
  const impostor = impostorIn(head)
  if (impostor === 'nothing') {
    throw new FinetaleError(`${name} is empty: expected at least 8 bytes, got 0.`, AGAIN)
  }
  if (impostor === 'pointer') {
    const real = /^size (\d+)$/m.exec(text)?.[1]
    throw new FinetaleError(
      `${name} is a Git LFS pointer of ${blob.size} bytes, not the weights${real ? ` (those have ${real} bytes)` : ''}.`,
      'Fetch the file itself: run "git lfs pull", or use the download button of the hub page.',
    )
  }
  // Text may begin with markup, weights may not.
  if (impostor === 'page' || /^[\s\u00ef\u00bb\u00bf]*<(\?xml|head|!--)/i.test(text)) {
    throw new FinetaleError(`${name} is a web page of ${blob.size} bytes, not the weights.`, AGAIN)
  }
  if (kind === 'index') return
  const other = otherContent(text, blob.size <= HEAD_BYTES)
  if (other !== null) {
    throw new FinetaleError(
      `${name} is ${other}, not weights in ${kind === 'torch' ? 'the form of PyTorch' : 'safetensors'}.`,
      other.startsWith('packed')
        ? 'Unpack it first.'
        : 'Download the file again, or take the safetensors or PyTorch weights of this model.',
    )
  }
  if (kind === 'torch') refuseOtherTorch(head, text, name)
  else if (text.startsWith('PK\u0003\u0004')) {
    throw new FinetaleError(
      `${name} is a zip archive, not a safetensors file.`,
      'If it is a PyTorch file, name it pytorch_model.bin; if it is a packed folder, unpack it first.',
    )
  }
}

/** What the head of a file shows that neither kind can begin with; null when it may be one. */
function otherContent(head: string, whole: boolean): string | null {
  const mark = OTHERS.find(([start]) => head.startsWith(start))?.[1]
  if (mark !== undefined) return mark
  if (/^\0+$/.test(head)) return 'filled with zero bytes'
  // Eight printable characters would be the length of a header beyond any file's.
  if (head.length < 8 || !/^[\x20-\x7e\r\n\t]+$/.test(head) || head.startsWith('PK') || head.startsWith('('))
    return null
  return whole ? `a text (${JSON.stringify(head.trim().slice(0, 60))})` : 'a text'
}

function refuseOtherTorch(head: Uint8Array, text: string, name: string): void {
  if (text.startsWith('PK\u0003\u0004')) return
  const magicAt = head.indexOf(LEGACY_MAGIC[0]!)
  if (magicAt >= 0 && magicAt < 32 && LEGACY_MAGIC.every((byte, i) => head[magicAt + i] === byte)) {
    throw new FinetaleError(
      `${name} has the old form of torch.save (before PyTorch 1.6), which Finetale does not read.`,
      `Write it anew with Python: ${convert(name, true)}`,
    )
  }
  if (text.slice(257, 262) === 'ustar') {
    throw new FinetaleError(
      `${name} is a tar archive; the oldest form of torch.save was one, and Finetale does not read it.`,
      `If you trust the file, write it anew with Python: ${convert(name, false)}`,
    )
  }
  if (text.slice(8, 10) === '{"') {
    throw new FinetaleError(
      `${name} is a safetensors file under the name of a PyTorch file.`,
      'Rename it to model.safetensors.',
    )
  }
  if (head[0] === 0x80 && (head[1] ?? 9) <= 5) {
    throw new FinetaleError(
      `${name} is a bare pickle, not a file of torch.save: expected a zip archive.`,
      'Save the weights with torch.save(model.state_dict(), "pytorch_model.bin").',
    )
  }
}

function convert(name: string, weightsOnly: boolean): string {
  const file = JSON.stringify(name.split('/').at(-1))
  const load = `torch.load(${file}, map_location="cpu", weights_only=${weightsOnly ? 'True' : 'False'})`
  return `import torch; torch.save(${load}, ${file})`
}
