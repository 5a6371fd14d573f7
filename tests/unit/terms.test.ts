// The glossary: every term is short and complete, and every word that a message marks has a definition.

import { expect, test } from 'vitest'
import { english } from '../../src/ui/english'
import { englishTerms } from '../../src/ui/englishTerms'

const keys = Object.keys(englishTerms)
const names = keys.filter((key) => key.startsWith('term_')).map((key) => key.slice('term_'.length))

test('the terms that a student may not know are explained', () => {
  const asked = ['loss', 'epoch', 'learningRate', 'evaluation', 'token', 'padding', 'checkpoint', 'temperature', 'topP']
  expect(names).toEqual(expect.arrayContaining(asked))
})

test('every term has a definition of two short sentences', () => {
  expect(keys.length).toBe(2 * names.length)
  const texts: Readonly<Record<string, string>> = englishTerms
  for (const name of names) {
    const definition = texts[`define_${name}`] ?? ''
    expect(definition.split(/(?<=[.!?]) /).length, name).toBe(2)
    expect(definition, name).toMatch(/^[A-Z0-9].*\.$/)
    expect(definition.split(' ').length, name).toBeLessThanOrEqual(40)
  }
})

test('every word that a message marks is a term', () => {
  const marked = Object.values<string>(english).flatMap((text) => [...text.matchAll(/\[([^\]]*)\]/g)])
  expect(marked.length).toBeGreaterThan(5)
  for (const [, inside = ''] of marked) {
    const [label, name] = inside.split('|')
    expect(label, inside).toMatch(/^\S(.*\S)?$/)
    expect(names, inside).toContain(name)
  }
})
