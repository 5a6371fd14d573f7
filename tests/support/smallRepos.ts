// Small repositories for the tests of fetching: files with the form of a model's or a data set's, and no more in them.

import type { HubRef } from '../../src/workers/protocol'
import type { RepoFiles } from './standInHub'

/** Bytes that do not pack and repeat at no round length. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = 12345
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** A safetensors file with one tensor of `bytes` bytes. */
export function safetensors(bytes: number): Buffer {
  const header = Buffer.from(JSON.stringify({ x: { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, noise(bytes)])
}

/** An empty zip with something before it: all that is looked for is its end. */
export function zipLike(bytes: number): Buffer {
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 'latin1')
  return Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), noise(bytes), end])
}

export function parquetLike(bytes: number): Buffer {
  return Buffer.concat([Buffer.from('PAR1'), noise(bytes), Buffer.from('PAR1')])
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

/** Files of every model; its tokenizer is large enough to come in pieces. */
export const settings: RepoFiles = {
  'config.json': json({ model_type: 'gpt_neo' }),
  'tokenizer.json': json({
    model: { vocab: Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`t${i}`, i])) },
  }),
  'tokenizer_config.json': json({ eos_token: '</s>' }),
}

export const WEIGHT_BYTES = 500_000

export const smallModel: RepoFiles = { ...settings, 'model.safetensors': safetensors(WEIGHT_BYTES) }

export function modelRef(base: string, repo = 'owner/model', revision = 'main'): HubRef {
  return { kind: 'model', base, repo, revision }
}

export function dataRef(base: string, repo = 'owner/data', revision = 'main'): HubRef {
  return { kind: 'dataset', base, repo, revision }
}
