// What can be chosen as a run's model and data: built in, files at hand, or a repository on a hub that may not have been
// fetched yet. Types and small questions about them; it chooses and fetches nothing.

import type {
  DataSource,
  DatasetPreview,
  FetchProgress,
  FinetaleErrorData,
  HubRef,
  ModelSource,
} from '../workers/protocol'

/** The two inputs of a run. */
export type Side = 'model' | 'data'

export type ModelChoice = ModelSource | { readonly kind: 'hub'; readonly ref: HubRef }
export type DataChoice = DataSource | { readonly kind: 'hub'; readonly ref: HubRef }

export interface Choices {
  readonly model: ModelChoice
  readonly data: DataChoice
}

/** A repository that was chosen, and how far it is. */
export interface HubItem {
  readonly ref: HubRef
  /** Bytes of it that this browser keeps, 0 when it keeps none or not all; null while that is being looked up. */
  readonly cachedBytes: number | null
  /** Set while its files are being fetched. */
  readonly progress: FetchProgress | null
  /** True once its files are the input in use. */
  readonly fetched: boolean
  /** Why the last attempt ended. */
  readonly error: FinetaleErrorData | null
}

export type HubItems = Readonly<Record<Side, HubItem | null>>

export function newItem(ref: HubRef): HubItem {
  return { ref, cachedBytes: null, progress: null, fetched: false, error: null }
}

/** The sides whose repositories still have to be fetched; the data first, for it is small and shows its rows at once. */
export function missingSides(hub: HubItems): Side[] {
  return (['data', 'model'] as const).filter((side) => hub[side] !== null && !hub[side].fetched)
}

export function isFetching(hub: HubItems): boolean {
  return [hub.model, hub.data].some((item) => item !== null && item.progress !== null)
}

export function sameRef(a: HubRef, b: HubRef): boolean {
  return a.kind === b.kind && a.base === b.base && a.repo === b.repo && a.revision === b.revision
}

/** True when a choice is the one in use already. */
export function isChosen(
  choice: ModelChoice | DataChoice,
  source: ModelSource | DataSource | null,
  item: HubItem | null,
): boolean {
  if (choice.kind === 'hub') return item !== null && sameRef(item.ref, choice.ref)
  if (item !== null || source?.kind !== choice.kind) return false
  if (source === choice) return true
  const mapped = 'mapping' in source || 'mapping' in choice
  return !mapped && source.kind === 'url' && choice.kind === 'url' && source.url === choice.url
}

/** The host that a repository is fetched from, for people. */
export function hostOf({ base }: HubRef): string {
  try {
    return new URL(base).host
  } catch {
    return base
  }
}

/** What is chosen, in a word: the label of a source, or the repository's id. */
export function choiceLabel(source: ModelSource | DataSource | null, item: HubItem | null): string {
  return item?.ref.repo ?? source?.label ?? ''
}

/** True where the user can sensibly choose columns. */
export function canMap({ columns }: DatasetPreview): boolean {
  return columns.length > 1
}
