// How much room checkpoints take and how much the browser says there is. Browsers report with little honesty: Chromium's
// quota is no measure of free disk, so nothing is refused by these numbers; they are shown, and a full disk is met anyway.

/** Weights and both moments of AdamW, float32. */
const BYTES_PER_PARAMETER = 12

/** Checkpoints a run keeps: the last two and the best. */
const KEPT = 3

export interface SpaceNeeded {
  /** Bytes of one checkpoint. */
  readonly checkpoint: number
  /** Bytes when all that a run keeps is there. */
  readonly kept: number
  /** Bytes while one more is being written, before an older one goes. */
  readonly peak: number
  /** Bytes of memory, beside the model's own, that a save takes for its copy until it is on disk. */
  readonly memory: number
}

/** What the checkpoints of a run over `parameters` parameters take. */
export function spaceNeeded(parameters: number): SpaceNeeded {
  const checkpoint = BYTES_PER_PARAMETER * parameters
  return { checkpoint, kept: KEPT * checkpoint, peak: (KEPT + 1) * checkpoint, memory: checkpoint }
}

export interface SpaceReported {
  /** Bytes in use by this site, and the browser's limit for it; null where the browser does not tell. */
  readonly usage: number | null
  readonly quota: number | null
  /** True when the browser promises not to clear this site's storage by itself; null where it does not tell. */
  readonly persisted: boolean | null
}

/** What the browser says now. Never throws. */
export async function spaceReported(): Promise<SpaceReported> {
  if (!('storage' in navigator)) return { usage: null, quota: null, persisted: null }
  const [estimate, persisted] = await Promise.allSettled([navigator.storage.estimate(), navigator.storage.persisted()])
  const { usage = null, quota = null } = estimate.status === 'fulfilled' ? estimate.value : {}
  return { usage, quota, persisted: persisted.status === 'fulfilled' ? persisted.value : null }
}
