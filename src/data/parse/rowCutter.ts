// Cuts CSV text that comes in pieces into whole rows and makes every row's end one LF, so that one file may mix CR, LF and
// CRLF. Inside quotes nothing is touched. It splits no fields: papaparse does, and both agree on where a quote closes.

const QUOTE = '"'

/** What the next character belongs to. */
type State = 'field start' | 'plain' | 'quoted'

export class RowCutter {
  readonly #delimiter: string
  #state: State = 'field start'
  /** Text not yet looked at, because what it means depends on what follows. */
  #pending = ''
  /** Looked at, but its row is not complete. */
  #row = ''

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
    while (at < text.length) {
      if (this.#state === 'field start') {
        const quoted = text[at] === QUOTE
        this.#state = quoted ? 'quoted' : 'plain'
        if (quoted) at++
      } else if (this.#state === 'quoted') {
        const end = this.#closing(text, at, last)
        if (end.waits) {
          at = end.at
          break
        }
        at = end.at
        if (end.closed) this.#state = 'plain'
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
    this.#pending = text.slice(at)
    if (last && out.length > complete) {
      out += '\n'
      complete = out.length
    }
    this.#row = out.slice(complete)
    return out.slice(0, complete)
  }

  /** Looks for the quote that closes a field: one that is not doubled and stands before a delimiter or a row's end. */
  #closing(text: string, from: number, last: boolean): { at: number; closed: boolean; waits: boolean } {
    const quote = text.indexOf(QUOTE, from)
    if (quote < 0) return { at: text.length, closed: false, waits: false }
    if (text[quote + 1] === QUOTE) return { at: quote + 2, closed: false, waits: false }
    let next = quote + 1
    while (next < text.length && this.#isSpace(text[next]!)) next++
    if (next === text.length && !last) return { at: quote, closed: false, waits: true }
    const after = text[next]
    const closed = after === undefined || after === this.#delimiter || after === '\n' || after === '\r'
    return closed ? { at: next, closed, waits: false } : { at: quote + 1, closed, waits: false }
  }

  #isSpace(character: string): boolean {
    return character !== this.#delimiter && character !== '\n' && character !== '\r' && character.trim() === ''
  }
}
