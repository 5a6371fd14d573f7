// The head of a .safetensors file of float32 tensors: what stands before the data. No data; see safetensors.ts.

/**
 * The longest header that is read: over a hundred thousand tensors, some thousand times what a model here has. The
 * reference reader takes six times as much, but JSON made for it then takes gigabytes of memory, which no tab has.
 */
export const MAX_HEADER = 16 * 2 ** 20

/**
 * Header for F32 tensors that follow in this order without gaps. Metadata carries format "pt", which the Python loader
 * asks for; spaces pad the header so that the data starts at a multiple of 8.
 */
export function safetensorsHeader(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...metadata } }
  let offset = 0
  for (const { name, shape } of tensors) {
    const bytes = shape.reduce((product, n) => product * n, 4)
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes] }
    offset += bytes
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true)
  head.set(json, 8)
  return head
}
