// How Parquet's typed values become cells: text exactly as it is stored, dates and times as ISO text, the rest as it is.
// hyparquet calls these for each value; it reads the file itself.

import type { ParquetParsers } from 'hyparquet'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text, or the bytes themselves where they are no UTF-8. Its first character may well be U+FEFF. */
export function textFromBytes(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes
  }
}

/** Whole units since 1970 as 'YYYY-MM-DD HH:MM:SS', with the fraction of a second where there is one. */
function isoTime(value: unknown, perSecond: bigint): unknown {
  if (value === undefined || value === null) return value
  const units = BigInt(value as bigint | number)
  const fraction = ((units % perSecond) + perSecond) % perSecond
  const date = new Date(Number((units - fraction) / perSecond) * 1000)
  if (Number.isNaN(date.getTime())) return units.toString()
  const digits = perSecond.toString().length - 1
  const tail = fraction === 0n ? '' : `.${fraction.toString().padStart(digits, '0').replace(/0+$/, '')}`
  return date.toISOString().slice(0, -5).replace('T', ' ') + tail
}

function isoDate(days: unknown): unknown {
  if (typeof days !== 'number') return days
  const date = new Date(days * 86_400_000)
  return Number.isNaN(date.getTime()) ? String(days) : date.toISOString().slice(0, -14)
}

export const cellParsers: Partial<ParquetParsers> = {
  stringFromBytes: textFromBytes,
  // A JSON cell is text to whoever trains on it, and a broken one is no reason to lose the file.
  jsonFromBytes: textFromBytes,
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
  dateFromDays: isoDate,
  timestampFromMilliseconds: (value) => isoTime(value, 1_000n),
  timestampFromMicroseconds: (value) => isoTime(value, 1_000_000n),
  timestampFromNanoseconds: (value) => isoTime(value, 1_000_000_000n),
}
