// Which checkpoints are kept and which parts are rubbish: pruning, the sweep at start-up, and the lock that tells a
// write under way from one that was cut off. It never touches a run's current checkpoint.

import { completed, onConnection, type Database } from './db'
import { keysBelow } from './runs'
import type { CheckpointManifest } from './schema'

const KEEP_LAST = 2
const LOCK_PREFIX = 'finetale-checkpoint-'

/** Writes of this thread, for browsers and pages without Web Locks. */
const liveHere = new Set<string>()

/** Runs `write` marked as a live write of checkpoint `id`, seen by the sweeps of all tabs. */
export async function keepsWriteLock<T>(id: string, write: () => Promise<T>): Promise<T> {
  liveHere.add(id)
  try {
    return 'locks' in navigator ? await navigator.locks.request(LOCK_PREFIX + id, write) : await write()
  } finally {
    liveHere.delete(id)
  }
}

async function liveWrites(): Promise<ReadonlySet<string>> {
  const live = new Set(liveHere)
  if ('locks' in navigator) {
    for (const { name } of (await navigator.locks.query()).held ?? []) {
      if (name?.startsWith(LOCK_PREFIX)) live.add(name.slice(LOCK_PREFIX.length))
    }
  }
  return live
}

/** A run's checkpoints, oldest first. */
export async function listCheckpoints(db: Database, runId: string): Promise<CheckpointManifest[]> {
  return inOrder(await db.getAllFromIndex('checkpoints', 'runId', runId))
}

function inOrder(manifests: CheckpointManifest[]): CheckpointManifest[] {
  return manifests.sort((a, b) => a.createdAt - b.createdAt || a.cursor.step - b.cursor.step)
}

/** The first checkpoint after the best evaluation, or null when nothing was evaluated. Takes them oldest first. */
export function bestCheckpoint(manifests: readonly CheckpointManifest[]): CheckpointManifest | null {
  let best: CheckpointManifest | null = null
  let bestLoss = Infinity
  for (const manifest of manifests) {
    const { bestEvalLoss } = manifest.cursor
    // Written so that a loss that is not a number is never the best.
    if (bestEvalLoss === null || !(bestEvalLoss < bestLoss)) continue
    best = manifest
    bestLoss = bestEvalLoss
  }
  return best
}

/** Removes a run's checkpoints but the current one, the last two and the best; returns the ids removed. */
async function pruneCheckpoints(db: Database, runId: string): Promise<string[]> {
  const tx = db.transaction(['runs', 'checkpoints', 'parts'], 'readwrite')
  const removed: string[] = []
  const prune = async () => {
    const current = (await tx.objectStore('runs').get(runId))?.currentCheckpoint
    const manifests = inOrder(await tx.objectStore('checkpoints').index('runId').getAll(runId))
    const kept = new Set([current, bestCheckpoint(manifests)?.id, ...manifests.slice(-KEEP_LAST).map(({ id }) => id)])
    for (const { id } of manifests) {
      if (kept.has(id)) continue
      await tx.objectStore('checkpoints').delete(id)
      await tx.objectStore('parts').delete(keysBelow(id))
      removed.push(id)
    }
  }
  await completed(tx, prune)
  return removed
}

/** Prunes after a save. A save that is done stays done when this fails; the next one tries again. */
export async function afterWrite(open: () => Promise<Database>, runId: string): Promise<void> {
  try {
    await onConnection(open, (db) => pruneCheckpoints(db, runId))
  } catch {
    // Only space is lost.
  }
}

/** Removes what a failed write left. What cannot be removed now is an orphan, and the next sweep's matter. */
export async function removeParts(db: Database, id: string): Promise<void> {
  try {
    await db.delete('parts', keysBelow(id))
  } catch {
    // The error that made the write fail is the one to tell.
  }
}

/**
 * Removes parts that no manifest names and that no live write owns; for the start of the page.
 * @returns the number of checkpoints whose parts were removed
 */
export async function sweepOrphans(db: Database): Promise<number> {
  // The order matters: a write that begins after the keys are read is not among them, and one that ends before the
  // locks are read has its manifest by then.
  const keys = await db.getAllKeys('parts')
  const found = new Set(keys.map((key) => key.slice(0, key.lastIndexOf('/'))))
  const live = await liveWrites()
  const tx = db.transaction(['checkpoints', 'parts'], 'readwrite')
  let swept = 0
  const sweep = async () => {
    const named = new Set(await tx.objectStore('checkpoints').getAllKeys())
    for (const id of found) {
      if (named.has(id) || live.has(id)) continue
      await tx.objectStore('parts').delete(keysBelow(id))
      swept++
    }
  }
  await completed(tx, sweep)
  return swept
}

/**
 * Brings storage back to the kept set after a tab died in mid-save: orphans go, and older checkpoints whose successor was
 * published but not yet pruned after. For the start of the page.
 */
export async function tidyCheckpoints(db: Database): Promise<void> {
  await sweepOrphans(db)
  for (const runId of await db.getAllKeys('runs')) await pruneCheckpoints(db, runId)
}
