// A folder's tokenizer files: what is refused and with which line, and which tokens join from which file. Ids of texts
// are in tests/browser/tokenizer-texts.test.ts.

import { describe, expect, test } from 'vitest'
import { AddedTokens, type AddedToken } from '../../src/data/addedTokens'
import { byteAlphabet, gpt2Words, toByteAlphabet, wellFormed } from '../../src/data/byteLevel'
import { parseJsonObject, type Json } from '../../src/data/json'
import { textPipeline } from '../../src/data/textPipeline'
import { tokenizerParts, type TokenSettings } from '../../src/data/tokenizerFiles'
import { parseMerges, tokenizerFromVocab } from '../../src/data/vocabFiles'
import { FinetaleError } from '../../src/recipe/error'

const vocab = { a: 0, b: 1, '#': 2, ab: 3, '##': 4, '<|endoftext|>': 5 }
const none: TokenSettings = { tokenizerConfig: {}, specialTokensMap: {}, addedTokens: {}, config: {} }
const file = (model: Json, more: Json = {}): Json => ({
  model: { type: 'BPE', vocab, merges: [], ...model },
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true },
  post_processor: null,
  ...more,
})
const parts = (tokenizer: Json, settings: Partial<TokenSettings> = {}) =>
  tokenizerParts(tokenizer, { ...none, ...settings }, 'm/tokenizer.json')

describe('merges.txt', () => {
  test('with and without a first line, with carriage returns, empty lines and a mark at the start', () => {
    const expected = [
      ['#', '#'],
      ['a', 'b'],
    ]
    for (const text of ['#version: 0.2\n# #\na b\n', '# #\na b', '\uFEFF#version: 0.2\r\n# #\r\n\r\na b\r\n']) {
      expect(parseMerges(text, 'm/merges.txt', vocab)).toEqual(expected)
    }
  })

  test.each([
    ['#version: 0.2\na b\na\n', 'line 3: expected two tokens with a space between them, found "a"'],
    ['a b c', 'line 1: expected two tokens'],
    ['a  b', 'line 1: expected two tokens'],
    ['\na c\n', 'line 2: expected tokens of vocab.json, found "a c", but "c" is none'],
    ['b a', 'line 1: expected tokens of vocab.json, found "b a", but "ba" is none'],
    ['<html><body>no such file', 'line 1: expected'],
  ])('refuses %j by its line', (text, message) => {
    expect(() => parseMerges(text, 'm/merges.txt', vocab)).toThrow(`m/merges.txt, ${message}`)
  })

  test('an empty vocabulary is refused', () => {
    expect(() => tokenizerFromVocab({}, '', 'm')).toThrow('m/vocab.json')
  })
})

describe('JSON', () => {
  test('errors name the file and the line', () => {
    expect(() => parseJsonObject('{\n"a": 1,\n"b" 2}', 'm/vocab.json')).toThrow('m/vocab.json, line 3')
    expect(() => parseJsonObject('[]', 'm/vocab.json')).toThrow('m/vocab.json: expected a JSON object, found a list')
    expect(parseJsonObject('\uFEFF{"a":1}', 'x')).toEqual({ a: 1 })
  })
})

describe('tokenizer.json', () => {
  test.each<[string, Json, string]>([
    ['another kind', { model: { type: 'WordPiece', vocab } }, 'the type "WordPiece"'],
    ['no model', {}, 'no model'],
    ['an id that is no number', file({ vocab: { a: '0' } }), 'the id of "a", found "0"'],
    ['a negative id', file({ vocab: { a: -1 } }), 'the id of "a", found -1'],
    ['a merge of three', file({ merges: [['a', 'b', 'a']] }), 'as merge 1'],
    ['a merge outside the vocabulary', file({ merges: ['a b', 'b a'] }), 'merge 2, "b a", needs "ba"'],
    ['dropout', file({ dropout: 0.1 }), 'dropout'],
    ['a suffix', file({ end_of_word_suffix: '</w>' }), 'end_of_word_suffix'],
    ['another post-processor', file({}, { post_processor: { type: 'BertProcessing' } }), 'BertProcessing'],
  ])('refuses %s', (_, tokenizer, message) => {
    expect(() => parts(tokenizer)).toThrow(FinetaleError)
    expect(() => parts(tokenizer)).toThrow(message)
  })

  const template = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: 'a', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    special_tokens: { a: { id: 'a', ids: [0], tokens: ['a'] } },
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false }
  const sequence = (...processors: Json[]) => ({ type: 'Sequence', processors })
  test.each<[Json | null, number[]]>([
    [null, []],
    [byteLevel, []],
    [sequence(), []],
    [sequence(byteLevel), []],
    [sequence(byteLevel, template), [0]],
    [sequence(sequence(template), byteLevel), [0]],
  ])('the post-processor %j puts its ids before a text', (post_processor, prefix) => {
    expect(parts(file({}, { post_processor }))).toMatchObject({ prefix, suffix: [] })
  })

  test.each([
    [sequence(byteLevel, { type: 'BertProcessing' }), 'BertProcessing'],
    [sequence(template, template), 'at most one TemplateProcessing'],
  ])('refuses a sequence of other post-processors', (post_processor, message) => {
    expect(() => parts(file({}, { post_processor }))).toThrow(message)
  })

  test.each<[Json, string]>([
    [{ pre_tokenizer: null }, 'pre-tokenizer null'],
    [{ pre_tokenizer: { type: 'Metaspace' } }, 'Metaspace'],
    [{ pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } }, 'Split'],
    [{ pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits' }] } }, 'Sequence'],
    [{ normalizer: { type: 'Precompiled' } }, 'Precompiled'],
    [{ normalizer: { type: 'Sequence', normalizers: [{ type: 'Nmt' }] } }, 'Nmt'],
  ])('refuses the step %j by name', (more, message) => {
    expect(() => textPipeline(file({}, more), 'm/tokenizer.json')).toThrow(message)
  })

  test('the end-of-text token of a GPT-2 tokenizer is special also where no file says so', () => {
    expect(parts(file({})).added).toMatchObject([{ id: 5, content: '<|endoftext|>', special: true, normalized: false }])
    expect(parts(file({}), { tokenizerConfig: { tokenizer_class: 'PreTrainedTokenizerFast' } }).added).toEqual([])
  })

  test('tokens of the settings take their id from the vocabulary, from the file, or the next one', () => {
    const { added } = parts(file({}), {
      tokenizerConfig: {
        bos_token: '<|endoftext|>',
        eos_token: '<|endoftext|>',
        unk_token: { content: '<|endoftext|>', lstrip: true },
        pad_token: '[PAD]',
        added_tokens_decoder: { 9: { content: '[NINE]', special: false } },
        additional_special_tokens: ['[MORE]'],
      },
    })
    expect(added.map(({ content, id }) => [content, id])).toEqual([
      ['[NINE]', 9],
      ['<|endoftext|>', 5],
      ['[PAD]', 10],
      ['[MORE]', 11],
    ])
    expect(added.map(({ lstrip, normalized }) => [lstrip, normalized])).toEqual([
      [false, true],
      [true, false],
      [false, false],
      [false, false],
    ])
  })

  test('the space before a text is GPT-2’s choice, or that of the settings, or the file’s', () => {
    const prefixed = (config: Json) => parts(file({}), { tokenizerConfig: config }).tokenizer.pre_tokenizer
    expect(prefixed({})).toMatchObject({ add_prefix_space: false })
    expect(prefixed({ add_prefix_space: true })).toMatchObject({ add_prefix_space: true })
    expect(prefixed({ tokenizer_class: 'PreTrainedTokenizerFast' })).toMatchObject({ add_prefix_space: true })
  })
})

describe('text', () => {
  test('words by GPT-2’s pattern, with the white space of Unicode', () => {
    expect([...gpt2Words("I'm  here\u0085\u0085x")]).toEqual(['I', "'m", ' ', ' here', '\u0085', '\u0085', 'x'])
    expect([...gpt2Words('\uFEFFmark ?!\n')]).toEqual(['\uFEFF', 'mark', ' ?!', '\n'])
    // A letter of Unicode 17 is no letter yet.
    expect([...gpt2Words('ab\u088Fc')]).toEqual(['ab', '\u088F', 'c'])
    for (const text of ['', ' ', "x's \t\u3000\n 12ab\u{1F600}"]) expect([...gpt2Words(text)].join('')).toBe(text)
  })

  test('the byte alphabet has 256 letters, none of them a space', () => {
    expect(new Set(byteAlphabet).size).toBe(256)
    expect([byteAlphabet[0], byteAlphabet[10], byteAlphabet[32], byteAlphabet[65], byteAlphabet[173]]).toEqual([
      'Ā',
      'Ċ',
      'Ġ',
      'A',
      'Ń',
    ])
    expect(toByteAlphabet(' é\n')).toBe('ĠÃ©Ċ')
  })

  test('halves of surrogate pairs become replacement marks, whole pairs stay', () => {
    expect(wellFormed('a\uD83Db\uDE00\u{1F600}')).toBe('a\uFFFDb\uFFFD\u{1F600}')
  })

  test('very long words and runs of white space do not break the pattern', () => {
    for (const text of ['a'.repeat(300_000), '\u088F' + 'a'.repeat(300_000), ' '.repeat(300_000) + 'x']) {
      let length = 0
      for (const word of gpt2Words(text)) length += word.length
      expect(length).toBe(text.length)
    }
  })

  test('added tokens: leftmost, then longest, alone where they must be, with the space they take along', () => {
    const token = (id: number, content: string, flags: Partial<AddedToken> = {}): AddedToken => ({
      ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
      ...flags,
    })
    const tokens = new AddedTokens(
      [
        token(1, '<a>'),
        token(2, '<a><b>'),
        token(3, 'word', { single_word: true }),
        token(4, '|', { lstrip: true, rstrip: true }),
        token(5, 'É', { normalized: true }),
      ],
      (text) => text.toLowerCase(),
    )
    expect(tokens.split('x<a><b><a>')).toEqual(['x', 2, 1])
    expect(tokens.split('word words sword-word_ WORD')).toEqual([3, ' words sword-word_ word'])
    expect(tokens.split('a \n | \u0085b')).toEqual(['a', 4, 'b'])
    expect(tokens.split('É<a>é')).toEqual([5, 1, 5])
    expect(tokens.split('')).toEqual([])
  })
})
