// Cuts CSV text that comes in pieces into whole rows and makes every row's end one LF, so that one file may mix CR, LF and
// CRLF. Inside quotes nothing is touched. It splits no fields: papaparse does, and both agree on where a quote closes.
// Text behind a closing quote, as in `"Hi," she said.`, belongs to the field, as in Python; it is put inside the quotes.

const QUOTE = '"'

/** What the next character belongs to. */
type State = 'field start' | 'plain' | 'quoted' | 'behind quote'

/** What was found in a quoted field: its end, a quote that ends only its quoted part, or neither up to `at`. */
interface Closing {
  readonly at: number
  readonly closed?: boolean
  readonly stray?: boolean
  readonly waits?: boolean
}

export class RowCutter {
  readonly #delimiter: string
  #state: State = 'field start'
  /** Text not yet looked at, because what it means depends on what follows. */
  #pending = ''
  /** Looked at, but its row is not complete. */
  #row = ''
  /** Where in the text at hand a quote closes its field; the ones before it on that line are text. */
  #closesAt = -1
  /** Up to where in the text at hand no quote closes a field: the end of a line that was looked through. */
  #noneUntil = -1

  /** @param delimiter one character */
  constructor(delimiter: string) {
    this.#delimiter = delimiter
  }

  /** True after the last piece when a quoted field was never closed. */
  get open(): boolean {
    return this.#state === 'quoted'
  }

  /**
   * @param last no further piece follows
   * @returns the rows that are complete by now, each ended by LF; '' when none is
   */
  push(piece: string, last: boolean): string {
    const text = this.#pending + piece
    let out = this.#row
    let complete = 0
    let from = 0
    let at = 0
    this.#closesAt = -1
    this.#noneUntil = -1
    while (at < text.length) {
      if (this.#state === 'field start') {
        const quoted = text[at] === QUOTE
        this.#state = quoted ? 'quoted' : 'plain'
        if (quoted) at++
      } else if (this.#state === 'quoted') {
        const end = this.#closing(text, at, last)
        if (end.waits === true) {
          at = end.at
          break
        }
        at = end.at
        if (end.closed === true) this.#state = 'plain'
        else if (end.stray === true) {
          out += text.slice(from, at)
          from = ++at
          this.#state = 'behind quote'
        }
      } else if (this.#state === 'behind quote') {
        const character = text[at]!
        if (character === QUOTE) {
          out += text.slice(from, at) + QUOTE
          from = at++
        } else if (character === this.#delimiter || character === '\n' || character === '\r') {
          out += text.slice(from, at) + QUOTE
          from = at
          this.#state = 'plain'
        } else at++
      } else {
        const character = text[at]
        if (character === this.#delimiter) this.#state = 'field start'
        else if (character === '\n' || character === '\r') {
          // A CR at the end of a piece may be half of a CRLF.
          if (character === '\r' && at + 1 === text.length && !last) break
          out += text.slice(from, at) + '\n'
          if (character === '\r' && text[at + 1] === '\n') at++
          from = at + 1
          complete = out.length
          this.#state = 'field start'
        }
        at++
      }
    }
    out += text.slice(from, at)
    if (last && this.#state === 'behind quote') out += QUOTE
    this.#pending = text.slice(at)
    if (last && out.length > complete) {
      out += '\n'
      complete = out.length
    }
    this.#row = out.slice(complete)
    return out.slice(0, complete)
  }

  /**
   * Looks for the quote that closes a field: one that is not doubled and stands before a delimiter or a row's end. Others
   * are text as long as one on the same line closes the field; else the first of them ends the quoted part.
   */
  #closing(text: string, from: number, last: boolean): Closing {
    const quote = text.indexOf(QUOTE, from)
    if (quote < 0) return { at: text.length }
    if (text[quote + 1] === QUOTE) return { at: quote + 2 }
    const next = this.#behind(text, quote, last)
    if (next === null) return { at: quote, waits: true }
    if (next >= 0) return { at: next, closed: true }
    const later = quote < this.#closesAt || this.#closesOnLine(text, quote + 1, last)
    if (later === null) return { at: quote, waits: true }
    return later ? { at: quote + 1 } : { at: quote, stray: true }
  }

  /** Where a field ends that the quote closes; -1 when it does not, null when that depends on what follows. */
  #behind(text: string, quote: number, last: boolean): number | null {
    let next = quote + 1
    while (next < text.length && this.#isSpace(text[next]!)) next++
    if (next === text.length) return last ? next : null
    const after = text[next]
    return after === this.#delimiter || after === '\n' || after === '\r' ? next : -1
  }

  #closesOnLine(text: string, from: number, last: boolean): boolean | null {
    // Each quote that is asked about stands before another character, so all see the same pairs in what follows.
    if (from <= this.#noneUntil) return false
    for (let at = from; at < text.length; at++) {
      if (text[at] === '\n' || text[at] === '\r') {
        this.#noneUntil = at
        return false
      }
      if (text[at] !== QUOTE) continue
      if (text[at + 1] === QUOTE) at++
      else {
        const next = this.#behind(text, at, last)
        if (next === null) return null
        if (next < 0) continue
        this.#closesAt = at
        return true
      }
    }
    if (!last) return null
    this.#noneUntil = text.length
    return false
  }

  #isSpace(character: string): boolean {
    return character !== this.#delimiter && character !== '\n' && character !== '\r' && character.trim() === ''
  }
}
