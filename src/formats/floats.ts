// The number types of weight files: their widths, and how the floating ones become float32. Names are safetensors' own.

import { FinetaleError } from '../recipe/error'

/** Bytes per element. */
export const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1, U8: 1, I8: 1, F8_E4M3: 1, F8_E5M2: 1, F8_E8M0: 1, F8_E4M3FNUZ: 1, F8_E5M2FNUZ: 1, U16: 2, I16: 2, F16: 2,
  BF16: 2, U32: 4, I32: 4, F32: 4, U64: 8, I64: 8, F64: 8, C64: 8, C128: 16,
} // prettier-ignore

const READABLE = new Set(['F32', 'F16', 'BF16', 'F64'])

/** @throws FinetaleError naming file, tensor and type unless the type is F32, F16, BF16 or F64 */
export function refuseType(dtype: string, tensor: string, name: string): void {
  if (READABLE.has(dtype)) return
  throw new FinetaleError(
    `${name}: tensor ${tensor} is of type ${dtype}; Finetale reads F32, F16, BF16 and F64.`,
    'Save the model in one of these types.',
  )
}

/** The numbers of a little-endian buffer as float32; an F32 buffer is used as it is. The type must be readable. */
export function toFloat32(buffer: ArrayBuffer, dtype: string): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer)
    case 'F64':
      return Float32Array.from(new Float64Array(buffer))
    case 'F16': {
      const table = halfTable()
      const half = new Uint16Array(buffer)
      const out = new Float32Array(half.length)
      for (let i = 0; i < half.length; i++) out[i] = table[half[i] ?? 0] ?? 0
      return out
    }
    case 'BF16': {
      // The upper half of a float32.
      const half = new Uint16Array(buffer)
      const bits = new Uint32Array(half.length)
      for (let i = 0; i < half.length; i++) bits[i] = (half[i] ?? 0) << 16
      return new Float32Array(bits.buffer)
    }
    default:
      throw new Error(`no conversion from ${dtype}`)
  }
}

let halves: Float32Array | null = null

/** All 65,536 IEEE half-precision values. */
function halfTable(): Float32Array {
  if (halves) return halves
  halves = new Float32Array(65536)
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    if (exponent === 31) halves[bits] = fraction ? NaN : sign * Infinity
    else halves[bits] = sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24)
  }
  return halves
}
