// The one way to a sentence on the page: by key, with values filled in. Other languages would be other tables here.

import { english } from './english'
import { formatNumber } from './format'

export type MessageKey = keyof typeof english

/**
 * The sentence for `key`. Numbers are written the reader's way; braces without a value stay as they are, so that a
 * mistake shows.
 */
export function say(key: MessageKey, values: Readonly<Record<string, string | number>> = {}): string {
  return fill(english[key], values)
}

/** A sentence, or part of one, with its values filled in. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (braces, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) return braces
    return typeof value === 'number' ? formatNumber(value) : value
  })
}
