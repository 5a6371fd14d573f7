// JSON files that hold one object, with errors that name the file and the line. Nothing about what is in them.

import { FinetaleError } from '../recipe/error'

export type Json = Record<string, unknown>

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses a JSON object. @throws FinetaleError naming the file, and the line where it is broken */
export function parseJsonObject(text: string, name: string): Json {
  let value: unknown
  try {
    // Some editors put a byte order mark before the text; it is no part of it.
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unreadable text'
    const at = /position (\d+)/.exec(message)?.[1]
    const place = at === undefined ? '' : `, line ${text.slice(0, Number(at)).split('\n').length}`
    throw broken(name + place, message)
  }
  if (!isObject(value)) throw broken(name, Array.isArray(value) ? 'a list' : String(value))
  return value
}

function broken(name: string, found: string): FinetaleError {
  return new FinetaleError(
    `${name}: expected a JSON object, found ${found}.`,
    'Download the file again, or take it from another copy of the model.',
  )
}
