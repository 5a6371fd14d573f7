// The one way to a sentence on the page: by key, with values filled in. Other languages would be other tables here.

import { english } from './english'
import { formatNumber } from './format'

/** The sentences by key. One that ends in _one is the singular of the sentence before it, and `say` finds it. */
export type MessageKey = Exclude<keyof typeof english, `${string}_one`>
export type MessageValues = Readonly<Record<string, string | number>>

/** The values that a sentence can be in the singular for, the first of them that it is given. */
const counts = ['count', 'rows', 'total', 'words', 'tokens'] as const
const plurals = new Intl.PluralRules('en')

/**
 * The sentence for `key`. Numbers are written the reader's way; braces without a value stay as they are, so that a
 * mistake shows.
 */
export function say(key: MessageKey, values: MessageValues = {}): string {
  return fill(template(key, values), values)
}

/** The words for `key`, in the form that its number asks for where there are several. */
export function template(key: MessageKey, values: MessageValues): string {
  const amount = counts.map((name) => values[name]).find((value) => typeof value === 'number')
  const form = amount === undefined ? key : `${key}_${plurals.select(amount)}`
  return Object.hasOwn(english, form) ? english[form as keyof typeof english] : english[key]
}

/** A sentence, or part of one, with its values filled in. */
export function fill(text: string, values: MessageValues): string {
  return text.replace(/\{(\w+)\}/g, (braces, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) return braces
    return typeof value === 'number' ? formatNumber(value) : value
  })
}

/** Facts in a row, without the empty ones. Each is whole in itself, so no language needs another order or mark. */
export function joined(...facts: readonly string[]): string {
  return facts.filter(Boolean).join(' · ')
}
