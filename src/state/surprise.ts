// An invented character for a prompt: race and class of the reference document, and a name that the built-in backstories do
// not have. The same seed gives the same character. A name's parts are put together here; no model is asked.

import { MT19937 } from '../data/random'
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
  const random = new MT19937(seed)
  const one = <T>(list: readonly [T, ...T[]]): T => list[random.next32() % list.length] ?? list[0]
  return { name: `${one(given)} ${one(front)}${one(back)}`, race: one(races), class: one(classes) }
}
