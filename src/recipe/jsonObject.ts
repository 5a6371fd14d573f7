// A JSON object from a link or a file, or a sentence that says what was found in its place. It knows no fields.

import { FinetaleError } from './error'

/**
 * The object that `json` is, or that it is the text of. Throws FinetaleError.
 * @param what how a sentence names it, for example "recipe"
 * @param example an object of that kind, as text
 */
export function jsonObject(json: unknown, what: string, example: string): object {
  const value = typeof json === 'string' ? parse(json, what, example) : json
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new FinetaleError(
    `The ${what} is not a JSON object: expected {"field": value}, found ${describe(value)}.`,
    `Write the ${what} as one JSON object, for example ${example}.`,
  )
}

/** A value as a sentence names it. */
export function describe(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? String(value)
}

function parse(text: string, what: string, example: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new FinetaleError(
      `The ${what} is not JSON: expected an object, found "${text.slice(0, 40)}".`,
      `Write the ${what} as one JSON object, for example ${example}.`,
    )
  }
}
