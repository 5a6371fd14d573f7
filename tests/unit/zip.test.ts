// Reading zip archives: of other tools, with zip64, and broken ones.

import { zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { openZip, readZip } from '../../src/formats/zip'
import { dataFromFiles } from '../../src/state/dataFiles'
import { unpack } from '../../src/state/unpack'
import { refusal } from '../support/weightFiles'

const text = (value: string) => new TextEncoder().encode(value)
const long = text('abc '.repeat(50_000))

/** a.txt stored, b/long.txt deflated, and a folder. */
const archive = () =>
  zipSync({ 'a.txt': [text('one'), { level: 0 }], 'b/': new Uint8Array(0), 'b/long.txt': [long, { level: 6 }] })

const contents = async (bytes: Uint8Array<ArrayBuffer>) =>
  Promise.all([...(await readZip(new Blob([bytes]), 'x.zip'))].map(async ([path, file]) => [path, await file.text()]))

test('stored and deflated files, without folders', async () => {
  expect(await contents(archive())).toEqual([
    ['a.txt', 'one'],
    ['b/long.txt', new TextDecoder().decode(long)],
  ])
  expect(await contents(zipSync({}))).toEqual([])
})

test('an archive with a comment, even one that looks like an end', async () => {
  const bytes = archive()
  const comment = text('PK\u0005\u0006 is how the record begins, and this is no record')
  const longer = new Uint8Array(bytes.length + comment.length)
  longer.set(bytes)
  longer.set(comment, bytes.length)
  longer[bytes.length - 2] = comment.length
  expect((await contents(longer))[0]).toEqual(['a.txt', 'one'])
})

/** One stored file, all its numbers in zip64 fields. */
function zip64(): Uint8Array<ArrayBuffer> {
  const u16 = (n: number) => [n & 255, n >> 8]
  const u32 = (n: number) => [...u16(n % 65536), ...u16(Math.floor(n / 65536))]
  const u64 = (n: number) => [...u32(n), ...u32(0)]
  const all = 0xffffffff
  const name = [...text('a.txt')]
  const local = [0x50, 0x4b, 3, 4, ...u16(45), ...u16(0), ...u16(0), ...u32(0), ...u32(0), ...u32(all), ...u32(all)]
  local.push(...u16(5), ...u16(20), ...name, ...u16(1), ...u16(16), ...u64(3), ...u64(3), ...text('one'))
  const central = [0x50, 0x4b, 1, 2, ...u16(45), ...u16(45), ...u16(0), ...u16(0), ...u32(0), ...u32(0)]
  central.push(...u32(all), ...u32(all), ...u16(5), ...u16(33), ...u16(0), ...u16(0), ...u16(0), ...u32(0), ...u32(all))
  central.push(...name, ...u16(7), ...u16(1), 9, ...u16(1), ...u16(24), ...u64(3), ...u64(3), ...u64(0))
  const end64 = [0x50, 0x4b, 6, 6, ...u64(44), ...u16(45), ...u16(45), ...u32(0), ...u32(0), ...u64(1), ...u64(1)]
  end64.push(...u64(central.length), ...u64(local.length))
  const locator = [0x50, 0x4b, 6, 7, ...u32(0), ...u64(local.length + central.length), ...u32(1)]
  const end = [0x50, 0x4b, 5, 6, ...u16(0), ...u16(0), ...u16(65535), ...u16(65535), ...u32(all), ...u32(all), 0, 0]
  return Uint8Array.from([...local, ...central, ...end64, ...locator, ...end])
}

test('zip64', async () => {
  expect(await contents(zip64())).toEqual([['a.txt', 'one']])
})

/** The archive with bytes changed at the first place after `mark` that is `offset` away. */
function patched(mark: string, offset: number, ...values: number[]): Uint8Array<ArrayBuffer> {
  const bytes = archive()
  const at = new TextDecoder('latin1').decode(bytes).indexOf(mark)
  bytes.set(values, at + offset)
  return bytes
}
const CENTRAL = 'PK\u0001\u0002'
const END = 'PK\u0005\u0006'

test.each<[string, () => Uint8Array<ArrayBuffer>, RegExp]>([
  ['no archive', () => text('not a zip at all, but long enough to be one'), /end record is missing/],
  ['nothing', () => new Uint8Array(0), /end record is missing/],
  ['half of it', () => archive().slice(0, 200), /end record is missing/],
  ['two bytes more', () => Uint8Array.from([...archive(), 0, 0]), /end record is missing/],
  ['a count too high', () => patched(END, 8, 9, 0, 9, 0), /3 of 9 entries/],
  ['a directory beyond the end', () => patched(END, 12, 255, 255), /directory should end at/],
  ['an entry beyond the directory', () => patched(CENTRAL, 42, 255, 255, 255), /a\.txt does not lie within/],
  ['a name longer than the directory', () => patched(CENTRAL, 28, 255, 255), /cut/],
  ['a local header elsewhere', () => patched(CENTRAL, 42, 1), /a\.txt does not begin/],
  ['two sizes of a stored file', () => patched(CENTRAL, 24, 4), /a\.txt has two sizes/],
  ['a password', () => patched(CENTRAL, 8, 1), /a\.txt is locked/],
  ['an unknown method', () => patched(CENTRAL, 10, 14), /method 14/],
])('refuses %s', async (_, make, message) => {
  const error = await refusal(readZip(new Blob([make()]), 'x.zip'))
  expect(error.message).toMatch(message)
  expect(error.message).toContain('x.zip')
})

test('deflated bytes that do not unpack, unpack to more, or differ from their sum', async () => {
  const bytes = archive()
  const at = new TextDecoder('latin1').decode(bytes).lastIndexOf(CENTRAL)
  const unpack = async (offset: number, value: number) => {
    const changed = bytes.slice()
    changed[at + offset] = value
    return (await refusal(readZip(new Blob([changed]), 'x.zip'))).message
  }
  expect(await unpack(24, 1)).toContain('b/long.txt does not unpack')
  expect(await unpack(16, (bytes[at + 16] ?? 0) ^ 1)).toContain('checksum')
  const garbage = bytes.slice()
  // The first block is then of a kind that does not exist.
  garbage[new TextDecoder('latin1').decode(bytes).indexOf('b/long.txt') + 'b/long.txt'.length] = 0xff
  expect((await refusal(readZip(new Blob([garbage]), 'x.zip'))).message).toContain('does not unpack')
})

test('two files of one name', async () => {
  const bytes = zipSync({ 'a.txt': text('1'), 'b.txt': text('2') }, { level: 0 })
  const at = new TextDecoder('latin1').decode(bytes).lastIndexOf('b.txt')
  bytes.set(text('a'), at)
  expect((await refusal(openZip(new Blob([bytes]), 'x.zip'))).message).toContain('two files called a.txt')
})

test('a changed byte of a stored file is found, also in a later piece', async () => {
  const large = new Uint8Array(9 * 2 ** 20).fill(7)
  const bytes = zipSync({ 'a.txt': text('one'), 'm/model.safetensors': large }, { level: 0 })
  expect((await readZip(new Blob([bytes]), 'x.zip')).get('m/model.safetensors')?.size).toBe(large.length)
  bytes[bytes.length - 2 ** 20] = 8
  const error = await refusal(readZip(new Blob([bytes]), 'x.zip'))
  expect(error.message).toContain('the bytes of m/model.safetensors do not match their checksum')
  // Who has sums of its own may do without.
  expect((await readZip(new Blob([bytes]), 'x.zip', { check: false })).size).toBe(2)
})

/** Two stored files, the second one changed: its entry in the directory, or its content. */
function spoilt(offset: number, value: number): Uint8Array<ArrayBuffer> {
  const bytes = zipSync({ 'm/config.json': text('{}'), 'm/notes.pdf': text('!!!') }, { level: 0 })
  const at = new TextDecoder('latin1').decode(bytes).lastIndexOf(offset < 0 ? '!!!' : CENTRAL)
  bytes[at + Math.max(0, offset)] = value
  return bytes
}

test.each<[string, number, number, RegExp]>([
  ['an unknown method', 10, 14, /m\/notes\.pdf is packed with method 14/],
  ['a password', 8, 1, /m\/notes\.pdf is locked/],
  ['damage', -1, 0x22, /bytes of m\/notes\.pdf do not match/],
])('%s matters only in a file that is needed', async (_, offset, value, message) => {
  const picked = [{ path: 'x.zip', file: new Blob([spoilt(offset, value)]) }]
  expect((await refusal(readZip(picked[0]!.file, 'x.zip'))).message).toMatch(message)
  expect((await unpack(picked, 'model')).map(({ path }) => path)).toEqual(['m/config.json'])
})

describe('several archives', () => {
  const zip = (path: string, files: Record<string, string>) => {
    const bytes = zipSync(Object.fromEntries(Object.entries(files).map(([name, content]) => [name, text(content)])))
    return { path, file: new Blob([bytes]) }
  }

  test('with files of one name keep them all', async () => {
    const files = { 'train.jsonl': 'one', '__MACOSX/._train.jsonl': '' }
    const found = await unpack([zip('shard-1.zip', files), zip('shard-2.ZIP', { 'train.jsonl': 'two' })], 'data')
    const { data, leftOut } = await dataFromFiles(found)
    const used = data.kind === 'files' ? Object.entries(data.files) : []
    expect(await Promise.all(used.map(async ([path, file]) => [path, await file.text()]))).toEqual([
      ['shard-1/train.jsonl', 'one'],
      ['shard-2/train.jsonl', 'two'],
    ])
    expect([data.label, leftOut]).toEqual(['train.jsonl + 1', []])
  })

  test('beside a file of that name, too', async () => {
    const loose = { path: 'a.csv', file: new Blob(['x']) }
    const found = await unpack([loose, zip('more.zip', { 'a.csv': 'y' })], 'data')
    expect(found.map(({ path }) => path)).toEqual(['a.csv', 'more/a.csv'])
  })

  test('that one folder was split into stay one folder', async () => {
    const parts = [zip('m-1.zip', { 'm/config.json': '{}', '.DS_Store': '' }), zip('m-2.zip', { 'm/x.bin': '1', '.DS_Store': '' })] // prettier-ignore
    const paths = (await unpack(parts, 'model')).map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining(['m/config.json', 'm/x.bin']))
  })
})

test('of data every file of rows is needed, and the only file', async () => {
  const locked = (files: Record<string, Uint8Array>) => {
    const bytes = zipSync(files, { level: 0 })
    bytes[new TextDecoder('latin1').decode(bytes).lastIndexOf(CENTRAL) + 8] = 1
    return [{ path: 'x.zip', file: new Blob([bytes]) }]
  }
  const rows = text('{"text":"a"}')
  const found = await unpack(locked({ 'a.jsonl': rows, 'README.md': text('hi') }), 'data')
  expect(found.map(({ path }) => path)).toEqual(['a.jsonl'])
  const both = locked({ 'a.jsonl': rows, 'b.jsonl': rows })
  expect((await refusal(unpack(both, 'data'))).message).toContain('b.jsonl is locked')
  expect((await refusal(unpack(locked({ 'rows.odd': rows }), 'data'))).message).toContain('rows.odd is locked')
  expect((await refusal(unpack(locked({ 'x.pdf': rows }), 'model'))).message).toContain('x.pdf is locked')
})

test('entries over the same bytes, and more than fits once unpacked', async () => {
  const bytes = zipSync({ 'a.txt': text('1'), 'b.txt': text('2') }, { level: 0 })
  const at = new TextDecoder('latin1').decode(bytes).lastIndexOf(CENTRAL)
  bytes.fill(0, at + 42, at + 46)
  expect((await refusal(openZip(new Blob([bytes]), 'x.zip'))).message).toContain('a.txt and b.txt in it overlap')
  const packed = zipSync({ 'a.txt': long, 'b.txt': long })
  const [first, second] = [...new TextDecoder('latin1').decode(packed).matchAll(/PK\u0001\u0002/g)].map(
    ({ index }) => index,
  )
  // Each would unpack to 3 GB by its own account; the first one is then no file that is needed.
  for (const entry of [first!, second!]) packed.set([0, 0, 0, 0xc0], entry + 24)
  const error = await refusal(readZip(new Blob([packed]), 'x.zip', { needs: () => (path) => path === 'b.txt' }))
  expect(error.message).toContain('x.zip: expected at most 4 GB once unpacked, found more (at b.txt)')
})
