// The built-in backstories against the rules they were written by: form, variety, balance, fit for all ages; and the card
// beside them against the file. Whether a story is any good is for a reader.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { characterPrompt } from '../../src/state/prompts'
import { classes, races } from '../../src/state/srd'

const folder = fileURLToPath(new URL('../../public/data/backstories/', import.meta.url))
const bytes = readFileSync(`${folder}backstories.jsonl`)
const lines = bytes.toString('utf8').replace(/\n$/, '').split('\n')
const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
const card = readFileSync(`${folder}README.md`, 'utf8')

const field = (text: string, name: string): string => new RegExp(`^Character ${name}: (.+)$`, 'm').exec(text)?.[1] ?? ''
const stories = rows.map(({ text, target }) => ({
  text: String(text),
  target: String(target),
  name: field(String(text), 'Name'),
  race: field(String(text), 'Race'),
  class: field(String(text), 'Class'),
}))
const targets = stories.map(({ target }) => target)
const wordsOf = (text: string): string[] => text.split(' ')
/** Words in small letters, without the punctuation around them. */
const bareWords = (text: string): string[] => text.toLowerCase().match(/[a-z]+(?:['-][a-z]+)*/g) ?? []
const sentences = (text: string): string[] => text.split(/(?<=[.!?]["']?) /)

/** Those that open with the character's name. */
const named = stories.filter(({ name, target }) => target.startsWith(wordsOf(name)[0] ?? name))

/** Values that occur more than once, with their counts. */
function repeated(values: readonly string[], allowed = 1): [string, number][] {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].filter(([, count]) => count > allowed)
}

/** Each story's different phrases of n words. */
const phrases = (n: number): string[] =>
  targets.flatMap((target) => {
    const words = bareWords(target)
    return [...new Set(words.slice(0, words.length - n + 1).map((_, at) => words.slice(at, at + n).join(' ')))]
  })

describe('form', () => {
  test('at least 320 rows of text and target, one JSON object a line, ASCII', () => {
    expect(rows.length).toBeGreaterThanOrEqual(320)
    expect(bytes.at(-1)).toBe(10)
    expect(bytes.findIndex((byte) => byte > 126 || (byte < 32 && byte !== 10))).toBe(-1)
    for (const row of rows) expect(Object.keys(row)).toEqual(['text', 'target'])
  })

  test('every prompt has the exact form, and every target is one tidy paragraph', () => {
    for (const story of stories) {
      expect(story.text).toBe(characterPrompt(story))
      expect(story.target, story.name).toMatch(/^["A-Z]\S*(?: \S+)+[.!?]["']?$/)
      // A space would come before none of these, and none of these twice.
      expect(story.target, story.name).not.toMatch(/ [,.;:!?]|[,;:]{2}|\.\.|--|<|>|\*|_|#/)
    }
  })
})

describe('variety', () => {
  test('no name, given name or family name comes twice', () => {
    expect(repeated(stories.map(({ name }) => name.toLowerCase()))).toEqual([])
    expect(repeated(stories.map(({ name }) => wordsOf(name)[0] ?? ''))).toEqual([])
    expect(repeated(stories.map(({ name }) => wordsOf(name).slice(1).join(' ')))).toEqual([])
  })

  test('no two open or end alike', () => {
    expect(repeated(targets.map((target) => bareWords(target).slice(0, 3).join(' ')))).toEqual([])
    expect(
      repeated(
        targets.map((target) => bareWords(target).slice(0, 2).join(' ')),
        8,
      ),
    ).toEqual([])
    expect(repeated(targets.map((target) => sentences(target)[0] ?? ''))).toEqual([])
    expect(repeated(targets.map((target) => sentences(target).at(-1) ?? ''))).toEqual([])
    expect(named.length).toBeLessThanOrEqual(rows.length / 4)
  })

  test('no phrase is a habit', () => {
    expect(repeated(phrases(7))).toEqual([])
    expect(repeated(phrases(5), 2)).toEqual([])
    expect(repeated(phrases(4), 5)).toEqual([])
  })

  test('lengths lie between 25 and 130 words and differ', () => {
    const lengths = targets.map((target) => wordsOf(target).length)
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(25)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(130)
    // A fifth each at least of short, middling and long ones, and no single length for more than a twentieth.
    const share = (from: number, below: number) =>
      lengths.filter((length) => length >= from && length < below).length / lengths.length
    expect(Math.min(share(25, 50), share(50, 85), share(85, 131))).toBeGreaterThan(0.2)
    expect(repeated(lengths.map(String), lengths.length / 20)).toEqual([])
  })
})

describe('balance', () => {
  test.each([
    ['race', races],
    ['class', classes],
  ] as const)('every %s has its share to a tenth, and there are no others', (key, expected) => {
    const counts = expected.map((value) => stories.filter((story) => story[key] === value).length)
    const fair = rows.length / expected.length
    expect(Math.max(...counts)).toBeLessThanOrEqual(fair * 1.1)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(fair * 0.9)
    expect(counts.reduce((sum, count) => sum + count)).toBe(rows.length)
  })

  test('a race and a class meet four times at most', () => {
    expect(
      repeated(
        stories.map((story) => `${story.race} ${story.class}`),
        4,
      ),
    ).toEqual([])
  })
})

test('nearly every story calls its character by name', () => {
  const nameless = stories.filter(({ name, target }) => !target.includes(wordsOf(name)[0] ?? name))
  expect(nameless.length).toBeLessThanOrEqual(rows.length / 100)
})

describe('for everyone', () => {
  const all = (pattern: RegExp): string[] =>
    stories.flatMap(({ name, target }) => {
      const found = pattern.exec(`${name}: ${target}`)
      return found ? [`${name}: ${found[0]}`] : []
    })

  test('no word that does not belong before children', () => {
    const words =
      'kill(?:ed|s|ing|er)?|murder\\w*|slave\\w*|suicid\\w*|tortur\\w*|rape\\w*|naked|sex\\w*|whore\\w*|bastard|damn\\w*|hell|' +
      'drunk\\w*|beer|ale|whisky|rum|gin|opium|drugs?|gore|gory|guts|corpses?|gallows|noose|hanged|behead\\w*|scalp\\w*|' +
      'shit\\w*|fuck\\w*|piss\\w*|arse|ass|bitch\\w*|crap|bloody|blood-soaked'
    expect(all(new RegExp(`\\b(?:${words})\\b`, 'i'))).toEqual([])
  })

  test('no name of a published setting beyond the reference document', () => {
    const names =
      'Faer[uû]n|Waterdeep|Baldur|Neverwinter|Greyhawk|Eberron|Ravenloft|Strahd|Drizzt|Elminster|Tiamat|Bahamut|Lolth|' +
      'Mordenkainen|Tasha|Vecna|Beholder|Illithid|Mind Flayer|Githyanki|Githzerai|Kuo-toa|Dragonlance|Krynn|Underdark|' +
      'Hobbits?|Gandalf|Frodo|Mordor|Sauron|Aragorn|Tolkien|Narnia|Aslan|Hogwarts|Potter|Voldemort|Westeros|Targaryen|' +
      'Azeroth|Hyrule|Zelda|Skyrim|Tamriel|Witcher|Geralt|Rivia|Discworld|Ankh|Jedi|Warhammer|Pathfinder|Golarion'
    expect(all(new RegExp(`\\b(?:${names})\\b`, 'i'))).toEqual([])
  })
})

describe('card', () => {
  test('names licence, columns, and the reference document with its attribution', () => {
    for (const part of ['CC-BY-4.0', '`text`', '`target`', 'System Reference Document 5.1', 'Wizards of the Coast LLC'])
      expect(card).toContain(part)
    expect(card).toContain('How it was written')
  })

  test('its counts are those of the file', () => {
    const lengths = targets.map((target) => wordsOf(target).length)
    const words = lengths.reduce((sum, length) => sum + length)
    const different = new Set(targets.flatMap(bareWords)).size
    const band = (from: number, below: number) => lengths.filter((length) => length >= from && length < below).length
    const flat = card.replace(/\s+/g, ' ')
    expect(flat).toContain(
      `${rows.length} rows, ${new Set(stories.map(({ name }) => name)).size} different names; ${words} words of target text, ${different} different words`,
    )
    expect(flat).toContain(
      `${Math.min(...lengths)} to ${Math.max(...lengths)}, mean ${Math.round(words / rows.length)} (${band(0, 50)} rows under 50 words, ${band(50, 85)} of 50 to 84, ${band(85, 131)} of 85 or more)`,
    )
    for (const [key, heading, values] of [
      ['race', 'Races', races],
      ['class', 'Classes', classes],
    ] as const) {
      const counts = values.map((value) => `${value} ${stories.filter((story) => story[key] === value).length}`)
      expect(flat).toContain(`- ${heading}: ${counts.join(', ')}.`)
    }
    expect(flat).toContain(`(${named.length} do)`)
    // A race by its last word, so that an Elf is enough of a High Elf; in the plural too.
    const plural = (word: string) => word.replace(/f$/, '(?:f|ves)')
    const says = (target: string, word: string) => new RegExp(`\\b${plural(word)}s?\\b`, 'i').test(target)
    const [byRace, byClass] = [
      stories.filter(({ race, target }) => says(target, wordsOf(race).at(-1) ?? '')).length,
      stories.filter((story) => says(story.target, story.class)).length,
    ]
    expect(flat).toContain(`${byRace} of the targets name the race`)
    expect(flat).toContain(`${byClass} name the class`)
  })
})
