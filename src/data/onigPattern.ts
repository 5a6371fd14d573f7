// Patterns of Oniguruma, as Python's tokenizers run them, written as JavaScript's: the same classes, line ends and letters
// without regard to case. What has no exact counterpart is named and refused; nothing is passed on as it stands.

import { newerLetters } from './byteLevel'

/** A part of a pattern that JavaScript cannot follow exactly. */
export class UnmappedError extends Error {}

/** Signs that came with Unicode 17, as newerLetters are its letters. */
const newerSigns =
  '\\u{20C1}\\u{2B96}\\u{FBC3}-\\u{FBD2}\\u{FD90}-\\u{FD91}\\u{FDC8}-\\u{FDCE}\\u{10ED0}-\\u{10ED8}' +
  '\\u{1CCFA}-\\u{1CCFC}\\u{1CEBA}-\\u{1CED0}\\u{1CEE0}-\\u{1CEF0}\\u{1F6D8}\\u{1F777}-\\u{1F77A}' +
  '\\u{1F8D0}-\\u{1F8D8}\\u{1FA54}-\\u{1FA57}\\u{1FA8A}\\u{1FA8E}\\u{1FAC8}\\u{1FACD}\\u{1FAEA}' +
  '\\u{1FAEF}\\u{1FBFA}'
const newer = `[${newerLetters}${newerSigns}]`
/** A class without what came after the Unicode tables of Python's tokenizers, and its complement. */
const without = (set: string) => `[${set}--${newer}]`
const not = (set: string) => `[^${set}]`

const word = without('[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]')
const digit = without('\\p{Nd}')
const space = '\\p{White_Space}'
const hex = '[0-9A-Fa-f]'
const classes: Readonly<Record<string, string>> = {
  ...{ w: word, W: not(word), d: digit, D: not(digit), s: space, S: not(space), h: hex, H: not(hex) },
}
/** Alone, and not in a class, the fractions and small digits of Latin-1 are parts of words. */
const wordAlone = `[${word}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}]`
const alone: Readonly<Record<string, string>> = { [word]: wordAlone, [not(word)]: not(wordAlone) }
/** A letter that changed its category with Unicode 17. */
const moved: Readonly<Record<string, string>> = { Ll: '[\\p{Ll}\\u{295}]', Lo: '[\\p{Lo}--[\\u{295}]]' }
const posix: Readonly<Record<string, string>> = { alpha: without('\\p{Alphabetic}'), digit, space, word, xdigit: hex }
const characters: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 }
const anchors: Readonly<Record<string, string>> = {
  '^': '(?:^|(?<=\\n)(?=\\p{Any}))',
  $: '(?=\\n|$)',
  A: '^',
  z: '$',
  Z: '(?=\\n?$)',
}
/** General categories in their short form, `Cn` and `C` aside, and what else both sides call alike. */
const property = /^(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfo]|Alphabetic|White_Space)$/
const scripts = /^(?:Latin|Greek|Cyrillic|Armenian|Hebrew|Arabic|Devanagari|Bengali|Thai|Hangul|Hiragana|Katakana|Han|Bopomofo)$/ // prettier-ignore
/** Letters that Oniguruma takes for one character of their own where case does not count, as the ff of a ligature. */
const joined = /^(?:ss|st|ff|fi|fl)$/i

interface Part {
  readonly source: string
  /** True when it matches the empty text. */
  readonly empty: boolean
}

const literal = (code: number) => `\\u{${code.toString(16)}}`

class Translator {
  readonly #text: readonly string[]
  #at = 0
  #ignoreCase = false
  #dotAll = false
  /** The letter before, where case does not count. */
  #before = ''

  constructor(pattern: string) {
    this.#text = Array.from(pattern)
  }

  translate(): string {
    const { source } = this.#alternatives()
    return this.#at < this.#text.length ? this.#refuse(')') : source
  }

  #refuse(what: string): never {
    throw new UnmappedError(what)
  }

  /** What stands next, without taking it. */
  #looking(at: string): boolean {
    return at === this.#text.slice(this.#at, this.#at + at.length).join('')
  }

  #take(expected: string): boolean {
    const there = this.#looking(expected)
    if (there) this.#at += expected.length
    return there
  }

  /** What an expression finds next, taken. */
  #find(pattern: RegExp): RegExpExecArray | null {
    const found = pattern.exec(this.#text.slice(this.#at, this.#at + 64).join(''))
    if (found !== null) this.#at += Array.from(found[0]).length
    return found
  }

  #next(): string {
    return this.#text[this.#at++] ?? this.#refuse('an end in the middle')
  }

  /** Up to the end of the group or pattern. Options that a group begins with or that stand in it end with it. */
  #alternatives(): Part {
    const [ignoreCase, dotAll] = [this.#ignoreCase, this.#dotAll]
    let [source, empty, branch] = ['', false, true]
    while (this.#at < this.#text.length && !this.#looking(')')) {
      if (this.#take('|')) {
        source += '|'
        empty ||= branch
        branch = true
        this.#before = ''
      } else {
        const part = this.#repeated()
        source += part.source
        branch &&= part.empty
      }
    }
    this.#ignoreCase = ignoreCase
    this.#dotAll = dotAll
    return { source, empty: empty || branch }
  }

  #repeated(): Part {
    const isAnchor = /^(?:[\^$]|\\[AzZ]|\(\?(?:[=!#]|<[=!]|[a-z-]+\)))/.test(this.#text.slice(this.#at, this.#at + 12).join('')) // prettier-ignore
    const part = this.#atom()
    const times = this.#find(/^(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})/)?.[0]
    if (times === undefined) return part
    this.#before = ''
    const [, from = '', comma = '', to = ''] = /^\{(\d*)(,?)(\d*)\}$/.exec(times) ?? []
    if (isAnchor || (from !== '' && to !== '' && Number(from) > Number(to))) this.#refuse(times)
    const lazy = this.#take('?') ? '?' : ''
    // What may be empty is left at once there, and tried again here.
    if (part.empty && times !== '?') this.#refuse(`${times} behind what may be empty`)
    if (lazy !== '' && times.startsWith('{') && (from === '' || comma === '')) this.#refuse(`${times}?`)
    const more = this.#find(/^(?:[*+?]|\{\d*,?\d*\})/)?.[0]
    if (more !== undefined) this.#refuse(`${times}${lazy}${more}`)
    const empty = part.empty || times === '*' || times === '?' || (times.startsWith('{') && Number(from) === 0)
    return { source: `(?:${part.source})${from === '' && comma !== '' ? `{0,${to}}` : times}${lazy}`, empty }
  }

  #atom(): Part {
    const sign = this.#next()
    if (sign === '(') return this.#group()
    const one = (source: string): Part => {
      this.#before = ''
      return { source, empty: false }
    }
    const anchor = (source: string): Part => ({ ...one(source), empty: true })
    if (sign === '.') return one(this.#dotAll ? '\\p{Any}' : '[^\\n]')
    if (sign === '[') return one(this.#class())
    if (sign === '^' || sign === '$') return anchor(anchors[sign]!)
    if ('*+?'.includes(sign) || (sign === '{' && /^(?:\d+(?:,\d*)?|,\d+)\}/.test(this.#text.slice(this.#at, this.#at + 24).join('')))) this.#refuse(sign) // prettier-ignore
    if (sign !== '\\') return this.#letter(sign.codePointAt(0)!)
    const escaped = this.#text[this.#at] ?? ''
    if ('AzZ'.includes(escaped) && escaped !== '') {
      this.#at++
      return anchor(anchors[escaped]!)
    }
    const found = this.#escape()
    return typeof found === 'number' ? this.#letter(found) : one(alone[found] ?? found)
  }

  #letter(code: number): Part {
    const letter = String.fromCodePoint(code)
    const both = [letter.toLowerCase(), letter.toUpperCase()]
    if (!this.#ignoreCase) return { source: literal(code), empty: false }
    if (both.every((other) => other === letter)) {
      this.#before = ''
      return { source: literal(code), empty: false }
    }
    if (code > 127) this.#refuse(`${letter} without regard to case`)
    if (joined.test(this.#before + letter)) this.#refuse(`${this.#before}${letter} without regard to case`)
    this.#before = letter
    // The long s and the Kelvin sign are the same letters there.
    const third = /s/i.test(letter) ? '\\u{17f}' : /k/i.test(letter) ? '\\u{212a}' : ''
    return { source: `[${both.join('')}${third}]`, empty: false }
  }

  /** Behind a backslash: a class as its source, or the code of one character. */
  #escape(): string | number {
    const sign = this.#next()
    const set = classes[sign]
    if (set !== undefined) return set
    if (sign === 'p' || sign === 'P') return this.#property(sign === 'P')
    if (characters[sign] !== undefined) return characters[sign]
    const code = sign === 'x' ? this.#find(/^(?:\{([0-9A-Fa-f]{1,6})\}|([0-7][0-9A-Fa-f]))/) : sign === 'u' ? this.#find(/^([0-9A-Fa-f]{4})/) : null // prettier-ignore
    if (code !== null) {
      const value = Number.parseInt(code[1] ?? code[2] ?? '', 16)
      return value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? this.#refuse(`\\${sign}${code[0]}`) : value
    }
    // Letters and digits behind a backslash are all something else: borders of words, groups from before, bytes.
    return /[0-9A-Za-z]/.test(sign) ? this.#refuse(`\\${sign}`) : sign.codePointAt(0)!
  }

  #property(inverted: boolean): string {
    const found = this.#find(/^\{(\^?)([\w ]+)\}/)
    const [whole = '', hat = '', name = ''] = found ?? []
    const source = property.test(name)
      ? (moved[name] ?? `\\p{${name}}`)
      : scripts.test(name)
        ? `\\p{Script=${name}}`
        : ''
    if (source === '' || this.#ignoreCase) this.#refuse(`\\${inverted ? 'P' : 'p'}${whole}`)
    return inverted === (hat === '^') ? without(source) : not(without(source))
  }

  #class(): string {
    const inverted = this.#take('^')
    if (this.#looking(']')) this.#refuse('[]')
    let items = ''
    while (!this.#take(']')) {
      if (this.#looking('&&')) this.#refuse('&&')
      const name = this.#find(/^\[:(\w+):\]/)?.[1]
      let item: string | number
      if (name !== undefined) item = posix[name] ?? this.#refuse(`[:${name}:]`)
      else if (this.#take('[')) item = this.#class()
      else if (this.#take('\\')) item = this.#escape()
      else item = this.#next().codePointAt(0)!
      const isRange = this.#looking('-') && this.#text[this.#at + 1] !== ']'
      if (typeof item === 'string') {
        if (isRange) this.#refuse('a range behind a class')
        items += item
        continue
      }
      let last = item
      if (isRange) {
        this.#at++
        const end = this.#take('\\') ? this.#escape() : this.#next().codePointAt(0)!
        if (typeof end === 'string' || end < item || end === 0x5b) this.#refuse('a range up to a class')
        last = end
      }
      if (this.#ignoreCase && (last > item || /\p{Cased}/u.test(String.fromCodePoint(item)))) this.#refuse('a class without regard to case') // prettier-ignore
      items += last > item ? `${literal(item)}-${literal(last)}` : literal(item)
    }
    return inverted ? `[^${items}]` : `[${items}]`
  }

  #group(): Part {
    if (this.#find(/^\?#[^)]*\)/) !== null) return { source: '', empty: true }
    const look = this.#find(/^\?(?:[=!]|<[=!])/)?.[0]
    const options = look === undefined ? this.#find(/^\?([im]*)(?:-([im]*))?([:)])/) : null
    if (look === undefined && options === null && this.#find(/^\?<[A-Za-z_]\w*>/) === null && this.#looking('?')) {
      this.#refuse(`(${this.#text.slice(this.#at, this.#at + 2).join('')}`)
    }
    const [ignoreCase, dotAll] = [this.#ignoreCase, this.#dotAll]
    const [, on = '', off = '', end = ''] = options ?? []
    this.#ignoreCase = (ignoreCase || on.includes('i')) && !off.includes('i')
    this.#dotAll = (dotAll || on.includes('m')) && !off.includes('m')
    this.#before = ''
    const { source, empty } = this.#alternatives()
    this.#ignoreCase = ignoreCase
    this.#dotAll = dotAll
    // An option alone holds to the end of the group it stands in, its alternatives included.
    if (end !== ')' && !this.#take(')')) this.#refuse('(')
    return { source: `(${look ?? '?:'}${source})`, empty: empty || look !== undefined }
  }
}

/**
 * The pattern as one of JavaScript.
 * @throws UnmappedError naming the part that cannot be followed exactly
 */
export function onigPattern(pattern: string): RegExp {
  const source = new Translator(pattern).translate()
  try {
    return new RegExp(source, 'gv')
  } catch {
    throw new UnmappedError(pattern)
  }
}
