// Rows inside one JSON object: a list under a name, as many hubs wrap them, the pages of a hub's rows service, or what
// pandas writes: columns by default, rows by index, names apart from data.
// Line by line JSON and plain lists are in jsonl.ts.

import { FinetaleError } from '../../recipe/error'
import { isRecord, isTurnList } from '../cells'
import { jsonMembers } from './jsonValues'

/** Columns as lists of one length, or as objects with the same keys: {"text": {"0": "a", "1": "b"}}. */
function rowsOfColumns(value: Record<string, unknown>, source: string): Record<string, unknown>[] | null {
  const names = Object.keys(value)
  const first = value[names[0] ?? '']
  if (typeof first !== 'object' || first === null) return null
  const keys = Object.keys(first)
  const isList = Array.isArray(first)
  const alike = Object.values(value).every(
    (column) =>
      typeof column === 'object' &&
      column !== null &&
      Array.isArray(column) === isList &&
      Object.keys(column).length === keys.length &&
      keys.every((key) => key in column) &&
      Object.values(column).every((cell) => typeof cell !== 'object' || cell === null),
  )
  if (!alike || keys.length === 0) return null
  const inOrder = isList ? keys : jsonMembers(jsonMembers(source)[0]!.value).map(({ name }) => name)
  return inOrder.map((key) =>
    Object.fromEntries(names.map((name) => [name, (value[name] as Record<string, unknown>)[key]])),
  )
}

/** {"columns": ["text"], "data": [["a"], ["b"]]}: pandas' orient "split". */
function rowsOfSplit({ columns, data }: Record<string, unknown>): Record<string, unknown>[] | null {
  if (!Array.isArray(columns) || !Array.isArray(data) || !columns.every((name) => typeof name === 'string')) return null
  const names: string[] = columns
  const lists: unknown[] = data
  if (!lists.every((list): list is unknown[] => Array.isArray(list) && list.length === names.length)) return null
  return lists.map((list) => Object.fromEntries(names.map((name, i) => [name, list[i]])))
}

/** {"0": {"text": "a"}, "1": {"text": "b"}}: pandas' orient "index". */
function rowsByIndex(value: Record<string, unknown>, source: string): unknown[] | null {
  const number = /^\d+$/
  const entries = Object.entries(value)
  const alike = entries.every(
    ([name, row]) => number.test(name) && isRecord(row) && Object.keys(row).some((key) => !number.test(key)),
  )
  return alike && entries.length > 0 ? jsonMembers(source).map(({ name }) => value[name]) : null
}

/** A page of the hub's rows service: {"features": […], "rows": [{"row_idx": 0, "row": {…}}]}. */
function rowsOfPage({ rows }: Record<string, unknown>): unknown[] | null {
  if (!Array.isArray(rows) || rows.length === 0) return null
  const items: unknown[] = rows
  return items.every((item) => isRecord(item) && 'row_idx' in item && isRecord(item.row))
    ? items.map((item) => (item as { row: unknown }).row)
    : null
}

/**
 * The rows that an object holds, or null when it is a row itself.
 * @param source the object as it was written: numbered rows have their order from there
 * @throws FinetaleError when it holds several lists of rows
 */
export function rowsOfObject(value: Record<string, unknown>, source: string, label: string): unknown[] | null {
  const known = rowsOfPage(value) ?? rowsOfSplit(value) ?? rowsByIndex(value, source)
  if (known !== null) return known
  const lists = Object.entries(value).filter(
    (entry): entry is [string, unknown[]] =>
      Array.isArray(entry[1]) && entry[1].length > 0 && entry[1].every(isRecord) && !isTurnList(entry[1]),
  )
  if (lists.length === 1) return lists[0]![1]
  if (lists.length > 1) {
    throw new FinetaleError(
      `${label}: expected one list of rows, found several: ${lists.map(([name]) => `"${name}"`).join(', ')}.`,
      'Save the list you want to train on as a file of its own.',
    )
  }
  return rowsOfColumns(value, source)
}
