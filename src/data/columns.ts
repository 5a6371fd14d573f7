// Which columns of a table become text and target: known layouts by their names, or the user's choice. Names only, no cells.

import type { ColumnMapping } from '../workers/protocol'

/** Columns in use, by the table's own names. Several columns of one side are joined by line ends. */
export interface ColumnChoice {
  readonly mapping: ColumnMapping
  /** The known layout's name; '' for the user's own choice. */
  readonly layout: string
  readonly text: readonly string[]
  readonly target: readonly string[]
}

interface Layout {
  readonly name: string
  /** Alternatives for each column; the first that is there counts. */
  readonly text: readonly string[]
  /** A second column that goes below the first where a row has it. */
  readonly context?: readonly string[]
  readonly target?: readonly string[]
}

/** In the order they are tried: a column called text is meant to be trained on, whatever lies beside it. */
const layouts: readonly Layout[] = [
  { name: 'text + target', text: ['text'], target: ['target'] },
  { name: 'text', text: ['text'] },
  { name: 'prompt + completion', text: ['prompt'], target: ['completion', 'response', 'output', 'answer'] },
  { name: 'Alpaca', text: ['instruction'], context: ['input', 'context'], target: ['output', 'response'] },
  { name: 'messages', text: ['messages'] },
  { name: 'conversations', text: ['conversations', 'conversation'] },
  { name: 'question + answer', text: ['question'], target: ['answer', 'response'] },
  { name: 'input + output', text: ['input'], target: ['output', 'target'] },
  { name: 'documents', text: ['story', 'content', 'document', 'article', 'body'] },
]

/** Between the names of columns that are joined, in a mapping: 'instruction + input'. */
const JOIN = ' + '

function normal(name: string): string {
  return name.trim().toLowerCase()
}

/** The table's own spelling of a column: exact first, then without regard to case and spaces. */
function find(columns: readonly string[], name: string): string | null {
  return columns.find((column) => column === name) ?? columns.find((column) => normal(column) === normal(name)) ?? null
}

/** True for a name that a known layout uses: a row with one of them is a header. */
export function isKnownName(name: string): boolean {
  return layouts.some(({ text, context, target }) =>
    [...text, ...(context ?? []), ...(target ?? [])].includes(normal(name)),
  )
}

function findAll(columns: readonly string[], names: string): string[] | null {
  const single = find(columns, names)
  if (single !== null) return [single]
  const found = names.split(JOIN).map((name) => find(columns, name))
  return found.every((name) => name !== null) ? found : null
}

function ofUser(columns: readonly string[], { text, target }: ColumnMapping): ColumnChoice | null {
  const textColumns = text === '' ? null : findAll(columns, text)
  const targetColumns = target === '' ? [] : findAll(columns, target)
  if (textColumns === null || targetColumns === null) return null
  const choice = choiceOf('', textColumns, targetColumns)
  const known = recognise(columns)
  const same = known?.mapping.text === choice.mapping.text && known.mapping.target === choice.mapping.target
  return same ? known : choice
}

function choiceOf(layout: string, text: readonly string[], target: readonly string[]): ColumnChoice {
  return { mapping: { text: text.join(JOIN), target: target.join(JOIN) }, layout, text, target }
}

function recognise(columns: readonly string[]): ColumnChoice | null {
  const firstOf = (names: readonly string[] = []) =>
    names.map((name) => find(columns, name)).find((name) => name !== null) ?? null
  for (const { name, text, context, target } of layouts) {
    const textColumn = firstOf(text)
    const targetColumn = firstOf(target)
    if (textColumn === null || (target !== undefined && targetColumn === null)) continue
    const contextColumn = firstOf(context)
    const joined = contextColumn === null ? [textColumn] : [textColumn, contextColumn]
    return choiceOf(name, joined, targetColumn === null ? [] : [targetColumn])
  }
  return columns.length === 1 ? choiceOf('documents', [columns[0]!], []) : null
}

/**
 * The columns to use, or null when a column of the user's choice is not there, or nothing is chosen nor recognised.
 * @param columns the table's names
 * @param mapping the user's choice
 */
export function chooseColumns(columns: readonly string[], mapping?: ColumnMapping): ColumnChoice | null {
  return mapping === undefined ? recognise(columns) : ofUser(columns, mapping)
}

/** The columns of another file that correspond to a choice; undefined for one that it lacks. */
export function sameColumns(columns: readonly string[], wanted: readonly string[]): (string | undefined)[] {
  return wanted.map((name) => find(columns, name) ?? undefined)
}
