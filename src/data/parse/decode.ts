// From bytes to text, in pieces: UTF-8, and UTF-16 by its mark. Other encodings are refused with a guess at their name.
// A text is never repaired: a byte that is not of the encoding ends the reading.

import { FinetaleError } from '../../recipe/error'

const PIECE_BYTES = 4 * 2 ** 20
const HEAD_BYTES = 512
/** How much on either side of a fault tells which encoding it is. */
const AROUND_BYTES = 2 ** 16

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

/** Which one-byte encoding the high bytes look most like, with the name iconv has for it; null for no text at all. */
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

/**
 * Whether most of what is not ASCII has the form of UTF-8: a first byte and as many others as it asks for. So have halves
 * of characters and overlong forms, which are not valid. In a one-byte encoding that form is rare.
 */
function looksLikeUtf8(bytes: Uint8Array): boolean {
  let [formed, stray] = [0, 0]
  for (let at = 0; at < bytes.length; at++) {
    // The ones a byte begins with: none in ASCII, one in all but the first of a character, as many as it is long in that.
    const length = Math.clz32(~bytes[at]! << 24)
    if (length === 0) continue
    const others = bytes.subarray(at + 1, at + length)
    if (length >= 2 && length <= 4 && others.length === length - 1 && others.every((next) => next >> 6 === 2)) {
      formed++
      at += length - 1
    } else stray++
  }
  return formed > 0 && formed >= stray
}

const bytesOf = async (blob: Blob, from: number, to: number) => new Uint8Array(await blob.slice(from, to).arrayBuffer())

/** Where the first byte is that cannot follow those before it in UTF-8, in bytes that are known to have one. */
function faultIn(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true })
      good = middle
    } catch {
      bad = middle
    }
  }
  return good
}

/** The line in which a byte stands. Lines end as they do for the readers of rows: in CR, LF or both. */
async function lineAt(blob: Blob, at: number): Promise<number> {
  let [line, last] = [1, 0]
  for (let from = 0; from < at; from += PIECE_BYTES) {
    for (const byte of await bytesOf(blob, from, Math.min(at, from + PIECE_BYTES))) {
      if (byte === 13 || (byte === 10 && last !== 13)) line++
      last = byte
    }
  }
  return line
}

/** The error for a piece that is not UTF-8, by its place in the file. */
async function notUtf8(blob: Blob, label: string, from: number, to: number): Promise<FinetaleError> {
  // The character may begin in the last bytes of the piece before; if those begin none, they end one.
  const before = Math.max(0, from - 3)
  const begun = (await bytesOf(blob, before, from)).findIndex((byte) => byte >> 6 !== 2)
  const start = begun < 0 ? from : before + begun
  const at = start + faultIn(await bytesOf(blob, start, to))
  const around = await bytesOf(blob, Math.max(0, at - AROUND_BYTES), at + AROUND_BYTES)
  const line = await lineAt(blob, at)
  const likely = likelyEncoding(around)
  if (likely === null) {
    return new FinetaleError(
      `${label}: expected text in UTF-8, found binary data in line ${line}.`,
      'Choose a Parquet, JSON, CSV or text file.',
    )
  }
  if (looksLikeUtf8(around)) {
    return new FinetaleError(
      `${label}: expected text in UTF-8, found bytes in line ${line} that are not, though those around them are.`,
      'Save the file again with the encoding UTF-8, or leave those bytes out: ' +
        'iconv -c -f UTF-8 -t UTF-8 FILE > NEW-FILE.',
    )
  }
  return new FinetaleError(
    `${label}: expected text in UTF-8, found bytes in line ${line} that are not; the encoding may be ${likely[0]}.`,
    `Save the file again with the encoding UTF-8, or convert it: iconv -f ${likely[1]} -t UTF-8 FILE > NEW-FILE.`,
  )
}

function notUtf16(label: string, encoding: string): FinetaleError {
  return new FinetaleError(
    `${label}: expected text in ${encoding.toUpperCase()}, as its first bytes say, found bytes that are not.`,
    'Save the file again with the encoding UTF-8.',
  )
}

/** A first byte alone at the end may also be a whole letter of another encoding, hence the last sentence. */
function cutOff(label: string): FinetaleError {
  return new FinetaleError(
    `${label}: expected a whole text, found one that ends in the middle of a character: it was cut off.`,
    'Download the file again, or cut it at the end of a line. If nothing is missing, save it with the encoding UTF-8.',
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
 * @throws FinetaleError when the bytes are in another encoding, or end within a character
 */
export async function* textPieces(blob: Blob, label: string, pieceBytes = PIECE_BYTES): AsyncGenerator<string> {
  const encoding = encodingOf(await bytesOf(blob, 0, HEAD_BYTES), label)
  const decoder = new TextDecoder(encoding, { fatal: true })
  for (let at = 0; at < blob.size; at += pieceBytes) {
    const bytes = await bytesOf(blob, at, at + pieceBytes)
    let text: string
    try {
      text = decoder.decode(bytes, { stream: true })
    } catch {
      throw encoding === 'utf-8' ? await notUtf8(blob, label, at, at + pieceBytes) : notUtf16(label, encoding)
    }
    refuseNulls(text, label)
    yield text
  }
  // Until here an unfinished character was one that might go on.
  try {
    decoder.decode()
  } catch {
    throw cutOff(label)
  }
}

/** A whole text at once. @throws FinetaleError when the bytes are in another encoding */
export async function wholeText(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}
