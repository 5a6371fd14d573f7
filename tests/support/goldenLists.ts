// Reads the files of make_order.py in Node tests, and sums up long lists the way it does.

import { readFileSync } from 'node:fs'
import { bytesOf, crc32 } from '../../src/formats/crc32'

/** A list of integers: its length, its first eight entries, and the CRC-32 of all as little-endian int32. */
export interface GoldenList {
  readonly n: number
  readonly first: number[]
  readonly crc32: number
}

/** Parses a file of tests/golden/order/. */
export function readOrderGolden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../golden/order/${name}`, import.meta.url), 'utf8')) as T
}

export function summary(list: Int32Array): GoldenList {
  return { n: list.length, first: [...list.subarray(0, 8)], crc32: crc32(bytesOf(list)) }
}
