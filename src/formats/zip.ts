// Reads zip archives in place: the directory at the end first, then any entry as a slice of the file. Nothing is read
// whole; deflated entries are inflated piece by piece. Writing is in zipWriter.ts.
// The format: APPNOTE.TXT of PKWARE, sections 4.3 to 4.5. Sizes are the directory's, because torch's local headers have
// zeros there; where data begins only the local header tells, because its extra field differs in length.

import { FinetaleError } from '../recipe/error'
import { plainName, readBytes } from './blobBytes'
import { crc32 } from './crc32'

export interface ZipEntry {
  readonly name: string
  /** Bytes when unpacked, and as they lie in the archive. */
  readonly size: number
  readonly packedSize: number
  readonly crc32: number
  readonly method: number
  readonly encrypted: boolean
  /** Where the local header begins. */
  readonly at: number
}

export interface ZipArchive {
  /** Files by path, in the order of the directory; folders are left out. */
  readonly entries: ReadonlyMap<string, ZipEntry>
  /**
   * The content of an entry. A stored one is a slice of the archive, so its sum is not compared; see check.
   * @throws FinetaleError when it is damaged or packed in a way that cannot be read
   */
  open(entry: ZipEntry): Promise<Blob>
  /** Reads an opened entry through, piece by piece, against its sum. @throws FinetaleError when it differs */
  check(entry: ZipEntry, content: Blob): Promise<void>
  /** Compares all the bytes of an entry with the archive's sum. @throws FinetaleError when they differ */
  verify(entry: ZipEntry, sum: number): void
}

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50
const END_BYTES = 22
const MAX_COMMENT = 0xffff
const MAX_DIRECTORY = 64 * 2 ** 20
/** Of one file, and of all in an archive together. */
const MAX_INFLATED = 2 ** 32
const PIECE_BYTES = 4 * 2 ** 20

const STORED = 0
const DEFLATED = 8

/**
 * @param label how errors call the file
 * @throws FinetaleError when the file is cut or no zip archive
 */
export async function openZip(blob: Blob, label: string): Promise<ZipArchive> {
  const fail = (what: string): never => {
    throw new FinetaleError(`${label} is damaged or no zip archive: ${what}.`, 'Download or choose the file again.')
  }
  const { count, begin, end } = await findDirectory(blob, label, fail)
  if (end - begin > MAX_DIRECTORY) fail(`its directory should take ${end - begin} bytes`)
  const entries = new Map<string, ZipEntry>()
  const view = new DataView(await readBytes(blob, begin, end, label))
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== CENTRAL) {
      fail(`its directory has ${i} of ${count} entries`)
    }
    const next = at + 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
    if (next > view.byteLength) fail(`entry ${i + 1} of ${count} in its directory is cut`)
    const entry = parseEntry(view, at, fail)
    at = next
    if (entries.has(entry.name)) fail(`it has two files called ${plainName(entry.name)}`)
    if (entry.at + 30 + entry.packedSize > begin) fail(`${plainName(entry.name)} does not lie within it`)
    if (!entry.name.endsWith('/')) entries.set(entry.name, entry)
  }
  refuseOverlaps([...entries.values()], fail)

  const verify = (entry: ZipEntry, sum: number): void => {
    // Zero stands for a sum that was not computed; torch can be told to leave it out.
    if (entry.crc32 === 0 || sum === entry.crc32) return
    fail(`the bytes of ${plainName(entry.name)} do not match their checksum`)
  }
  return {
    entries,
    verify,
    async check(entry, content) {
      // Unpacking has compared the sum of a deflated entry already.
      if (entry.method !== STORED || entry.crc32 === 0) return
      let sum = 0
      for (let begin = 0; begin < content.size; begin += PIECE_BYTES) {
        const end = Math.min(content.size, begin + PIECE_BYTES)
        sum = crc32(new Uint8Array(await readBytes(content, begin, end, label)), sum)
      }
      verify(entry, sum)
    },
    async open(entry) {
      const name = plainName(entry.name)
      if (entry.encrypted) {
        throw new FinetaleError(`${label}: ${name} is locked with a password.`, 'Unpack the archive first.')
      }
      const head = new DataView(await readBytes(blob, entry.at, entry.at + 30, label))
      if (head.getUint32(0, true) !== LOCAL) fail(`${name} does not begin where the directory says`)
      const start = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true)
      if (start + entry.packedSize > begin) fail(`${name} does not lie within it`)
      const packed = blob.slice(start, start + entry.packedSize)
      if (entry.method === STORED) {
        if (entry.size !== entry.packedSize) fail(`${name} has two sizes, ${entry.size} and ${entry.packedSize} bytes`)
        return packed
      }
      if (entry.method !== DEFLATED) {
        throw new FinetaleError(
          `${label}: ${name} is packed with method ${entry.method}; Finetale reads stored and deflated files.`,
          'Unpack the archive first.',
        )
      }
      if (entry.size > MAX_INFLATED) fail(`${name} would unpack to ${entry.size} bytes`)
      const { content, sum } = await inflate(packed, entry.size).catch(() => ({ content: null, sum: 0 }))
      if (content?.size !== entry.size) return fail(`${name} does not unpack to ${entry.size} bytes`)
      verify(entry, sum)
      return content
    },
  }
}

export interface ReadZipOptions {
  /** Tells, of all paths, which will be read: of the others one that cannot be opened is left out. All, when absent. */
  readonly needs?: (paths: readonly string[]) => (path: string) => boolean
  /** False where the caller compares sums of its own: stored files are then not read through. */
  readonly check?: boolean
}

/**
 * All files of an archive by path; stored ones are slices of it, which were read once to compare their sums.
 * @throws FinetaleError as openZip, and when a file that is needed is damaged or cannot be unpacked
 */
export async function readZip(
  blob: Blob,
  label: string,
  { needs = () => () => true, check = true }: ReadZipOptions = {},
): Promise<ReadonlyMap<string, Blob>> {
  const archive = await openZip(blob, label)
  const files = new Map<string, Blob>()
  let inflated = 0
  let left: FinetaleError | null = null
  const isNeeded = needs([...archive.entries.keys()])
  for (const [path, entry] of archive.entries) {
    try {
      if (entry.method !== STORED) inflated += entry.size
      if (inflated > MAX_INFLATED) throw tooMuch(label, path)
      const content = await archive.open(entry)
      if (check) await archive.check(entry, content)
      files.set(path, content)
    } catch (error) {
      if (isNeeded(path) || !(error instanceof FinetaleError)) throw error
      left ??= error
    }
  }
  // Where nothing could be opened, why says more than that there are no files.
  if (files.size === 0 && left !== null) throw left
  return files
}

function tooMuch(label: string, path: string): FinetaleError {
  return new FinetaleError(
    `${label}: expected at most ${MAX_INFLATED / 2 ** 30} GB once unpacked, found more (at ${plainName(path)}).`,
    'Unpack the archive first and choose only the files that are needed.',
  )
}

type Fail = (what: string) => never

/** Entries that share bytes would let a small archive stand for endless work. */
function refuseOverlaps(entries: readonly ZipEntry[], fail: Fail): void {
  const sorted = [...entries].sort((a, b) => a.at - b.at)
  for (const [i, entry] of sorted.entries()) {
    const next = sorted[i + 1]
    if (next === undefined || entry.at + 30 + entry.packedSize <= next.at) continue
    fail(`${plainName(entry.name)} and ${plainName(next.name)} in it overlap`)
  }
}

/** Finds the byte range of the directory by the record at the archive's end. */
async function findDirectory(
  blob: Blob,
  label: string,
  fail: Fail,
): Promise<{ count: number; begin: number; end: number }> {
  const tailAt = Math.max(0, blob.size - END_BYTES - MAX_COMMENT)
  const tail = new DataView(await readBytes(blob, tailAt, blob.size, label))
  let i = tail.byteLength - END_BYTES
  // The record's comment must reach exactly to the end; otherwise these four bytes are part of some content.
  while (
    i >= 0 &&
    !(tail.getUint32(i, true) === END && i + END_BYTES + tail.getUint16(i + 20, true) === tail.byteLength)
  )
    i--
  if (i < 0) return fail(`its end record is missing, so its ${blob.size} bytes are not all of it`)
  let count = tail.getUint16(i + 10, true)
  let size = tail.getUint32(i + 12, true)
  let begin = tail.getUint32(i + 16, true)
  if (tail.getUint16(i + 4, true) !== 0 && tail.getUint16(i + 4, true) !== 0xffff) fail('it is one volume of several')
  const endAt = tailAt + i
  if ((count === 0xffff || size === 0xffffffff || begin === 0xffffffff) && endAt >= 20) {
    const locator = new DataView(await readBytes(blob, endAt - 20, endAt, label))
    if (locator.getUint32(0, true) === LOCATOR64) {
      const at = Number(locator.getBigUint64(8, true))
      if (at + 56 > endAt) fail('its end record points outside')
      const record = new DataView(await readBytes(blob, at, at + 56, label))
      if (record.getUint32(0, true) !== END64) fail('its end record points to something else')
      count = Number(record.getBigUint64(32, true))
      size = Number(record.getBigUint64(40, true))
      begin = Number(record.getBigUint64(48, true))
    }
  }
  if (begin + size > endAt) fail(`its directory should end at byte ${begin + size}, but the end record is at ${endAt}`)
  return { count, begin, end: begin + size }
}

function parseEntry(view: DataView, at: number, fail: Fail): ZipEntry {
  const u16 = (offset: number) => view.getUint16(at + offset, true)
  const u32 = (offset: number) => view.getUint32(at + offset, true)
  const nameEnd = at + 46 + u16(28)
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, at + 46, u16(28)))
  const numbers = [u32(24), u32(20), u32(42)]
  // Numbers that do not fit stand in extra field 1, in this order, only those.
  let extra = nameEnd
  const extraEnd = nameEnd + u16(30)
  while (numbers.includes(0xffffffff) && extra + 4 <= extraEnd) {
    const fieldEnd = Math.min(extraEnd, extra + 4 + view.getUint16(extra + 2, true))
    if (view.getUint16(extra, true) === 1) {
      let value = extra + 4
      for (const [k, number] of numbers.entries()) {
        if (number !== 0xffffffff) continue
        if (value + 8 > fieldEnd) return fail(`the entry of ${plainName(name)} in its directory is not complete`)
        numbers[k] = Number(view.getBigUint64(value, true))
        value += 8
      }
      break
    }
    extra = fieldEnd
  }
  const [size = 0, packedSize = 0, header = 0] = numbers
  return { name, size, packedSize, crc32: u32(16), method: u16(10), encrypted: (u16(8) & 1) !== 0, at: header }
}

/** Inflates into Blobs, which the browser may keep on disk; stops once there is more than expected. */
async function inflate(packed: Blob, size: number): Promise<{ content: Blob; sum: number }> {
  const parts: Blob[] = []
  let length = 0
  let sum = 0
  const reader = packed.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    length += piece.value.length
    if (length > size) {
      await reader.cancel()
      break
    }
    sum = crc32(piece.value, sum)
    parts.push(new Blob([piece.value]))
  }
  return { content: length > size ? new Blob([]) : new Blob(parts), sum }
}
