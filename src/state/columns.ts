// Metrics as growing typed columns: what charts want, in memory only. Storage has its own layout.

import type { EvalMetrics, StepMetrics } from '../workers/protocol'

/** A Float64Array that grows by doubling. */
export class Column {
  #values = new Float64Array(64)
  #length = 0
  #view: Float64Array | null = null

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length++] = value
    this.#view = null
  }

  /** NaN where there is no such place. */
  at(index: number): number {
    return index >= 0 && index < this.#length ? (this.#values[index] ?? Number.NaN) : Number.NaN
  }

  /** Changes a value that is there. */
  set(index: number, value: number): void {
    if (index < this.#length) this.#values[index] = value
    this.#view = null
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length)
    this.#view = null
  }

  /** The values so far, without a copy: the same view until something changes, so that a chart need not redraw. */
  view(): Float64Array {
    return (this.#view ??= this.#values.subarray(0, this.#length))
  }
}

const nothing = new Float64Array(0)

/** Columns that share an ascending `step` column. */
class StepTable<Key extends string> {
  readonly step = new Column()
  readonly #columns: ReadonlyMap<Key, Column>
  #lineage: object = {}

  constructor(keys: readonly Key[]) {
    this.#columns = new Map(keys.map((key) => [key, new Column()]))
  }

  get length(): number {
    return this.step.length
  }

  /** Another object once rows were dropped: who has kept up with the rows must then read all of them again. */
  get lineage(): object {
    return this.#lineage
  }

  /** Appends a row. A row at a step already held replaces everything from that step on, so x stays ascending. */
  push(row: Readonly<Record<Key | 'step', number>>): void {
    const last = this.length > 0 ? this.step.at(this.length - 1) : -1
    if (row.step <= last) this.truncateAfter(row.step - 1)
    this.step.push(row.step)
    for (const [key, column] of this.#columns) column.push(row[key])
  }

  column(key: Key): Float64Array {
    return this.#columns.get(key)?.view() ?? nothing
  }

  /** Drops the rows after `step`. */
  truncateAfter(step: number): void {
    let { length } = this
    while (length > 0 && this.step.at(length - 1) > step) length--
    if (length === this.length) return
    this.#lineage = {}
    this.step.truncate(length)
    for (const column of this.#columns.values()) column.truncate(length)
  }
}

const stepKeys = ['epoch', 'loss', 'learning_rate', 'grad_norm', 'seconds', 'tokens', 'at'] as const
const evalKeys = ['epoch', 'loss', 'bits_per_character', 'runtime', 'at'] as const

/** Step metrics by column; heap and tensor counts are shown as latest values only and not kept. */
export class StepColumns extends StepTable<(typeof stepKeys)[number]> {
  constructor(rows: Iterable<StepMetrics> = []) {
    super(stepKeys)
    for (const row of rows) this.push({ ...row })
  }
}

export class EvalColumns extends StepTable<(typeof evalKeys)[number]> {
  constructor(rows: Iterable<EvalMetrics> = []) {
    super(evalKeys)
    for (const row of rows) this.pushEval(row)
  }

  /** Appends an evaluation; bits_per_character is NaN where it was not measured. */
  pushEval(row: EvalMetrics): void {
    this.push({ ...row, bits_per_character: row.bits_per_character ?? NaN })
  }
}
