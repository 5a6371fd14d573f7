// The byte alphabet and the word pattern of byte-level BPE, as Python's tokenizers have them. Pure text to text: it
// knows no vocabulary and no files.

/**
 * Letters, numbers and marks that came with Unicode 17. The classes of Python's tokenizers are those of Unicode 16,
 * while a browser's are those of its own year; without this list the ids of such text would depend on the browser.
 */
export const newerLetters =
  '\\u{88F}\\u{C5C}\\u{CDC}\\u{1ACF}-\\u{1ADD}\\u{1AE0}-\\u{1AEB}' +
  '\\u{A7CE}-\\u{A7CF}\\u{A7D2}\\u{A7D4}\\u{A7F1}\\u{10940}-\\u{10959}' +
  '\\u{10EC5}-\\u{10EC7}\\u{10EFA}-\\u{10EFB}\\u{11B60}-\\u{11B67}\\u{11DB0}-\\u{11DDB}\\u{11DE0}-\\u{11DE9}' +
  '\\u{16EA0}-\\u{16EB8}\\u{16EBB}-\\u{16ED3}\\u{16FF2}-\\u{16FF6}\\u{187F8}-\\u{187FF}\\u{18D09}-\\u{18D1E}' +
  '\\u{18D80}-\\u{18DF2}\\u{1E6C0}-\\u{1E6DE}\\u{1E6E0}-\\u{1E6F5}\\u{1E6FE}-\\u{1E6FF}\\u{2B73A}-\\u{2B73F}' +
  '\\u{2CEA2}-\\u{2CEAD}\\u{323B0}-\\u{33479}'

/** Each is one code point; `space` is what Python and Rust call white space, which differs from JavaScript's \s. */
const letter = `(?:(?![${newerLetters}])\\p{L})`
const number = `(?:(?![${newerLetters}])\\p{N})`
const space = '\\p{White_Space}'
const other = `(?:[${newerLetters}]|[^${space}\\p{L}\\p{N}])`

/**
 * GPT-2's word pattern. JavaScript's \s has U+FEFF and lacks U+0085, so the property is named instead: with \s a byte
 * order mark would be torn from the word it stands before.
 */
function gpt2Pattern(l: string, n: string, o: string): RegExp {
  const contractions = "'s|'t|'re|'ve|'m|'ll|'d"
  return new RegExp(`${contractions}| ?${l}+| ?${n}+| ?${o}+|${space}+(?!\\P{White_Space})|${space}+`, 'gu')
}

const hasNewer = new RegExp(`[${newerLetters}]`, 'u')
const exactWords = gpt2Pattern(letter, number, other)
/** The same for text without the newer characters, and several times as fast. */
const plainWords = gpt2Pattern('\\p{L}', '\\p{N}', `[^${space}\\p{L}\\p{N}]`)

/** The words of a text by GPT-2's pattern, one after another: together they are the text. */
export function* gpt2Words(text: string): Generator<string> {
  const pattern = hasNewer.test(text) ? exactWords : plainWords
  for (const match of text.matchAll(pattern)) yield match[0]
}

/** Characters that stand for bytes: printable Latin-1 for itself, U+0100 and on for the other bytes in their order. */
export const byteAlphabet: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const printable = (code: number) => (code > 32 && code < 127) || (code > 160 && code !== 173)
  if (printable(byte)) return String.fromCharCode(byte)
  let before = 0
  for (let code = 0; code < byte; code++) if (!printable(code)) before++
  return String.fromCharCode(256 + before)
})

const utf8 = new TextEncoder()

/** A text's UTF-8 bytes, written in the byte alphabet. */
export function toByteAlphabet(text: string): string {
  let mapped = ''
  for (const byte of utf8.encode(text)) mapped += byteAlphabet[byte] ?? ''
  return mapped
}

const surrogates = /\p{Cs}/gu

/**
 * The text with U+FFFD for each half of a surrogate pair that stands alone. Such a half is no character and has no
 * UTF-8, so Python refuses the whole text; one replacement mark is what the browser itself puts in its place.
 */
export function wellFormed(text: string): string {
  return text.replace(surrogates, '\uFFFD')
}
