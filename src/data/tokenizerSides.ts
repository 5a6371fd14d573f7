// On which side a tokenizer cuts long texts and pads short ones, as its files say. It cuts and pads nothing.

import { FinetaleError } from '../recipe/error'
import { isObject, type Json } from './json'

export type Side = 'left' | 'right'

export interface TokenizerSides {
  /** Where a text that is too long loses tokens. */
  readonly truncation: Side
  /** Why rows are padded otherwise than the files ask, as a sentence; '' when they are not. */
  readonly paddingNote: string
}

interface Stated {
  readonly side: Side
  /** File and field, for people. */
  readonly place: string
}

/** tokenizer_config.json goes before what tokenizer.json was saved with, as in Python. */
function stated(what: 'truncation' | 'padding', tokenizer: Json, config: Json, label: string): Stated {
  const field = `${what}_side`
  const saved = tokenizer[what]
  const inner = isObject(saved) ? saved.direction : undefined
  const [value, place] =
    config[field] === undefined
      ? [inner ?? 'right', `${label}/tokenizer.json: ${what}.direction`]
      : [config[field], `${label}/tokenizer_config.json: ${field}`]
  const side = typeof value === 'string' && config[field] === undefined ? value.toLowerCase() : value
  if (side === 'left' || side === 'right') return { side, place }
  throw new FinetaleError(
    `${place}: expected "left" or "right", found ${JSON.stringify(value)?.slice(0, 80)}.`,
    'Correct the field, or leave it out: texts are then cut and padded at the right.',
  )
}

/**
 * @param tokenizer tokenizer.json
 * @param config tokenizer_config.json
 * @param label the folder's name, for sentences
 * @throws FinetaleError when a side is neither left nor right
 */
export function tokenizerSides(tokenizer: Json, config: Json, label: string): TokenizerSides {
  const { side: truncation } = stated('truncation', tokenizer, config, label)
  const { side: padding, place } = stated('padding', tokenizer, config, label)
  const paddingNote =
    padding === 'right'
      ? ''
      : `${place} is "left", but rows are padded at the right here: the same tokens are trained on, at the positions ` +
        'that they have without padding.'
  return { truncation, paddingNote }
}
