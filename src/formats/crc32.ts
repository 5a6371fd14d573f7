// CRC-32 of bytes, as gzip and PNG use it: to find damage and to tell data sets apart. Not a defence against forgery.

const LANES = 8

/** Table k holds the CRC of a byte followed by k zero bytes, so that eight bytes are folded in one round. */
const tables = Array.from({ length: LANES }, () => new Uint32Array(256))

for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  tables[0]![byte] = crc
}
for (let lane = 1; lane < LANES; lane++) {
  for (let byte = 0; byte < 256; byte++) {
    const crc = tables[lane - 1]![byte]!
    tables[lane]![byte] = (crc >>> 8) ^ tables[0]![crc & 255]!
  }
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/**
 * CRC-32 (reflected polynomial 0xEDB88320) of `bytes`.
 * @param crc the value for the bytes before these, to go on from; 0 to begin
 * @returns an unsigned 32-bit integer
 */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let c = ~crc
  let i = 0
  for (const end = bytes.length - (bytes.length % LANES); i < end; i += LANES) {
    const low = c ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    c =
      t7[low & 255]! ^
      t6[(low >>> 8) & 255]! ^
      t5[(low >>> 16) & 255]! ^
      t4[low >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!
  }
  for (; i < bytes.length; i++) c = t0[(c ^ bytes[i]!) & 255]! ^ (c >>> 8)
  return ~c >>> 0
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(array: Int32Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** A CRC-32 as eight hex digits. */
export function hex32(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}
