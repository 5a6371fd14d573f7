// The commands behind the choice of model and data: built in, files, a repository on a hub. It replaces what is loaded only
// by what could be loaded. The fetching is hubController.ts's, training runController.ts's.

import { checkRef } from '../hub/address'
import { toErrorData } from '../workers/clients'
import type { ColumnMapping, DataSource, HubRef, ModelSource } from '../workers/protocol'
import type { ControllerParts } from './controllerParts'
import { HubController, type InputUser } from './hubController'
import { dataFromFiles } from './dataFiles'
import { modelFromFiles, someNames, type PickedFile } from './inputs'
import { isChosen, newItem, type Choices, type HubItem, type HubItems, type Side } from './sources'
import { isLocked, type StoreState } from './storeState'

/** Opens an archive into files with paths; loaded when the first one is chosen. */
export type Unpack = (picked: readonly PickedFile[], side: Side) => Promise<PickedFile[]>

export class SourceController {
  readonly hub: HubController
  readonly #parts: ControllerParts
  readonly #user: InputUser
  readonly #unpack: Unpack

  constructor(parts: ControllerParts, user: InputUser, unpack: Unpack) {
    this.#parts = parts
    this.#user = user
    this.hub = new HubController(parts, user)
    this.#unpack = unpack
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
   * @returns false when the new input was refused; then the ones before are in use again, and the store holds the error
   */
  async choose(change: Partial<Choices>): Promise<boolean> {
    const { store } = this.#parts
    if (isLocked(store.state)) return false
    for (const choice of [change.model, change.data]) if (choice?.kind === 'hub') checkRef(choice.ref)
    const before = store.state
    const same = (side: Side) => change[side] === undefined || isChosen(change[side], before[side], before.hub[side])
    if (same('model') && same('data')) return true
    this.hub.cancel()
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
      const files = await this.#unpack(picked, side)
      const label = archive?.path
        .replace(/\.zip$/i, '')
        .split('/')
        .at(-1)
      if (side === 'model') await this.choose({ model: modelFromFiles(files, label) })
      else await this.#useData(files)
    } catch (thrown) {
      store.update({ error: toErrorData(thrown) })
    }
  }

  /** Takes data files, and says which of them are no part of the training data. */
  async #useData(files: readonly PickedFile[]): Promise<void> {
    const { store, say } = this.#parts
    const { data, leftOut, note } = await dataFromFiles(files)
    if (!(await this.choose({ data }))) return
    if (note !== '') store.note(note)
    if (leftOut.length > 0) store.note(say('noteTrainingPart', { used: data.label, files: someNames(leftOut) }))
  }

  /** Reads the data set again with the user's columns. */
  async mapColumns(mapping: ColumnMapping): Promise<void> {
    const before = this.#parts.store.state
    const { model, data } = before
    if (!data || isLocked(before)) return
    if (await this.#user.prepare(model, { ...data, mapping })) this.#user.inputsChanged(false)
    else await this.#takeBack(before)
  }
}

function itemOf(choice: { kind: string; ref?: HubRef } | undefined, before: HubItem | null): HubItem | null {
  // Why an earlier download ended is no news once something else was chosen.
  if (!choice) return before && { ...before, error: null }
  return choice.ref ? newItem(choice.ref) : null
}

/** The source that a choice stands for; null while it has to be fetched. */
function sourceOf<Source extends ModelSource | DataSource>(
  choice: Source | { readonly kind: 'hub' } | undefined,
  before: Source | null,
): Source | null {
  if (!choice) return before
  return choice.kind === 'hub' ? null : choice
}
