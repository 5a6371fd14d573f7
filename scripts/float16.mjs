// float32 safetensors to float16, for publishing weights at half the size. Rounds to nearest, ties to even, as torch does.

/**
 * @param {number} value
 * @returns {number} The 16 bits of the nearest half; beyond its range an infinity.
 */
function halfBits(value) {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (Number.isNaN(value)) return 0x7e00
  if (size >= 65520) return sign | 0x7c00
  // Below 2^-14 halves lie 2^-24 apart; above, 2^-10 of their own power of two.
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size))
  // The logarithm may be off by one just below a power of two.
  const power =
    size >= 2 ** (exponent + 1) ? exponent + 1 : size < 2 ** exponent && exponent > -14 ? exponent - 1 : exponent
  const steps = roundTiesToEven(size * 2 ** (10 - power))
  // 1024 steps are the implicit bit; a rounding up to 2048 carries into the exponent by itself.
  return sign | (((power + 14) << 10) + steps)
}

/** @param {number} value Not negative, below 2^52. */
function roundTiesToEven(value) {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}

/**
 * @param {Uint8Array} file A safetensors file whose tensors are all F32.
 * @returns {Uint8Array} The same tensors, in the same order, as F16.
 * @throws {Error} when a tensor is of another type, or a number does not fit.
 */
export function toFloat16(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const headerLength = Number(view.getBigUint64(0, true))
  /** @type {Record<string, { dtype: string, shape: number[], data_offsets: [number, number] }>} */
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength)))
  const body = 8 + headerLength
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__')
  entries.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0])
  /** @type {Record<string, unknown>} */
  const halves = { __metadata__: { format: 'pt' } }
  let length = 0
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [begin, end],
    },
  ] of entries) {
    if (dtype !== 'F32') throw new Error(`model.safetensors: expected F32, found ${dtype} in ${name}.`)
    halves[name] = { dtype: 'F16', shape, data_offsets: [length, (length += (end - begin) / 2)] }
  }
  const json = JSON.stringify(halves)
  const head = new TextEncoder().encode(json.padEnd(json.length + ((8 - (json.length % 8)) % 8)))
  const out = new Uint8Array(8 + head.length + length)
  const written = new DataView(out.buffer)
  written.setBigUint64(0, BigInt(head.length), true)
  out.set(head, 8)
  let at = 8 + head.length
  for (const [
    name,
    {
      data_offsets: [begin, end],
    },
  ] of entries) {
    for (let from = body + begin; from < body + end; from += 4, at += 2) {
      const bits = halfBits(view.getFloat32(from, true))
      if ((bits & 0x7c00) === 0x7c00) throw new Error(`${name} holds a number that float16 cannot.`)
      written.setUint16(at, bits, true)
    }
  }
  return out
}
