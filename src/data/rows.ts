// From the chosen cells to rows of text and target. What is no text drops the row, by reason; nothing is trimmed or changed.

import type { DataRow } from '../workers/protocol'
import { conversationOf, textOf } from './cells'
import type { ColumnCells } from './parse/table'

/** The cells of one file: text columns first, then those of the target. */
export interface FileCells extends ColumnCells {
  readonly unit: string
  /** The file's name where there are several; else ''. */
  readonly file: string
  /** Names for reasons, one per list of cells. */
  readonly names: readonly string[]
  readonly textColumns: number
}

/** Hears what happened to a row. */
export type Report = (kind: 'dropped' | 'note', reason: string, row: number) => void

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || Number.isNaN(value)
}

/** True when some row has a target, so that a row without one is incomplete. */
export function hasTargets({ cells, textColumns }: FileCells): boolean {
  const column = cells[textColumns]
  return column !== undefined && Array.prototype.some.call(column, (cell) => !isMissing(cell))
}

class SideReader {
  readonly #files: FileCells
  readonly #report: Report

  constructor(files: FileCells, report: Report) {
    this.#files = files
    this.#report = report
  }

  /** One side of a row; null when it was dropped. Only the first column must be there, the others add to it. */
  read(row: number, from: number, to: number): string | null {
    const { cells, names } = this.#files
    const parts: string[] = []
    for (let column = from; column < to; column++) {
      const value = cells[column]![row]
      if (column > from && (isMissing(value) || value === '')) continue
      const result = textOf(value)
      if ('problem' in result) {
        this.#report('dropped', `"${names[column]}" ${result.problem}`, row)
        return null
      }
      if (result.note !== undefined) this.#report('note', `"${names[column]}" ${result.note}`, row)
      parts.push(result.text)
    }
    return parts.join('\n')
  }
}

/**
 * The usable rows of one file, in its order.
 * @param twoColumns rows have a target; without one a row is dropped
 */
export function rowsOfCells(file: FileCells, twoColumns: boolean, report: Report): DataRow[] {
  const { cells, names, textColumns } = file
  const side = new SideReader(file, report)
  const rows: DataRow[] = []
  const alone = cells.length === 1 && textColumns === 1
  for (let row = 0; row < file.rows; row++) {
    const talk = alone ? conversationOf(cells[0]![row]) : null
    let text: string | null = null
    let target: string | null | undefined
    if (talk === null) {
      text = side.read(row, 0, textColumns)
      if (text !== null && twoColumns) target = side.read(row, textColumns, cells.length)
    } else if ('problem' in talk) {
      report('dropped', `"${names[0]}" ${talk.problem}`, row)
    } else {
      ;({ text, target } = talk)
    }
    if (text === null || target === null) continue
    if (text.trim() === '' && (target ?? '').trim() === '')
      report('dropped', twoColumns ? 'empty text and target' : 'empty text', row)
    else rows.push(target === undefined ? { text } : { text, target })
  }
  return rows
}
