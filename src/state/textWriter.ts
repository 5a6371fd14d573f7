// The commands of step 3: writes from prompts, with the trained or the untouched weights. It trains nothing.

import { proxy } from 'comlink'
import type { GenerationSettings } from '../recipe/recipe'
import { toErrorData } from '../workers/clients'
import type { GenerationRow, ModelSource } from '../workers/protocol'
import { encodeAll } from './controllerParts'
import type { ControllerParts } from './controllerParts'
import { promptsFor } from './prompts'
import { reporting } from './reports'
import { BASE } from './runStore'

/** Which weights write: those of the run shown, or the model as it was before any training. */
export type Writer = 'run' | 'base'

export class TextWriter {
  readonly #parts: ControllerParts
  /** What the trainer worker holds: a run id, BASE, or '' for nothing. */
  #held = ''
  /** Stop was pressed since the last text was asked for: one whose weights are still being loaded is not begun. */
  #stopped = false

  constructor(parts: ControllerParts) {
    this.#parts = parts
  }

  /** Tells what the trainer worker holds from now on; '' when it lost everything. */
  holds(runId: string): void {
    this.#held = runId
  }

  /**
   * Writes from a prompt; the text so far shows in the store, the row joins the table. Null when it failed, or when the
   * page has moved on to what the text does not belong to.
   */
  async generate(prompt: string, settings: GenerationSettings, writer: Writer): Promise<GenerationRow | null> {
    const { store, inputs } = this.#parts
    const { runId, model } = store.state
    const wanted = writer === 'run' && runId ? runId : BASE
    this.#stopped = false
    store.update({ writing: { prompt, text: '', settings }, error: null })
    try {
      const tokenizerOf = wanted === BASE ? model : (await inputs.ofRun(wanted)).model
      const row = await inputs.with(tokenizerOf, null, () => this.#write(wanted, model, prompt, settings))
      if (store.state.model !== model || (wanted !== BASE && store.state.runId !== wanted)) return null
      if (row) store.addGenerations([row])
      return row
    } catch (thrown) {
      store.update({ error: toErrorData(thrown) })
      return null
    } finally {
      store.update({ writing: null })
    }
  }

  /** Runs the data set's three prompts one after another, until one is stopped or fails. */
  async runPrompts(settings: GenerationSettings, writer: Writer): Promise<void> {
    for (const prompt of promptsFor(this.#parts.store.state.data)) {
      const row = await this.generate(prompt, settings, writer)
      if (row === null || row.ended === 'stopped') return
    }
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.#parts.trainer.call((api) => api.stopGenerating())
  }

  async #write(
    runId: string,
    base: ModelSource | null,
    prompt: string,
    settings: GenerationSettings,
  ): Promise<GenerationRow | null> {
    const { store, trainer } = this.#parts
    await this.#load(runId, base)
    const [encoded] = await encodeAll(this.#parts, [prompt])
    if (!encoded || this.#stopped) return null
    const onText = (text: string) => {
      if (store.state.writing) store.update({ writing: { prompt, text, settings } })
    }
    return reporting(onText, (listener) =>
      trainer.call((api) => api.generate({ runId, prompt: encoded, settings }, proxy(listener))),
    )
  }

  async #load(runId: string, base: ModelSource | null): Promise<void> {
    const { trainer } = this.#parts
    if (this.#held === runId) return
    if (runId !== BASE) await trainer.call((api) => api.loadRun(runId))
    else if (base) await trainer.call((api) => api.loadBase(base))
    this.#held = runId
  }
}
