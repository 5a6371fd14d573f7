// The sizes of the chosen model, read from its config.json in the page: what a run will cost is told before anything is
// loaded. It refuses nothing; a config that cannot be read is the trainer's to refuse, with the reason.

import type { ModelSize } from '../recipe/memory'
import type { ModelSource } from '../workers/protocol'
import type { RunStore } from './runStore'

/** The sizes in a parsed config.json; null when it does not describe a GPT-Neo. Defaults are transformers'. */
export function sizeOfConfig(config: unknown): ModelSize | null {
  if (typeof config !== 'object' || config === null || !('model_type' in config) || config.model_type !== 'gpt_neo') {
    return null
  }
  const fields: Readonly<Record<string, unknown>> = { ...config }
  const whole = (value: unknown): number => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : NaN)
  const hidden_size = whole(fields.hidden_size)
  const size = {
    vocab_size: whole(fields.vocab_size),
    hidden_size,
    num_layers: whole(fields.num_layers ?? fields.num_hidden_layers),
    intermediate_size: whole(fields.intermediate_size ?? 4 * hidden_size),
    max_position_embeddings: whole(fields.max_position_embeddings ?? 2048),
  }
  return Object.values(size).some(Number.isNaN) ? null : size
}

/** Keeps `modelSize` of the store in step with its model. Returns the function that ends it. */
export function followModelSize(store: RunStore): () => void {
  let known: ModelSource | null = null
  return store.subscribe(() => {
    const { model } = store.state
    if (model === known) return
    known = model
    store.update({ modelSize: null })
    if (model) void readSize(model).then((modelSize) => store.state.model === model && store.update({ modelSize }))
  })
}

async function readSize(model: ModelSource): Promise<ModelSize | null> {
  try {
    if (model.kind === 'url') return sizeOfConfig(await (await fetch(new URL('config.json', model.url))).json())
    const file = model.files['config.json']
    return file ? sizeOfConfig(JSON.parse(await file.text())) : null
  } catch {
    return null
  }
}
