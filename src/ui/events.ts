// The events that elements send upwards, by name and detail, and the one function that sends them.

import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type { ColumnMapping, FinetaleErrorData, HubRef, RunEvent, StopMode } from '../workers/protocol'
import type { PickedFile } from '../state/inputs'
import type { Character } from '../state/prompts'
import type { Side } from '../state/sources'
import type { StoreState } from '../state/storeState'
import type { Writer } from '../state/textWriter'
import type { PresetName } from '../recipe/presets'
import type { HubAction } from './hubErrors'

export interface FinetaleEvents {
  'finetale-train': undefined
  'finetale-pause': undefined
  'finetale-continue': undefined
  'finetale-step': undefined
  'finetale-stop': StopMode
  'finetale-resume': string
  'finetale-discard': string
  'finetale-run-open': string
  'finetale-run-rename': { runId: string; name: string }
  'finetale-run-delete': string
  'finetale-run-fork': string
  'finetale-run-export': { runId: string; what: 'run' | 'model' }
  'finetale-run-import': File
  'finetale-run-watch': string
  'finetale-recipe-change': Recipe
  'finetale-preset': PresetName
  'finetale-field-change': number | string | boolean
  'finetale-field-reset': undefined
  'finetale-row': number
  'finetale-built-in': Side
  'finetale-files': { side: Side; files: readonly PickedFile[] }
  'finetale-files-refused': FinetaleErrorData
  'finetale-hub': { side: Side; ref: HubRef; token: string }
  'finetale-hub-closed': undefined
  'finetale-hub-action': { side: Side; action: HubAction }
  'finetale-download': undefined
  'finetale-cancel-download': undefined
  'finetale-remove-cached': Side
  'finetale-mapping': ColumnMapping
  'finetale-count': undefined
  'finetale-show-runs': undefined
  'finetale-show-try': undefined
  'finetale-write': { prompt: string; settings: GenerationSettings; writer: Writer }
  'finetale-notebook-prompts': { settings: GenerationSettings; writer: Writer }
  'finetale-stop-writing': undefined
  'finetale-character': Character
  'finetale-generation-settings': GenerationSettings
  /** What is read, in the state that it leaves. */
  'finetale-dismiss': Partial<Pick<StoreState, 'error' | 'notes' | 'warnings'>>
  /** The run to resume then; '' for none. */
  'finetale-restart': string
  'finetale-recipe-set': Partial<Recipe>
  'finetale-save-model': undefined
  'finetale-resume-slower': undefined
  /** Every event of the run shown, sent by finetale-app for whoever drives the page from outside. */
  'finetale-run-event': RunEvent
}

export type FinetaleEvent<Name extends keyof FinetaleEvents> = CustomEvent<FinetaleEvents[Name]>

/** Sends an event that crosses shadow roots on its way up. */
export function send<Name extends keyof FinetaleEvents>(from: Element, name: Name, detail: FinetaleEvents[Name]): void {
  from.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
}

declare global {
  interface HTMLElementEventMap {
    'finetale-run-event': FinetaleEvent<'finetale-run-event'>
  }
}
