// Reads the weight files that torch and safetensors wrote (tests/golden/make_weights.py), in Node.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { FinetaleError } from '../../src/recipe/error'

const folder = new URL('../golden/weights/', import.meta.url)

interface ExpectedTensor {
  readonly dtype: string
  readonly shape: number[]
  /** As float32, for types that can be read. */
  readonly values?: number[]
}

export interface Expected {
  readonly tensors?: Record<string, ExpectedTensor>
  /** Words that the refusal or its advice must hold. */
  readonly refused?: string[]
}

export const expectedWeights = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<
  string,
  Expected
>

export function weightFile(name: string): Blob {
  return new Blob([readFileSync(new URL(encodeURIComponent(name), folder))])
}

/** A file under the name openWeights looks for, or all files of a folder. */
export function weightFolder(name: string): Record<string, Blob> {
  const path = new URL(`${encodeURIComponent(name)}`, folder)
  if (!statSync(path).isDirectory()) {
    return { [name.endsWith('.bin') ? 'pytorch_model.bin' : 'model.safetensors']: weightFile(name) }
  }
  const files = readdirSync(path)
  return Object.fromEntries(files.map((file) => [file, new Blob([readFileSync(new URL(`${name}/${file}`, folder))])]))
}

/** What a promise was refused with; anything but a FinetaleError is thrown on. */
export async function refusal(promise: Promise<unknown>): Promise<FinetaleError> {
  const error: unknown = await promise.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  )
  if (error instanceof FinetaleError) return error
  throw error
}
