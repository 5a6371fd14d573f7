// What the page's address asks for: presets with their sources, a hub of one's own, and everything that cannot be used.

import { describe, expect, test } from 'vitest'
import { courseNotebook, demo } from '../../src/recipe/presets'
import { readAddress } from '../../src/state/addressChoice'
import { readTyped } from '../../src/state/hubForm'

const page = 'https://example.org/finetale/'
const hub = 'https://huggingface.co/'

describe('readAddress', () => {
  test('nothing asked for is the built-in demo', () => {
    const { preset, recipe, choices, refused } = readAddress('', page)
    expect(preset).toBe('demo')
    expect(recipe).toEqual(demo())
    expect(choices.model).toEqual({ kind: 'url', label: 'finetale-4m', url: `${page}models/finetale-4m/` })
    expect(choices.data).toMatchObject({ url: `${page}data/backstories/backstories.jsonl` })
    expect(refused).toEqual([])
  })

  test('the course brings its repositories', () => {
    const { preset, recipe, choices } = readAddress('?preset=courseNotebook', page)
    expect(preset).toBe('courseNotebook')
    expect(recipe).toEqual(courseNotebook())
    const ref = { base: hub, revision: 'main' }
    expect(choices.model).toEqual({ kind: 'hub', ref: { ...ref, kind: 'model', repo: 'roneneldan/TinyStories-33M' } })
    const data = { ...ref, kind: 'dataset', repo: 'MohamedRashad/characters_backstories' }
    expect(choices.data).toEqual({ kind: 'hub', ref: data })
  })

  test('hub, model, data and revision', () => {
    const query = '?preset=tiny&hub=http://127.0.0.1:8000/hub&model=a/b&data=c/d&revision=v2'
    const { choices, refused } = readAddress(query, page)
    const base = 'http://127.0.0.1:8000/hub/'
    expect(choices.model).toEqual({ kind: 'hub', ref: { kind: 'model', base, repo: 'a/b', revision: 'v2' } })
    expect(choices.data).toEqual({ kind: 'hub', ref: { kind: 'dataset', base, repo: 'c/d', revision: 'main' } })
    expect(refused).toEqual([])
  })

  test('a revision is the data set’s where the model is built in', () => {
    const { choices } = readAddress('?data=c/d&revision=v2', page)
    expect(choices.model).toMatchObject({ kind: 'url' })
    expect(choices.data).toMatchObject({ ref: { revision: 'v2' } })
  })

  test('a recipe counts from its preset, and what keeps it from running is told', () => {
    const recipe = encodeURIComponent(JSON.stringify({ max_steps: 5, warmup_steps: 9, nonsense: 1 }))
    const read = readAddress(`?preset=courseNotebook&recipe=${recipe}`, page)
    expect(read.preset).toBe('custom')
    expect(read.recipe).toEqual({ ...courseNotebook(), max_steps: 5, warmup_steps: 9 })
    expect(read.warnings.join()).toContain('nonsense')
    expect(read.problems.map(({ field }) => field)).toContain('warmup_steps')
  })

  test('how words are picked, where it differs from the data set’s way', () => {
    const { generation, refused } = readAddress('?generation={"temperature":0.7,"do_sample":true}', page)
    expect(generation).toEqual({ temperature: 0.7, do_sample: true })
    expect(refused).toEqual([])
    expect(readAddress('', page).generation).toEqual({})
  })

  test.each([
    ['generation={"temperature":-1}', 'generation'],
    ['generation={"heat":1}', 'generation'],
    ['generation=[1]', 'generation'],
    ['generation={', 'generation'],
    ['preset=nobody', 'preset'],
    ['hub=ftp://example.org/', 'hub'],
    ['model=../../secrets', 'model'],
    ['data=a/b/c/d', 'data'],
    ['preset=tiny&revision=../up', 'revision'],
    ['recipe=%7Bbroken', 'recipe'],
  ])('?%s is left out and told', (query, parameter) => {
    const { refused, recipe } = readAddress(`?${query}`, page)
    expect(refused.map((entry) => entry.parameter)).toEqual([parameter])
    expect(refused[0]?.reason).not.toBe('')
    expect(recipe.schema).toBe(1)
  })

  test('a hub that cannot be used sends no id to another one', () => {
    const { choices } = readAddress('?preset=courseNotebook&hub=ftp://example.org/&model=my/private', page)
    expect([choices.model.kind, choices.data.kind]).toEqual(['url', 'url'])
  })
})

describe('readTyped', () => {
  test('a pasted address brings its hub and its revision', () => {
    const typed = { id: 'https://huggingface.co/a/b/tree/v1', revision: '', base: '' }
    expect(readTyped('model', typed)).toEqual({ kind: 'model', base: hub, repo: 'a/b', revision: 'v1' })
    expect(readTyped('model', { ...typed, revision: 'v2' }).revision).toBe('v2')
  })

  test('a data set’s address is no model', () => {
    const typed = { id: 'https://huggingface.co/datasets/a/b', revision: '', base: '' }
    expect(() => readTyped('model', typed)).toThrow(/data set/)
    expect(readTyped('dataset', typed).repo).toBe('a/b')
  })
})
