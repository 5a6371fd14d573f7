// What the page knows, as one type, and the small questions that many elements ask of it. Values only: runStore.ts keeps
// and changes it.

import type { ModelSize } from '../recipe/memory'
import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type { RunRecord, RunState } from '../storage/schema'
import type { SpaceReported } from '../storage/space'
import type {
  CountedSize,
  DatasetPreview,
  DatasetStatistics,
  DataSource,
  EnvironmentInfo,
  EvalMetrics,
  FinetaleErrorData,
  GenerationRow,
  ModelSource,
  RowView,
  RunChange,
  RunPhase,
  RunResume,
  StepMetrics,
} from '../workers/protocol'
import type { HubItems } from './sources'

/** A stored run that can go on from its last checkpoint, or that has none and can only be discarded. */
export interface InterruptedRun {
  readonly id: string
  readonly name: string
  readonly state: RunState
  readonly step: number
  readonly totalSteps: number
  /** Step and Unix time in ms of the checkpoint a resume starts from; null when nothing was saved. */
  readonly saved: { readonly step: number; readonly at: number } | null
  /** True when there was a checkpoint and the browser has cleared it. */
  readonly cleared?: boolean
}

export interface LibraryRun {
  readonly id: string
  readonly name: string
  /** 'running' when a tab owns it; one that was running and that no tab owns is 'interrupted'. */
  readonly state: RunState
  readonly step: number
  readonly totalSteps: number
  readonly loss: number | null
  readonly evalLoss: number | null
  readonly bytes: number
  /** Checkpoints kept. */
  readonly checkpoints: number
  readonly hasCheckpoint: boolean
  readonly parent: RunRecord['parent']
  readonly modelLabel: string
  readonly dataLabel: string
  readonly createdAt: number
  readonly updatedAt: number
}

/** A text, with the label of the model that wrote it, or that was trained into the one that did. */
export type WrittenRow = GenerationRow & { readonly model?: string }

/** The page runs on one thread for want of isolation. */
export interface SingleThreaded {
  /** Threads that this machine could use: training could be up to that many times faster. */
  readonly times: number
  /** Whether the service worker may still be tried, by a click. */
  readonly canTurnOn: boolean
}

export interface StoreState {
  /** True once tokenizer and data set are loaded and Train can start at once. */
  readonly ready: boolean
  /** True where the inputs chosen last could not be loaded. */
  readonly refused: boolean
  /** The inputs in use; null while a repository chosen on a hub has still to be fetched. */
  readonly model: ModelSource | null
  readonly data: DataSource | null
  /** Sizes of the model in use, from its config.json; null while they are not known. */
  readonly modelSize: ModelSize | null
  /** Repositories chosen on a hub; null where the input is built in or from files. */
  readonly hub: HubItems
  readonly preview: DatasetPreview | null
  readonly rowIndex: number
  readonly rowView: RowView | null
  /** Counted on demand. */
  readonly statistics: DatasetStatistics | null
  readonly environment: EnvironmentInfo | null
  /** Set where threads are withheld for want of isolation headers. */
  readonly singleThreaded: SingleThreaded | null

  /** '' when no run is shown. */
  readonly runId: string
  readonly runName: string
  /** Labels of what a stored run was trained with; '' for a run that began here, with the model and data of the page. */
  readonly runModel: string
  readonly runData: string
  readonly recipe: Recipe | null
  readonly phase: RunPhase
  readonly detail: string
  readonly totalSteps: number
  readonly stepsPerEpoch: number
  readonly parameters: number
  /** Null for a run stored before it was counted. */
  readonly size: CountedSize | null
  /** True while the run's numbers are no longer finite and it has to go back to a checkpoint. */
  readonly spoilt: boolean
  readonly latest: StepMetrics | null
  readonly latestEval: EvalMetrics | null
  /** What was changed knowingly in mid-run, and where it went on from a checkpoint. */
  readonly changes: readonly RunChange[]
  readonly resumes: readonly RunResume[]
  readonly checkpoint: { readonly step: number; readonly at: number; readonly bytes: number } | null
  /** The step of the checkpoint that the run was resumed from; null for a run that began here. */
  readonly resumedFrom: number | null
  /** Milliseconds of training before `activeSince`, pauses left out. */
  readonly activeBefore: number
  /** Unix time in ms since when training goes on, or null. */
  readonly activeSince: number | null

  readonly generations: readonly WrittenRow[]
  /** The generation under way. */
  readonly writing: { readonly prompt: string; readonly text: string; readonly settings: GenerationSettings } | null
  /** Of the page: they stay when another run begins; those on inputs, until others are in use. */
  readonly notes: readonly string[]
  /** Of the run shown. */
  readonly warnings: readonly string[]
  readonly error: FinetaleErrorData | null
  readonly interrupted: readonly InterruptedRun[]
  /** All runs kept in this browser. */
  readonly library: readonly LibraryRun[]
  /** What the browser reports of its storage; null while it was not asked. */
  readonly space: SpaceReported | null
  /** What became of the last save: 'full' when there was no room for it, 'none' where the browser keeps nothing. */
  readonly storage: 'works' | 'full' | 'none'
  /** The bundle being written or read, 0 to 1; null when there is none. */
  readonly transfer: { readonly label: string; readonly share: number } | null
  /** The run of another tab that is followed here; '' when there is none. */
  readonly watching: string
}

/** The part of the state that belongs to a run, while none is shown. */
export const noRun = {
  runId: '',
  runName: '',
  runModel: '',
  runData: '',
  recipe: null,
  phase: 'idle',
  detail: '',
  totalSteps: 0,
  stepsPerEpoch: 0,
  parameters: 0,
  size: null,
  spoilt: false,
  latest: null,
  latestEval: null,
  changes: [],
  resumes: [],
  checkpoint: null,
  resumedFrom: null,
  activeBefore: 0,
  activeSince: null,
  error: null,
  watching: '',
} as const

export const emptyState: StoreState = {
  ...noRun,
  ready: false,
  refused: false,
  model: null,
  data: null,
  modelSize: null,
  hub: { model: null, data: null },
  preview: null,
  rowIndex: 0,
  rowView: null,
  statistics: null,
  environment: null,
  singleThreaded: null,
  generations: [],
  writing: null,
  notes: [],
  warnings: [],
  interrupted: [],
  library: [],
  space: null,
  storage: 'works',
  transfer: null,
}

/** Run id of generations from the untouched model, outside any run. */
export const BASE = 'base'

/** Phases whose time counts as training. */
export const timedPhases: readonly RunPhase[] = ['warming up', 'training', 'evaluating', 'saving']
const busyPhases: readonly RunPhase[] = [...timedPhases, 'downloading', 'loading', 'tokenizing', 'generating']

/** True while the worker is at work on a run, so that settings must not change under it. */
export function isBusy(phase: RunPhase): boolean {
  return busyPhases.includes(phase)
}

/** The run shown, where a checkpoint of it is stored that it can go on from. */
export function resumable(state: StoreState): { id: string; step: number } | null {
  const { runId, checkpoint, resumedFrom, interrupted } = state
  const step = interrupted.find((run) => run.id === runId)?.saved?.step ?? checkpoint?.step ?? resumedFrom
  return runId === '' || step === null ? null : { id: runId, step }
}

/** True while a run is in this tab's trainer: at work, or paused in memory. A download is no run's, whichever is shown. */
export function isActive({ runId, phase, watching }: StoreState): boolean {
  return runId !== '' && watching === '' && phase !== 'downloading' && (isBusy(phase) || phase === 'paused')
}

/** True while a run that is at rest is in memory and nowhere else: the tab's end, or another model, is its end. */
export function isUnsaved({ runId, watching, storage, phase, latest, checkpoint }: StoreState): boolean {
  if (runId === '' || watching !== '' || storage === 'works') return false
  const rests = phase === 'finished' || phase === 'idle' || phase === 'paused'
  return rests && latest !== null && latest.step > (checkpoint?.step ?? -1)
}

/** True while inputs and the run shown must stay: a run is in the trainer, or a text is being written. */
export function isLocked(state: StoreState): boolean {
  return isActive(state) || state.writing !== null
}
