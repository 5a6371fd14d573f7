// Cuts a text into the JSON values that stand in it one after the other, whatever lies between them: nothing, commas, line
// ends, the record separators of RFC 7464. It finds where strings and values end and parses none: a regular expression over
// a string of some million characters would run out of stack.

export interface JsonPiece {
  readonly source: string
  /** Lines of the text before it. */
  readonly line: number
}

const BETWEEN = /[\s,\x1e]*/y
const VALUE_START = /\s*:\s*/y
const PLAIN_VALUE = /[^\s,}]*/y

/** Where a string ends whose first quote is at `from`: behind its last quote, or at the line end that no string may hold. */
function endOfString(text: string, from: number): { end: number; whole: boolean } {
  for (let at = from + 1; at < text.length; at++) {
    const character = text[at]
    if (character === '"') return { end: at + 1, whole: true }
    if (character === '\n' || character === '\r') return { end: at, whole: false }
    if (character === '\\') at++
  }
  return { end: text.length, whole: false }
}

/** NaN and infinities, which Python's json writes though they are no JSON, become null; those in strings stay. */
export function nonFiniteAsNull(text: string): string {
  const next = /"|-?\b(?:NaN|Infinity)\b/g
  let [out, from] = ['', 0]
  for (let found = next.exec(text); found !== null; found = next.exec(text)) {
    if (found[0] === '"') next.lastIndex = endOfString(text, found.index).end
    else {
      out += `${text.slice(from, found.index)}null`
      from = next.lastIndex
    }
  }
  return out + text.slice(from)
}

/** The end of the list or object at `from`; a string that is cut off ends it with its line, so that others are found. */
function endOf(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      const { end, whole } = endOfString(text, at)
      if (!whole) return end
      at = end - 1
    } else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1
  }
  return text.length
}

/** One name of an object as it stands in the text, and where its value does. */
export interface JsonMember {
  readonly name: string
  readonly value: string
}

/**
 * The members of an object that is valid JSON, in the order of the text. JavaScript's own objects do not keep it: they
 * give names that are whole numbers first, by size.
 */
export function jsonMembers(source: string): JsonMember[] {
  const members = new Map<string, JsonMember>()
  let at = source.indexOf('{') + 1
  for (;;) {
    const quote = source.indexOf('"', at)
    // Behind the last value no quote follows.
    if (at === 0 || quote < 0) return [...members.values()]
    const nameEnd = endOfString(source, quote).end
    const name = JSON.parse(source.slice(quote, nameEnd)) as string
    VALUE_START.lastIndex = nameEnd
    const from = nameEnd + (VALUE_START.exec(source)?.[0].length ?? 0)
    const first = source[from]
    PLAIN_VALUE.lastIndex = from
    if (first === '"') at = endOfString(source, from).end
    else if (first === '{' || first === '[') at = endOf(source, from)
    else at = from + (PLAIN_VALUE.exec(source)?.[0].length ?? 0)
    // Of two with one name the later value counts, in the place of the first: as in Python and in JavaScript.
    members.set(name, { name, value: source.slice(from, at) })
  }
}

/** The values in their order; a broken one is a piece too. */
export function jsonPieces(text: string): JsonPiece[] {
  const pieces: JsonPiece[] = []
  let [at, line, counted] = [0, 0, 0]
  for (;;) {
    BETWEEN.lastIndex = at
    at += BETWEEN.exec(text)?.[0].length ?? 0
    if (at >= text.length) return pieces
    const container = text[at] === '{' || text[at] === '['
    const rest = container ? -1 : text.slice(at).search(/[\r\n]/)
    const end = container ? endOf(text, at) : rest < 0 ? text.length : at + rest
    line += text.slice(counted, at).match(/\r\n?|\n/g)?.length ?? 0
    counted = at
    pieces.push({ source: text.slice(at, end), line })
    at = end
  }
}
