// Step and evaluation metrics of a run, appended in blocks. A record a step would be slow to read back, and one record
// a run slow to extend.

import type { IDBPObjectStore } from 'idb'
import type { EvalMetrics, StepMetrics } from '../workers/protocol'
import { completed, storageError, type Database } from './db'
import type { FinetaleDB, MetricsBlock } from './schema'

type Kind = MetricsBlock['kind']
type Row = StepMetrics | EvalMetrics
type MetricsStore = IDBPObjectStore<FinetaleDB, ['metrics'], 'metrics', 'readwrite'>

/** Rows a block takes before the next one begins. */
const BLOCK_ROWS = 128

function blocksOf(runId: string, kind: Kind): IDBKeyRange {
  return IDBKeyRange.bound([runId, kind], [runId, kind, []])
}

function block(runId: string, kind: Kind, rows: readonly Row[]): MetricsBlock {
  return { runId, kind, first: rows[0]!.step, last: rows.at(-1)!.step, rows: rows as MetricsBlock['rows'] }
}

/** Removes rows after `step`; returns the last block that is left. */
async function cutAfter(store: MetricsStore, runId: string, kind: Kind, step: number): Promise<MetricsBlock | null> {
  let cursor = await store.openCursor(blocksOf(runId, kind), 'prev')
  while (cursor !== null) {
    const found = cursor.value
    if (found.last <= step) return found
    const rows = (found.rows as readonly Row[]).filter((row) => row.step <= step)
    if (rows.length > 0) {
      const shorter = block(runId, kind, rows)
      await cursor.update(shorter)
      return shorter
    }
    await cursor.delete()
    cursor = await cursor.continue()
  }
  return null
}

async function append(db: Database, runId: string, kind: Kind, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const tx = db.transaction('metrics', 'readwrite')
  const write = async () => {
    // Rows that a step is run for again take the place of the earlier ones.
    const last = await cutAfter(tx.store, runId, kind, rows[0]!.step - 1)
    const open = last !== null && last.rows.length < BLOCK_ROWS ? (last.rows as readonly Row[]) : []
    const all = [...open, ...rows]
    for (let i = 0; i < all.length; i += BLOCK_ROWS)
      await tx.store.put(block(runId, kind, all.slice(i, i + BLOCK_ROWS)))
  }
  try {
    await completed(tx, write)
  } catch (error) {
    throw storageError('The metrics were not saved', error)
  }
}

/** Rows of a run that has none stored yet, in the blocks that appending them would have made. */
export function metricsBlocks(runId: string, rows: readonly ({ readonly kind: Kind } & Row)[]): MetricsBlock[] {
  return (['step', 'eval'] as const).flatMap((kind) => {
    const own = rows.filter((row) => row.kind === kind).map(({ kind: _, ...row }) => row)
    const blocks: MetricsBlock[] = []
    for (let i = 0; i < own.length; i += BLOCK_ROWS) blocks.push(block(runId, kind, own.slice(i, i + BLOCK_ROWS)))
    return blocks
  })
}

/** Appends step metrics, in step order; rows from the first one's step on are replaced. */
export function appendSteps(db: Database, runId: string, rows: readonly StepMetrics[]): Promise<void> {
  return append(db, runId, 'step', rows)
}

/** Appends evaluation metrics, in step order; rows from the first one's step on are replaced. */
export function appendEvals(db: Database, runId: string, rows: readonly EvalMetrics[]): Promise<void> {
  return append(db, runId, 'eval', rows)
}

/** A run's step metrics, in step order. */
export async function readSteps(db: Database, runId: string): Promise<StepMetrics[]> {
  const blocks = await db.getAll('metrics', blocksOf(runId, 'step'))
  return blocks.flatMap((found) => found.rows as readonly StepMetrics[])
}

/** A run's evaluation metrics, in step order. */
export async function readEvals(db: Database, runId: string): Promise<EvalMetrics[]> {
  const blocks = await db.getAll('metrics', blocksOf(runId, 'eval'))
  return blocks.flatMap((found) => found.rows as readonly EvalMetrics[])
}

/** Removes the metrics of steps after `step`, which a run resumed from there computes again. */
export async function truncateAfter(db: Database, runId: string, step: number): Promise<void> {
  const tx = db.transaction('metrics', 'readwrite')
  const cut = async () => {
    await cutAfter(tx.store, runId, 'step', step)
    await cutAfter(tx.store, runId, 'eval', step)
  }
  try {
    await completed(tx, cut)
  } catch (error) {
    throw storageError('The metrics after the checkpoint were not removed', error)
  }
}
