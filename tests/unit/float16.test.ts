// float32 weights as float16: every half is kept, what lies between goes to the nearest, ties to even, and nothing overflows.

import { expect, test } from 'vitest'
import { toFloat16 } from '../../scripts/float16.mjs'
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors'

/** The value of a half by its definition. */
function valueOf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023]
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

async function halvesOf(values: readonly number[]): Promise<{ bits: number[]; dtype: string | undefined }> {
  const data = Float32Array.from(values)
  const file = writeSafetensors([{ name: 'a', shape: [data.length], data }])
  const blob = file instanceof Blob ? file : new Blob([file])
  const bytes = toFloat16(new Uint8Array(await blob.arrayBuffer()))
  const { entries } = await openSafetensors(new Blob([bytes as Uint8Array<ArrayBuffer>]), 'halves')
  const { dtype, begin = 0, end = 0 } = entries.get('a') ?? {}
  return { bits: [...new Uint16Array(bytes.slice(begin, end).buffer)], dtype }
}

const finite = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00)

test('every finite half stays what it is', async () => {
  expect(await halvesOf(finite.map(valueOf))).toEqual({ bits: finite, dtype: 'F16' })
})

test('what lies between two halves goes to the nearest, the middle to the even one', async () => {
  const lower = finite.filter((bits) => bits < 0x7bff && bits % 97 === 0)
  const between = (share: number) => lower.map((bits) => valueOf(bits) + share * (valueOf(bits + 1) - valueOf(bits)))
  expect((await halvesOf(between(0.25))).bits).toEqual(lower)
  expect((await halvesOf(between(0.75))).bits).toEqual(lower.map((bits) => bits + 1))
  expect((await halvesOf(between(0.5))).bits).toEqual(lower.map((bits) => bits + (bits % 2)))
})

test('a number beyond the range is refused by name', async () => {
  await expect(halvesOf([1, 65520])).rejects.toThrow(/a holds a number that float16 cannot/)
  await expect(halvesOf([NaN])).rejects.toThrow(/float16 cannot/)
})
