// Sentences with words that open their definitions: "[tokens|token]" in a message shows "tokens" and explains "token".
// The words and their definitions are in englishTerms.ts; the element that opens them is finetale-term.ts.

import { html, type TemplateResult } from 'lit'
import { english } from './english'
import type { englishTerms } from './englishTerms'
import './finetale-term'
import { fill, say, template, type MessageKey, type MessageValues } from './messages'

type Key = keyof typeof englishTerms
/** A term of the glossary. */
export type TermName = Key extends infer K ? (K extends `term_${infer Name}` ? Name : never) : never

/** True when the glossary explains `name`. */
function isTerm(name: string): name is TermName {
  return Object.hasOwn(english, `term_${name}`) && Object.hasOwn(english, `define_${name}`)
}

/** The term's own name as a word that opens its definition. */
export function term(name: TermName, label: string = say(`term_${name}`)): TemplateResult {
  return html`<finetale-term .name=${say(`term_${name}`)} .definition=${say(`define_${name}`)}>${label}</finetale-term>`
}

/** The message for `key` in parts: text, and words that open their definitions. Brackets in values stay text. */
export function sayTerms(key: MessageKey, values: MessageValues = {}): (string | TemplateResult)[] {
  return template(key, values)
    .split(/(\[[^\]|]+\|\w+\])/)
    .map((part) => {
      const [, label, name] = /^\[([^\]|]+)\|(\w+)\]$/.exec(part) ?? []
      if (label === undefined || name === undefined || !isTerm(name)) return fill(part, values)
      return term(name, fill(label, values))
    })
}
