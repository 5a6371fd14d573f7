// Reads a GPT-Neo config.json into the few numbers the model needs. Knows no tensors and fetches nothing.
// Names and defaults are those of transformers' GPTNeoConfig.

import { FinetaleError } from '../recipe/error'

export type AttentionType = 'global' | 'local'

export interface GPTNeoConfig {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly num_layers: number
  readonly num_heads: number
  /** Width of the MLP; null in the file means four times hidden_size. */
  readonly intermediate_size: number
  readonly max_position_embeddings: number
  /** Keys a local layer sees, the query's own position included. */
  readonly window_size: number
  readonly attention_layers: readonly AttentionType[] // [num_layers]
  readonly layer_norm_epsilon: number
  /** Any of these ends a generation. Empty when the file names none. */
  readonly eos_token_ids: readonly number[]
  /** The first of them, or -1. */
  readonly eos_token_id: number
  readonly tie_word_embeddings: boolean
  /** The largest of the three dropouts: above 0 the reference drops activations in training, Finetale does not. */
  readonly dropout: number
  /** The file as it was read, for export. */
  readonly source: Readonly<Record<string, unknown>>
}

/**
 * @param text content of config.json
 * @param file name used in errors
 * @throws FinetaleError naming the field, what was expected and what was found.
 */
export function parseConfig(text: string, file = 'config.json'): GPTNeoConfig {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    const page = text.trimStart().startsWith('<')
    throw refuse(file, page ? 'is a web page, not JSON' : 'is not valid JSON', 'Download the file again.')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw refuse(file, 'must hold a JSON object', 'Choose the config.json that belongs to the model.')
  }
  const source = json as Record<string, unknown>
  const pick = (...names: string[]): unknown => names.map((name) => source[name]).find((value) => value !== undefined)
  const whole = (name: string, value: unknown): number => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
    const found = value === undefined ? 'is missing' : `is ${show(value)}`
    throw refuse(file, `needs "${name}" as a whole number above 0, but it ${found}`)
  }

  if (source.model_type !== 'gpt_neo') {
    throw refuse(
      file,
      `describes a model of type ${show(source.model_type)}; Finetale trains GPT-Neo ("gpt_neo")`,
      'Choose a GPT-Neo model, for example one of the TinyStories family.',
    )
  }
  const hidden_size = whole('hidden_size', source.hidden_size)
  const num_layers = whole('num_layers', pick('num_layers', 'num_hidden_layers'))
  const num_heads = whole('num_heads', pick('num_heads', 'num_attention_heads'))
  if (hidden_size % num_heads !== 0) {
    throw refuse(file, `has hidden_size ${hidden_size}, which ${num_heads} heads do not divide evenly`)
  }
  const activation = source.activation_function ?? 'gelu_new'
  if (activation !== 'gelu_new') {
    throw refuse(file, `asks for activation_function ${show(activation)}; only "gelu_new" is supported`)
  }
  const epsilon = source.layer_norm_epsilon ?? 1e-5
  if (typeof epsilon !== 'number' || !(epsilon > 0)) {
    throw refuse(file, `needs "layer_norm_epsilon" as a number above 0, but it is ${show(epsilon)}`)
  }
  const eos_token_ids = tokenIds(source.eos_token_id, file)
  const dropouts = [source.resid_dropout, source.embed_dropout, source.attention_dropout]
  return {
    vocab_size: whole('vocab_size', source.vocab_size),
    hidden_size,
    num_layers,
    num_heads,
    intermediate_size: whole('intermediate_size', source.intermediate_size ?? 4 * hidden_size),
    max_position_embeddings: whole('max_position_embeddings', source.max_position_embeddings ?? 2048),
    window_size: whole('window_size', source.window_size ?? 256),
    attention_layers: attentionLayers(source, num_layers, file),
    layer_norm_epsilon: epsilon,
    eos_token_ids,
    eos_token_id: eos_token_ids[0] ?? -1,
    tie_word_embeddings: source.tie_word_embeddings !== false,
    dropout: Math.max(0, ...dropouts.filter((value) => typeof value === 'number')),
    source,
  }
}

/** `attention_types` [[["global","local"],2]] means the pair twice over; `attention_layers` is that list spelled out. */
function attentionLayers(source: Record<string, unknown>, num_layers: number, file: string): AttentionType[] {
  const types = source.attention_types
  let name = 'attention_types'
  let layers: unknown[]
  if (Array.isArray(types)) {
    layers = types.flatMap((item: unknown) => {
      const [pattern, times] = Array.isArray(item) ? (item as unknown[]) : []
      if (!Array.isArray(pattern) || typeof times !== 'number' || !Number.isSafeInteger(times) || times < 0) {
        throw refuse(file, `needs "attention_types" as pairs of a pattern and a count, but one is ${show(item)}`)
      }
      if (times > num_layers) {
        throw refuse(file, `has an attention_types count of ${times} for num_layers ${num_layers}`)
      }
      return Array.from({ length: times }, () => pattern as unknown[]).flat()
    })
  } else if (Array.isArray(source.attention_layers)) {
    name = 'attention_layers'
    layers = source.attention_layers
  } else if (types === undefined || types === null) {
    // The default of the reference is the alternating pair.
    layers = Array.from({ length: num_layers }, (_, i) => (i % 2 === 0 ? 'global' : 'local'))
  } else {
    throw refuse(file, `needs "attention_types" as a list, but it is ${show(types)}`)
  }
  const bad = layers.find((kind) => kind !== 'global' && kind !== 'local')
  if (bad !== undefined) {
    throw refuse(file, `has ${show(bad)} in "${name}"; a layer is "global" or "local"`)
  }
  if (layers.length !== num_layers) {
    throw refuse(file, `describes ${layers.length} attention layers in "${name}", but num_layers is ${num_layers}`)
  }
  return layers as AttentionType[]
}

function tokenIds(value: unknown, file: string): number[] {
  if (value === undefined || value === null) return []
  const ids: unknown[] = Array.isArray(value) ? value : [value]
  for (const id of ids) {
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) {
      throw refuse(file, `needs "eos_token_id" as a token id or a list of them, but it is ${show(value)}`)
    }
  }
  return ids as number[]
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

function refuse(file: string, what: string, action = 'Choose a model whose config.json is complete.'): FinetaleError {
  return new FinetaleError(`${file} ${what}.`, action)
}
