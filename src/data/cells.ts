// What a cell is worth as text: strings as they are, numbers exactly, conversations as their turns. Null is never text.
// Knows values only, no files and no column names.

/** A cell as text, or why it is none; `note` when it is text only because a number was written out. */
export type CellText = { readonly text: string; readonly note?: string } | { readonly problem: string }

export interface Turn {
  readonly role: string
  readonly content: string
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** What a value is, in words that follow 'is'. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null || Number.isNaN(value)) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (ArrayBuffer.isView(value)) return 'binary data'
  if (typeof value === 'bigint') return 'a number'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function roleOf(turn: Record<string, unknown>): unknown {
  return turn.role ?? turn.from
}

/** True for a list of chat turns: {role, content} or {from, value}. */
export function isTurnList(value: unknown): value is Record<string, unknown>[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((turn) => isRecord(turn) && typeof roleOf(turn) === 'string' && ('content' in turn || 'value' in turn))
  )
}

/** A turn's words; a list of parts gives those that are text. Null where it has none, as a call of a tool. */
function contentOf(turn: Record<string, unknown>): string | null {
  const content = turn.content ?? turn.value
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  const parts: unknown[] = content
  const texts = parts.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : null))
  return texts.every((text) => text !== null) ? texts.join('') : null
}

/** The turns of a conversation that is a list, or a list written as JSON; null for anything else. */
function turnsOf(value: unknown): Turn[] | null {
  let list = value
  if (typeof value === 'string' && /^\s*\[\s*\{/.test(value)) {
    try {
      list = JSON.parse(value)
    } catch {
      return null
    }
  }
  if (!isTurnList(list)) return null
  return list
    .map((turn) => ({ role: String(roleOf(turn)).toLowerCase(), content: contentOf(turn) }))
    .filter((turn): turn is Turn => turn.content !== null)
}

const joined = (turns: readonly Turn[]) => turns.map(({ content }) => content).join('\n')

/** JSON can write half of a character, which has no bytes and so no tokens; Python stops there. */
function wholeText(text: string): CellText {
  return /\p{Surrogate}/u.test(text) ? { problem: 'holds half of a character (a lone surrogate)' } : { text }
}

/** A cell as one text: the turns of a conversation on lines of their own. */
export function textOf(value: unknown): CellText {
  if (typeof value === 'string') return wholeText(value)
  const turns = turnsOf(value)
  if (turns !== null) return wholeText(joined(turns))
  if (typeof value === 'bigint') return { text: value.toString(), note: 'is a number, taken as text' }
  if (typeof value === 'number' && Number.isFinite(value)) {
    const exact = !Number.isInteger(value) || Number.isSafeInteger(value)
    return exact
      ? { text: String(value), note: 'is a number, taken as text' }
      : { problem: 'is a number too large to be exact, not text' }
  }
  return { problem: value === undefined ? 'is missing' : `is ${kindOf(value)}, not text` }
}

const answering = new Set(['assistant', 'gpt', 'model', 'bot', 'chatgpt', 'bard'])

/**
 * A conversation as a row: what was said before the last answer, one turn a line, and that answer. What follows the last
 * answer is left out. Null for a cell that is no conversation.
 */
export function conversationOf(value: unknown): { text: string; target: string } | { problem: string } | null {
  const turns = turnsOf(value)
  if (turns === null) return null
  const last = turns.map(({ role }) => answering.has(role)).lastIndexOf(true)
  if (last < 0) return { problem: 'has no turn of an assistant' }
  const [text, target] = [wholeText(joined(turns.slice(0, last))), wholeText(turns[last]!.content)]
  if ('problem' in text) return text
  return 'problem' in target ? target : { text: text.text, target: target.text }
}
