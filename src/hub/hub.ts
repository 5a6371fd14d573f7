// Fetches single files and reads model folders, from this origin or from what the user chose or fetched. It asks no hub:
// fetcher.ts does. No look at what is in a file beyond its first bytes.

import { HEAD_BYTES, impostorIn, type Impostor } from '../formats/impostors'
import { FinetaleError } from '../recipe/error'
import type { ModelSource } from '../workers/protocol'
import { ImpostorError } from './answers'

async function impostor(blob: Blob, contentType: string): Promise<Impostor | null> {
  return impostorIn(new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer()), contentType)
}

/**
 * Refuses a web page, a Git LFS pointer or an empty file in place of `name`.
 * @throws FinetaleError naming the file and what was found
 */
export async function refuseImpostor(blob: Blob, name: string): Promise<void> {
  const found = await impostor(blob, '')
  if (found !== null) throw new ImpostorError(name, found)
}

async function request(url: URL, name: string, cache: RequestCache): Promise<Response> {
  try {
    return await fetch(url, { cache })
  } catch {
    throw new FinetaleError(
      `${name}: no answer from ${url.host || url.href}.`,
      'Check the connection and try again; the built-in model and data need none once the page has loaded.',
    )
  }
}

/**
 * Fetches one file.
 * @param url absolute, or relative to the worker's or page's own address
 * @param name how errors call the file
 * @returns the file, or null when the server says 404 or 410
 * @throws FinetaleError when the answer is an error, a web page, a Git LFS pointer or empty
 */
export async function fetchFile(url: string, name: string): Promise<Blob | null> {
  const address = new URL(url, location.href)
  let found: Impostor = 'page'
  // A bad answer may come from the browser's cache, so it is asked for once more, past the cache.
  for (const cache of ['default', 'reload'] as const) {
    const response = await request(address, name, cache)
    if (response.status === 404 || response.status === 410) return null
    if (!response.ok) {
      throw new FinetaleError(
        `${name}: expected the file, found the answer ${`${response.status} ${response.statusText}`.trim()}.`,
        'Try again later, or choose a copy of the file from your disk.',
      )
    }
    const blob = await body(response, name)
    const wrong = await impostor(blob, response.headers.get('content-type') ?? '')
    if (wrong === null) return blob
    found = wrong
  }
  throw new ImpostorError(name, found)
}

async function body(response: Response, name: string): Promise<Blob> {
  try {
    return await response.blob()
  } catch {
    throw new FinetaleError(`${name}: the connection broke before the whole file had come.`, 'Try again.')
  }
}

/** A file the user chose, by its own name or by its path inside a chosen folder. */
function chosenFile(files: Readonly<Record<string, Blob>>, name: string): Blob | null {
  const path = Object.keys(files).find((key) => key === name || key.endsWith(`/${name}`))
  return path === undefined ? null : files[path]!
}

/**
 * Reads files of a model folder.
 * @param names files that must be there
 * @param optional files that are read when they are there
 * @returns the files by name; an optional file that is missing has no entry
 * @throws FinetaleError naming the first file that is missing or is not itself
 */
export async function readFolder(
  source: ModelSource,
  names: readonly string[],
  optional: readonly string[] = [],
): Promise<Record<string, Blob>> {
  const read = async (name: string, needed: boolean): Promise<[string, Blob] | null> => {
    const label = `${source.label}/${name}`
    const file =
      source.kind === 'url' ? await fetchMember(source.url + name, label, needed) : chosenFile(source.files, name)
    if (file !== null) {
      if (source.kind === 'files') await refuseImpostor(file, label)
      return [name, file]
    }
    if (!needed) return null
    throw new FinetaleError(
      `${label}: the file is missing.`,
      'A model is a folder in Hugging Face layout: config.json, model.safetensors, tokenizer.json, tokenizer_config.json.',
    )
  }
  const entries = await Promise.all([
    ...names.map((name) => read(name, true)),
    ...optional.map((name) => read(name, false)),
  ])
  return Object.fromEntries(entries.filter((entry) => entry !== null))
}

/** A server that answers every path with its start page has no such file: that is no fault of an optional one. */
async function fetchMember(url: string, name: string, needed: boolean): Promise<Blob | null> {
  try {
    return await fetchFile(url, name)
  } catch (error) {
    if (!needed && error instanceof ImpostorError) return null
    throw error
  }
}
