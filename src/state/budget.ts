// What the next run will take, on disk and in memory, and whether there is room: sums over what the store knows. The disk
// is a matter of warnings only, see storage/space.ts; memory that does not suffice is a refusal, see recipe/fit.ts.

import { misfit, type Misfit } from '../recipe/fit'
import { HEAP_LIMIT, heapNeeded, parameterCount, unknownRows, type HeapNeeded } from '../recipe/memory'
import type { Recipe } from '../recipe/recipe'
import { spaceNeeded, type SpaceNeeded, type SpaceReported } from '../storage/space'
import type { StoreState } from './storeState'

export interface Budget {
  readonly parameters: number
  readonly disk: SpaceNeeded
  readonly reported: SpaceReported | null
  /** Bytes the browser would still give; null where it does not tell. */
  readonly free: number | null
  /** What becomes of checkpoints: there is room as far as the browser tells, too little, or nothing is kept at all. */
  readonly room: 'enough' | 'short' | 'unknown' | 'none'
  readonly heap: HeapNeeded
  readonly heapLimit: number
  /** Why the run cannot fit; null also where only the rows' lengths will tell. */
  readonly misfit: Misfit | null
  /** False while number and lengths of the rows are not known, so that `heap` counts them all as long as they may be. */
  readonly exact: boolean
}

/** Null while the model's sizes are not known. The recipe must be valid. */
export function budgetOf(
  { modelSize: size, statistics, preview, environment, space, storage }: Budgeted,
  recipe: Recipe,
): Budget | null {
  if (!size) return null
  const parameters = parameterCount(size)
  const disk = spaceNeeded(parameters)
  // How many blocks packing makes of the texts is not known here.
  const exact = !recipe.packing && (recipe.padding === 'max_length' || statistics !== null)
  const total = (recipe.packing ? null : preview?.totalRows) ?? Infinity
  const heldRows = Number.isFinite(total) ? Math.ceil(total * recipe.test_size) : Infinity
  const longest = (recipe.packing ? null : statistics?.maxTokens) ?? Infinity
  const work = {
    ...{ size, recipe, threads: environment?.threads ?? 0 },
    train: { rows: Math.max(1, total - (Number.isFinite(heldRows) ? heldRows : 0)), longest },
    held: recipe.test_size === 0 ? { ...unknownRows, rows: 0 } : { rows: heldRows, longest },
  }
  const free =
    space === null || space.quota === null || space.usage === null ? null : Math.max(0, space.quota - space.usage)
  const room = free === null ? 'unknown' : free < disk.peak ? 'short' : 'enough'
  return {
    ...{ parameters, disk, reported: space, free, exact, heapLimit: HEAP_LIMIT },
    room: storage === 'none' ? 'none' : storage === 'full' ? 'short' : room,
    heap: heapNeeded(size, recipe, work),
    misfit: exact ? misfit(work) : null,
  }
}

type Budgeted = Pick<StoreState, 'modelSize' | 'statistics' | 'preview' | 'environment' | 'space' | 'storage'>
