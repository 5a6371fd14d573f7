// The events that elements send upwards, by name and detail, and the one function that sends them.

import type { GenerationSettings, Recipe } from '../recipe/recipe'
import type { RunEvent, StopMode } from '../workers/protocol'
import type { Writer } from '../state/textWriter'
import type { PresetName } from '../recipe/presets'

export interface FinetaleEvents {
  'finetale-train': undefined
  'finetale-pause': undefined
  'finetale-continue': undefined
  'finetale-step': undefined
  'finetale-stop': StopMode
  'finetale-resume': string
  'finetale-discard': string
  'finetale-recipe-change': Recipe
  'finetale-preset': PresetName
  'finetale-field-change': number | string | boolean
  'finetale-field-reset': undefined
  'finetale-row': number
  'finetale-model-files': readonly File[]
  'finetale-data-file': File
  'finetale-built-in': 'model' | 'data'
  'finetale-files': readonly File[]
  'finetale-use-built-in': undefined
  'finetale-write': { prompt: string; settings: GenerationSettings; writer: Writer }
  'finetale-notebook-prompts': { settings: GenerationSettings; writer: Writer }
  'finetale-stop-writing': undefined
  'finetale-dismiss': undefined
  'finetale-restart': undefined
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
