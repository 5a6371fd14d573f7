// The races, with their subraces, and the classes of the open System Reference Document 5.1, as the built-in backstories
// name them. Names only.

export const races = [
  'Human',
  'Elf',
  'High Elf',
  'Dwarf',
  'Hill Dwarf',
  'Halfling',
  'Lightfoot Halfling',
  'Dragonborn',
  'Gnome',
  'Rock Gnome',
  'Half-Elf',
  'Half-Orc',
  'Tiefling',
] as const

export const classes = [
  'Barbarian',
  'Bard',
  'Cleric',
  'Druid',
  'Fighter',
  'Monk',
  'Paladin',
  'Ranger',
  'Rogue',
  'Sorcerer',
  'Warlock',
  'Wizard',
] as const
