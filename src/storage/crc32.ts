// The checksum of stored parts, under the name the storage knows it by. The sum itself is in formats/crc32.ts.

export { bytesOf, crc32, hex32 } from '../formats/crc32'
