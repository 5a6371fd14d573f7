// A short list of the runs that are stored, kept outside the database: when the database is gone at the next visit, the
// page can say what was lost instead of showing an empty list. Names only; best effort.

const KEY = 'finetale-known-runs'

export interface KnownRun {
  readonly id: string
  readonly name: string
}

function isKnownRun(value: unknown): value is KnownRun {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('name' in value)) return false
  return typeof value.id === 'string' && typeof value.name === 'string'
}

/** The runs of the last visit; none when nothing is known. */
export function knownRuns(): KnownRun[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(list) ? list.filter(isKnownRun) : []
  } catch {
    return []
  }
}

/** Replaces the list by the runs that are stored now. */
export function rememberRuns(runs: readonly KnownRun[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(runs.map(({ id, name }) => ({ id, name }))))
  } catch {
    // Nothing is lost but the message.
  }
}

/** Takes out a run that the user has removed: the next visit must not miss it. */
export function forgetRun(runId: string): void {
  rememberRuns(knownRuns().filter(({ id }) => id !== runId))
}

/** Runs of the last visit that are no longer stored, although nobody deleted them here. */
export function lostRuns(stored: readonly KnownRun[]): KnownRun[] {
  const ids = new Set(stored.map(({ id }) => id))
  return knownRuns().filter(({ id }) => !ids.has(id))
}
