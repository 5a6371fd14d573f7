// Known layouts, the user's choice, and what cells of each kind are worth as text.

import { describe, expect, test } from 'vitest'
import { conversationOf, textOf } from '../../src/data/cells'
import { chooseColumns } from '../../src/data/columns'

describe('recognised layouts', () => {
  test.each([
    [['id', 'text', 'target'], 'text + target', 'text', 'target'],
    [['TARGET ', ' Text'], 'text + target', ' Text', 'TARGET '],
    [['text', 'label'], 'text', 'text', ''],
    [['prompt', 'completion'], 'prompt + completion', 'prompt', 'completion'],
    [['prompt', 'response'], 'prompt + completion', 'prompt', 'response'],
    [['instruction', 'input', 'output'], 'Alpaca', 'instruction + input', 'output'],
    [['instruction', 'output'], 'Alpaca', 'instruction', 'output'],
    [['instruction', 'context', 'response', 'category'], 'Alpaca', 'instruction + context', 'response'],
    [['id', 'messages'], 'messages', 'messages', ''],
    [['id', 'conversations'], 'conversations', 'conversations', ''],
    [['question', 'answer'], 'question + answer', 'question', 'answer'],
    [['title', 'story'], 'documents', 'story', ''],
    [['whatever'], 'documents', 'whatever', ''],
  ])('%j', (columns, layout, text, target) => {
    expect(chooseColumns(columns)).toMatchObject({ layout, mapping: { text, target } })
  })

  test.each([[['name', 'tale']], [['prompt', 'chosen']], [[]]])('%j tells nothing', (columns) => {
    expect(chooseColumns(columns)).toBeNull()
  })
})

describe('the user’s choice', () => {
  const columns = ['instruction', 'input', 'output', 'a + b', 'text', 'target']

  test('comes before what is recognised', () => {
    expect(chooseColumns(columns, { text: 'output', target: '' })).toMatchObject({ layout: '', text: ['output'], target: [] }) // prettier-ignore
    expect(chooseColumns(columns, { text: 'INSTRUCTION + input', target: 'output' })).toMatchObject({
      text: ['instruction', 'input'],
      mapping: { text: 'instruction + input', target: 'output' },
    })
    expect(chooseColumns(columns, { text: 'a + b', target: '' })?.text).toEqual(['a + b'])
    expect(chooseColumns(columns, { text: 'text', target: 'target' })?.layout).toBe('text + target')
  })

  test('of a column that is not there is none', () => {
    expect(chooseColumns(columns, { text: 'story', target: '' })).toBeNull()
    expect(chooseColumns(columns, { text: 'text', target: 'story' })).toBeNull()
    expect(chooseColumns(columns, { text: '', target: '' })).toBeNull()
  })
})

describe('cells', () => {
  test.each([
    ['  as it is\r\n\u0000', { text: '  as it is\r\n\u0000' }],
    ['', { text: '' }],
    [null, { problem: 'is null, not text' }],
    [undefined, { problem: 'is missing' }],
    [Number.NaN, { problem: 'is null, not text' }],
    [Infinity, { problem: 'is a number, not text' }],
    [{ a: 1 }, { problem: 'is an object, not text' }],
    [new Uint8Array(2), { problem: 'is binary data, not text' }],
  ])('%j', (value, result) => {
    expect(textOf(value)).toEqual(result)
  })

  test('conversations: what came before the last answer, and that answer', () => {
    const human = { from: 'human', value: 'Hi' }
    const gpt = { from: 'gpt', value: 'Hello.' }
    expect(conversationOf([human, gpt, { from: 'human', value: 'Bye' }])).toEqual({ text: 'Hi', target: 'Hello.' })
    expect(conversationOf([{ role: 'Assistant', content: 'First.' }])).toEqual({ text: '', target: 'First.' })
    expect(conversationOf(JSON.stringify([human, gpt]))).toEqual({ text: 'Hi', target: 'Hello.' })
    const parts = [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] // prettier-ignore
    expect(conversationOf([{ role: 'user', content: parts }, { role: 'assistant', content: null }, { role: 'assistant', content: 'c' }])).toEqual({ text: 'ab', target: 'c' }) // prettier-ignore
    expect(conversationOf([human])).toEqual({ problem: 'has no turn of an assistant' })
    expect(conversationOf('[{ a story that begins oddly')).toBeNull()
    expect(conversationOf(['a', 'b'])).toBeNull()
  })
})
