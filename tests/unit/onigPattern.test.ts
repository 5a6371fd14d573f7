// Split patterns against Python's tokenizers: classes over all code points, words of odd texts, and what is refused by name.

import { describe, expect, test } from 'vitest'
import source from '../golden/tokenizer/fragments.json'
import golden from '../golden/tokenizer/splits.json'
import { onigPattern } from '../../src/data/onigPattern'
import { textPipeline } from '../../src/data/textPipeline'
import { FinetaleError } from '../../src/recipe/error'
import { bytesOf, crc32 } from '../../src/formats/crc32'
import { oddTexts, type TextSource } from '../support/oddTexts'

const points: string[] = []
for (let code = 0; code < 0x110000; code++) if (code < 0xd800 || code >= 0xe000) points.push(String.fromCodePoint(code))
const texts = oddTexts(source as unknown as TextSource, golden.seed, golden.count)

function pipeline(pattern: unknown, behavior = 'Isolated', invert = false) {
  const split = { type: 'Split', pattern, behavior, invert }
  const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
  return textPipeline({ pre_tokenizer: { type: 'Sequence', pretokenizers: [split, bytes] } }, 'm/tokenizer.json')
}
const words = (text: string, regex: string, behavior?: string) => [...pipeline({ Regex: regex }, behavior).words(text)]

test.each(golden.classes)('the class %s holds what it does in Python', (regex, sum) => {
  const pattern = new RegExp(onigPattern(regex as string).source, 'v')
  expect(crc32(Uint8Array.from(points, (point) => Number(pattern.test(point))))).toBe(sum)
})

test.each(golden.splits)('the words by %s, %s, are those of Python', (regex, behavior, sum) => {
  const { words } = pipeline({ Regex: regex }, behavior as string)
  let crc = 0
  for (const text of texts) {
    const lengths = Array.from(words(text), (word) => word.length)
    crc = crc32(bytesOf(Int32Array.of(lengths.length, ...lengths)), crc)
  }
  expect(crc).toBe(sum)
})

describe('patterns', () => {
  test('letters of other scripts are letters, also in classes', () => {
    expect(words('caf\u00e9 na\u00efve', '\\w+')).toEqual(['caf\u00c3\u00a9', '\u0120', 'na\u00c3\u00afve'])
    expect(words('\u00e9-e', '[\\w]+')).toEqual(['\u00c3\u00a9', '-', 'e'])
  })

  test('a text that is nowhere, and a place without a text', () => {
    expect([...pipeline({ String: '' }).words('ab')]).toEqual(['ab'])
    expect([...pipeline({ String: '.' }, 'Removed').words('a.b')]).toEqual(['a', 'b'])
    expect(words('aBcDE', '(?=[A-Z])')).toEqual(['a', 'Bc', 'D', 'E'])
    expect(words('a\u{1f600}b', '(?!\\w)').map((word) => word.length)).toEqual([1, 5])
  })

  test.each([
    ['\\bfoo\\b', '\\b'],
    ['\\Bfoo', '\\B'],
    ['a++', '++'],
    ['a?+', '?+'],
    ['(a)\\1', '\\1'],
    ['(?>a)', '(?>'],
    ['(?x:a b)', '(?x'],
    ['\\X', '\\X'],
    ['\\R', '\\R'],
    ['\\G', '\\G'],
    ['\\k<n>', '\\k'],
    ['\\xE9', '\\x'],
    ['[a&&b]', '&&'],
    ['[[:punct:]]', '[:punct:]'],
    ['\\p{Emoji}', '\\p{Emoji}'],
    ['\\pL', '\\p'],
    ['(?i:strass)', 'st without regard to case'],
    ['(?i:\u00e9)', '\u00e9 without regard to case'],
    ['(?i:[a-c])', 'a class without regard to case'],
    ['a{2}?', '{2}?'],
    ['a{1,2}+', '{1,2}+'],
    ['(a|)*', '* behind what may be empty'],
    ['(?=a)*', '*'],
    ['(', '('],
    ['a)', ')'],
    ['[a', 'an end in the middle'],
  ])('%s is refused for its %s', (regex, found) => {
    const refused = () => pipeline({ Regex: regex })
    expect(refused).toThrow(FinetaleError)
    expect(refused).toThrow(`m/tokenizer.json: expected a Split pattern that can be followed exactly here, found ${found} in`) // prettier-ignore
  })
})
