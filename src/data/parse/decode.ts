// From bytes to text, in pieces: UTF-8, and UTF-16 by its mark. Other encodings are refused with a guess at their name.
// A text is never repaired: a byte that is not of the encoding ends the reading.

import { FinetaleError } from '../../recipe/error'

const PIECE_BYTES = 4 * 2 ** 20
const HEAD_BYTES = 512

/** The encoding by mark, or by the zero bytes of unmarked UTF-16 in a Western script. */
function encodingOf(head: Uint8Array, label: string): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [a, b, c, d] = head
  const utf32 = (a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)
  if (utf32) {
    throw new FinetaleError(
      `${label}: expected text in UTF-8, found UTF-32.`,
      'Save the file again with the encoding UTF-8.',
    )
  }
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  const pairs = head.length >> 1
  const zeros = [0, 0]
  for (let i = 0; i < 2 * pairs; i++) if (head[i] === 0) zeros[i & 1]!++
  if (pairs >= 4 && zeros[1]! > 0.9 * pairs && zeros[0] === 0) return 'utf-16le'
  if (pairs >= 4 && zeros[0]! > 0.9 * pairs && zeros[1] === 0) return 'utf-16be'
  return 'utf-8'
}

/** Typographic quotes, dashes and the ellipsis: where windows-1252 and Mac Roman have them. */
const windowsMarks = new Set([0x80, 0x85, 0x91, 0x92, 0x93, 0x94, 0x96, 0x97, 0x99])
const macMarks = new Set([0xc9, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5])

/** Which one-byte encoding the high bytes look most like, with the name iconv has for it; '' for no text at all. */
function likelyEncoding(bytes: Uint8Array): readonly [name: string, iconv: string] | null {
  let [windows, mac, control] = [0, 0, 0]
  for (const byte of bytes) {
    if (byte < 9 || (byte > 13 && byte < 32)) control++
    else if (windowsMarks.has(byte)) windows++
    else if (macMarks.has(byte)) mac++
    else if (byte >= 0x86 && byte < 0xa0) mac++
    else if (byte >= 0xe0) windows++
  }
  if (control > bytes.length / 50) return null
  return mac > windows ? ['Mac Roman', 'MACINTOSH'] : ['windows-1252 (Latin-1, Western European)', 'WINDOWS-1252']
}

/** The bytes around the first one that is not UTF-8, and the line it stands in, counted within `bytes`. */
function firstFault(bytes: Uint8Array): { line: number; around: Uint8Array } {
  let [line, at] = [0, 0]
  while (at < bytes.length) {
    const byte = bytes[at]!
    const length = byte < 0x80 ? 1 : byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0
    const whole = length > 0 && bytes.subarray(at + 1, at + length).every((next) => next >> 6 === 2)
    if (!whole) break
    if (byte === 10) line++
    at += length
  }
  return { line, around: bytes.subarray(at, at + 2 ** 16) }
}

function notText(label: string, encoding: string, lineBefore: number, bytes: Uint8Array): FinetaleError {
  if (encoding !== 'utf-8') {
    return new FinetaleError(
      `${label}: expected text in ${encoding.toUpperCase()}, as its mark says, found bytes that are not.`,
      'Save the file again with the encoding UTF-8.',
    )
  }
  const { line, around } = firstFault(bytes)
  const likely = likelyEncoding(around)
  if (likely === null) {
    return new FinetaleError(
      `${label}: expected text in UTF-8, found binary data in line ${lineBefore + line + 1}.`,
      'Choose a Parquet, JSON, CSV or text file.',
    )
  }
  return new FinetaleError(
    `${label}: expected text in UTF-8, found bytes in line ${lineBefore + line + 1} that are not; ` +
      `the encoding may be ${likely[0]}.`,
    `Save the file again with the encoding UTF-8, or convert it: iconv -f ${likely[1]} -t UTF-8 FILE > NEW-FILE.`,
  )
}

/** A stretch of zero bytes is valid UTF-8, but no text: an archive, or a download that was laid out and never filled. */
function refuseNulls(text: string, label: string): void {
  let nulls = 0
  for (let i = text.indexOf('\0'); i >= 0; i = text.indexOf('\0', i + 1)) nulls++
  if (nulls <= text.length / 50) return
  throw new FinetaleError(
    `${label}: expected text in UTF-8, found binary data: ${nulls} zero bytes in a stretch of ${text.length}.`,
    'Download the file again, or choose a Parquet, JSON, CSV or text file.',
  )
}

/**
 * The text of a file, piece by piece; a byte order mark is no part of it.
 * @param pieceBytes how much is decoded at a time; the text does not depend on it
 * @throws FinetaleError when the bytes are in another encoding
 */
export async function* textPieces(blob: Blob, label: string, pieceBytes = PIECE_BYTES): AsyncGenerator<string> {
  const head = new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer())
  const encoding = encodingOf(head, label)
  const decoder = new TextDecoder(encoding, { fatal: true })
  let lines = 0
  for (let at = 0; at < blob.size; at += pieceBytes) {
    const bytes = new Uint8Array(await blob.slice(at, at + pieceBytes).arrayBuffer())
    let text: string
    try {
      text = decoder.decode(bytes, { stream: at + pieceBytes < blob.size })
    } catch {
      // The fault may begin in the last bytes of the piece before.
      const from = Math.max(0, at - 3)
      const around = new Uint8Array(await blob.slice(from, at + pieceBytes).arrayBuffer())
      const start = Math.max(
        0,
        around.findIndex((byte) => byte >> 6 !== 2),
      )
      const countedTwice = around.subarray(start, at - from).filter((byte) => byte === 10).length
      throw notText(label, encoding, lines - countedTwice, around.subarray(start))
    }
    refuseNulls(text, label)
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) lines++
    yield text
  }
}

/** A whole text at once. @throws FinetaleError when the bytes are in another encoding */
export async function wholeText(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}
