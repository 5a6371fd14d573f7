// An invented character for a prompt: race and class of the reference document, and a name that the built-in backstories do
// not have. The same seed gives the same character. A name's parts are put together here; no model is asked.

import type { Character } from './prompts'
import { classes, races } from './srd'

// None of these begins a name of the data set; a test compares.
const given = [
  'Adelin',
  'Bastwick',
  'Brielle',
  'Calder',
  'Dagna',
  'Delphin',
  'Elowen',
  'Fargus',
  'Galen',
  'Gwyll',
  'Harka',
  'Ilsabet',
  'Juniper',
  'Kaldri',
  'Kestra',
  'Linnea',
  'Lorcan',
  'Maddoc',
  'Mirabel',
  'Nadira',
  'Odalys',
  'Orrin',
  'Perrin',
  'Quillon',
  'Rasmus',
  'Rhea',
  'Sunder',
  'Sylvaine',
  'Tamsin',
  'Thora',
  'Ulric',
  'Vesper',
  'Wrenna',
  'Yarrick',
  'Zephra',
  'Zorin',
] as const

const front = [
  'Amber',
  'Bramble',
  'Cloud',
  'Ember',
  'Frost',
  'Harrow',
  'Lantern',
  'Mist',
  'Nettle',
  'Oak',
  'Pepper',
  'Quick',
  'River',
  'Silver',
  'Thorn',
  'Winter',
] as const

const back = [
  'bell',
  'brook',
  'cloak',
  'fell',
  'hand',
  'hollow',
  'kettle',
  'mantle',
  'reed',
  'song',
  'step',
  'whistle',
] as const

/** Every given name that can come up. */
export const givenNames: readonly string[] = given

/**
 * A character for a seed; it is the same for the same seed.
 * @param seed a whole number; its lowest 32 bits count
 */
export function surprise(seed: number): Character {
  const draw = draws(seed)
  const one = <T>(list: readonly [T, ...T[]]): T => list[Math.floor(draw() * list.length)] ?? list[0]
  return { name: `${one(given)} ${one(front)}${one(back)}`, race: one(races), class: one(classes) }
}

/** Numbers from 0 up to 1, a splitmix generator of 32 bits: a counter whose bits are stirred. */
function draws(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}
