// The commands behind the choice of model and data: built in, files, a repository on a hub. It replaces what is loaded only
// by what could be loaded. The fetching is hubController.ts's, training runController.ts's.

import { checkRef } from '../hub/address'
import { toErrorData } from '../workers/clients'
import type { ColumnMapping, DataSource, HubRef, ModelSource } from '../workers/protocol'
import type { ControllerParts } from './controllerParts'
import { HubController, type InputUser } from './hubController'
import { dataFromFiles, type ChosenData } from './dataFiles'
import { modelFromFiles, someNames, type PickedFile } from './inputs'
import { presetChoices, smallerPreset } from './presetSources'
import { isChosen, newItem, type Choices, type HubItem, type HubItems, type Side } from './sources'
import { isLocked, type StoreState } from './storeState'

/** Opens an archive into files with paths; loaded when the first one is chosen. */
export type Unpack = (picked: readonly PickedFile[], side: Side) => Promise<PickedFile[]>

/** What is chosen for one side or both; a promise while it is still being read from an archive or a stored run. */
export type Choosing = { readonly [Which in Side]?: Choices[Which] | Promise<Choices[Which]> }

export class SourceController {
  readonly hub: HubController
  readonly #parts: ControllerParts
  readonly #user: InputUser
  readonly #unpack: Unpack
  /** Choices that are still being read. */
  #reading = 0

  constructor(parts: ControllerParts, user: InputUser, unpack: Unpack) {
    this.#parts = parts
    const prepare: InputUser['prepare'] = async (model, data) => {
      const loaded = await user.prepare(model, data)
      this.#hold()
      return loaded
    }
    this.#user = { prepare, inputsChanged: (model) => user.inputsChanged(model) }
    this.hub = new HubController(parts, this.#user)
    this.#unpack = unpack
  }

  /** Nothing can be trained while a choice is being read: the choice would come too late for it. */
  #hold(): void {
    if (this.#reading > 0) this.#parts.store.update({ ready: false })
  }

  /** Loads what the page begins with; a run restored meanwhile stays on the page. */
  async open({ model, data }: Choices): Promise<void> {
    const { store } = this.#parts
    const hub = { model: itemOf(model, null), data: itemOf(data, null) }
    store.update({ hub })
    await this.#user.prepare(sourceOf(model, null), sourceOf(data, null))
    if (store.state.hub === hub) await this.hub.lookUp()
  }

  /**
   * Takes a choice for one side or both. Nothing is asked of a hub; a repository that this browser already keeps is loaded.
   * @returns false when the new input was refused; then the ones before are in use again, and the store holds the error, or
   * a note where they could not be let go of
   */
  async choose(choosing: Choosing): Promise<boolean> {
    const { store } = this.#parts
    this.#reading++
    this.#hold()
    let read: readonly [Choices['model'] | undefined, Choices['data'] | undefined]
    try {
      read = await Promise.all([choosing.model, choosing.data])
    } finally {
      this.#reading--
      if (this.#reading === 0) store.update({ ready: isLoaded(store.state) })
    }
    const [model, data] = read
    return this.#take({ ...(model && { model }), ...(data && { data }) })
  }

  async #take(change: Partial<Choices>): Promise<boolean> {
    const { store } = this.#parts
    const choices = [change.model, change.data].filter((choice) => choice !== undefined)
    for (const choice of choices) if (choice.kind === 'hub') checkRef(choice.ref)
    const { state } = store
    const same = (side: Side) => change[side] === undefined || isChosen(change[side], state[side], state.hub[side])
    if (same('model') && same('data')) return true
    if (isLocked(state)) {
      const names = choices.map((choice) => (choice.kind === 'hub' ? choice.ref.repo : choice.label)).join(', ')
      store.note(this.#parts.say('noteNotTaken', { names }))
      return false
    }
    this.hub.cancel()
    // Not from before the cancel: the hub's items would be taken back as still being fetched.
    const before = store.state
    const hub: HubItems = { model: itemOf(change.model, before.hub.model), data: itemOf(change.data, before.hub.data) }
    const model = sourceOf(change.model, before.model)
    const data = sourceOf(change.data, before.data)
    store.update({ hub })
    if (!(await this.#user.prepare(model, data))) {
      await this.#takeBack(before)
      return false
    }
    if (store.state.hub !== hub) return true
    this.#user.inputsChanged(change.model !== undefined)
    await this.hub.lookUp()
    return true
  }

  /** The inputs from before a refused one, with the refusal still told. */
  async #takeBack({ hub, model, data, preview, ready }: StoreState): Promise<void> {
    const { store } = this.#parts
    const { error } = store.state
    // Without inputs that worked there is nothing to go back to.
    if (!ready && !preview && !hub.model && !hub.data) return
    store.update({ hub })
    await this.#user.prepare(model, data)
    store.update({ error })
  }

  /** Takes files from a picker or a drop: a model folder or data files, loose or in a zip. */
  async useFiles(side: Side, picked: readonly PickedFile[]): Promise<void> {
    const { store } = this.#parts
    try {
      const archive = picked.length === 1 ? picked[0] : undefined
      const files = this.#unpack(picked, side)
      const label = archive?.path
        .replace(/\.zip$/i, '')
        .split('/')
        .at(-1)
      if (side === 'model') await this.choose({ model: files.then((found) => modelFromFiles(found, label)) })
      else await this.#useData(files.then(dataFromFiles))
    } catch (thrown) {
      store.update({ error: toErrorData(thrown) })
    }
  }

  /** Takes data files, and says which of them are no part of the training data. */
  async #useData(chosen: Promise<ChosenData>): Promise<void> {
    const { store, say } = this.#parts
    if (!(await this.choose({ data: chosen.then(({ data }) => data) }))) return
    const { data, leftOut, note } = await chosen
    if (note !== '') store.note(note)
    if (leftOut.length > 0) store.note(say('noteTrainingPart', { used: data.label, files: someNames(leftOut) }))
  }

  /** Takes a smaller model in place of the one chosen on a hub, from the same hub; all else stays. */
  async chooseSmaller(): Promise<void> {
    const ref = this.#parts.store.state.hub.model?.ref
    const preset = ref ? smallerPreset(ref) : null
    if (ref && preset) await this.choose({ model: presetChoices(preset, '', ref.base).model })
  }

  /** Reads the data set again with the user's columns. */
  async mapColumns(mapping: ColumnMapping): Promise<void> {
    const { store } = this.#parts
    const before = store.state
    const { model, data } = before
    if (!data || isLocked(before)) return
    if (await this.#user.prepare(model, { ...data, mapping })) this.#user.inputsChanged(false)
    // The model's download may have gone on meanwhile, or have ended.
    else await this.#takeBack({ ...before, hub: store.state.hub, model: store.state.model })
  }
}

function itemOf(choice: { kind: string; ref?: HubRef } | undefined, before: HubItem | null): HubItem | null {
  // Why an earlier download ended is no news once something else was chosen.
  if (!choice) return before && { ...before, error: null }
  return choice.ref ? newItem(choice.ref) : null
}

/** True where tokenizer and data set are loaded, and have rows. */
function isLoaded({ model, data, preview }: StoreState): boolean {
  return model !== null && data !== null && (preview?.totalRows ?? 0) > 0
}

/** The source that a choice stands for; null while it has to be fetched. */
function sourceOf<Source extends ModelSource | DataSource>(
  choice: Source | { readonly kind: 'hub' } | undefined,
  before: Source | null,
): Source | null {
  if (!choice) return before
  return choice.kind === 'hub' ? null : choice
}
