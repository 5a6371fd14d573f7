// What every reader gives: a table of named columns whose cells are as the file has them. Types and two small helpers.
// What a cell is worth as text is decided in cells.ts, which columns are used in columns.ts.

/** A row that could not be used. */
export interface RowProblem {
  /** 1-based, counted in the table's unit. */
  readonly line: number
  /** Why, in a few words. */
  readonly reason: string
}

/** The chosen columns of a table, in the order asked for. */
export interface ColumnCells {
  readonly rows: number
  /** One list per column; null is null, undefined is missing. */
  readonly cells: readonly ArrayLike<unknown>[]
  /** Where a row stands in the file, in the table's unit. */
  readonly line: (row: number) => number
}

export interface Table {
  /** For people: 'Parquet', 'CSV', 'JSON Lines'. */
  readonly format: string
  /** Names as they are matched and shown: without surrounding spaces, each once. */
  readonly columns: readonly string[]
  readonly unit: 'line' | 'item' | 'row' | 'document'
  /** Rows that are no rows of this table: broken, or of another width. */
  readonly problems: readonly RowProblem[]
  /** Reads the columns named; no other is decoded where the format allows. @throws FinetaleError when it is damaged */
  readonly read: (columns: readonly string[]) => Promise<ColumnCells>
}

/** Trims names, numbers the nameless ones and tells double ones apart. */
export function tidyNames(names: readonly string[]): string[] {
  const seen = new Set<string>()
  return names.map((name, i) => {
    const trimmed = name.trim() || `column ${i + 1}`
    let tidy = trimmed
    for (let n = 2; seen.has(tidy); n++) tidy = `${trimmed} (${n})`
    seen.add(tidy)
    return tidy
  })
}

/** The first characters of a text, quoted for a message. */
export function excerpt(text: string, length = 40): string {
  const start = text.trimStart().slice(0, length)
  return JSON.stringify(start.length < text.trim().length ? `${start}…` : start)
}
