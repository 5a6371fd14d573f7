// Text from the model, one token at a time with a key/value cache: plain arithmetic on a copy of the weights, no tensors.
// Nothing here trains; what the weights become after the first token of a generation does not change it.

import { FinetaleError } from '../recipe/error'
import type { GenerationSettings } from '../recipe/recipe'
import type { GPTNeo } from './gptNeo'
import { nextMacrotask } from './macrotask'
import { SampleRandom, sampleToken } from './sampling'

const geluScale = Math.sqrt(2 / Math.PI)

/** y = W x (+ b) with W [out, in] row-major; four running sums keep the processor busy. Writes into `y`. */
function matvec(y: Float32Array, W: Float32Array, x: Float32Array, bias?: Float32Array): void {
  const n = x.length
  const even = n - (n % 4)
  for (let row = 0, at = 0; row < y.length; row++, at += n) {
    let a = bias === undefined ? 0 : (bias[row] ?? 0)
    let b = 0
    let c = 0
    let d = 0
    let i = 0
    for (; i < even; i += 4) {
      a += (W[at + i] as number) * (x[i] as number)
      b += (W[at + i + 1] as number) * (x[i + 1] as number)
      c += (W[at + i + 2] as number) * (x[i + 2] as number)
      d += (W[at + i + 3] as number) * (x[i + 3] as number)
    }
    for (; i < n; i++) a += (W[at + i] as number) * (x[i] as number)
    y[row] = a + b + (c + d)
  }
}

function layerNorm(y: Float32Array, x: Float32Array, weight: Float32Array, bias: Float32Array, epsilon: number): void {
  let mean = 0
  for (const value of x) mean += value
  mean /= x.length
  let variance = 0
  for (const value of x) variance += (value - mean) * (value - mean)
  const scale = 1 / Math.sqrt(variance / x.length + epsilon)
  for (let i = 0; i < x.length; i++) y[i] = ((x[i] ?? 0) - mean) * scale * (weight[i] ?? 0) + (bias[i] ?? 0)
}

function addTo(x: Float32Array, y: Float32Array): void {
  for (let i = 0; i < x.length; i++) x[i] = (x[i] ?? 0) + (y[i] ?? 0)
}

/** One layer's weights, and the keys and values of the positions it has seen. */
class LayerState {
  readonly keys: Float32Array // [positions, hidden]
  readonly values: Float32Array // [positions, hidden]
  readonly get: (name: string) => Float32Array
  /** Positions a query may see, itself included. */
  readonly reach: number

  constructor(get: (name: string) => Float32Array, positions: number, hidden: number, reach: number) {
    this.get = get
    this.reach = reach
    this.keys = new Float32Array(positions * hidden)
    this.values = new Float32Array(positions * hidden)
  }
}

/**
 * The model's state while it writes. Holds its own copy of the weights (dataSync copies out of the heap), so it is
 * current when made and consistent afterwards.
 */
class Decoder {
  readonly #config: GPTNeo['config']
  readonly #weights = new Map<string, Float32Array>()
  readonly #layers: LayerState[]
  readonly #scores: Float32Array
  #position = 0

  constructor(model: GPTNeo) {
    this.#config = model.config
    const { hidden_size: hidden, max_position_embeddings: positions, attention_layers, window_size } = model.config
    for (const param of model.params) this.#weights.set(param.name, param.value.dataSync<'float32'>())
    this.#scores = new Float32Array(positions)
    this.#layers = attention_layers.map((kind, layer) => {
      const get = (name: string) => this.#weight(`transformer.h.${layer}.${name}`)
      return new LayerState(get, positions, hidden, kind === 'local' ? window_size : positions)
    })
  }

  get full(): boolean {
    return this.#position >= this.#config.max_position_embeddings
  }

  /** Forgets every position. */
  clear(): void {
    this.#position = 0
  }

  #weight(name: string): Float32Array {
    const data = this.#weights.get(name)
    if (data === undefined) throw new Error(`no weight "${name}"`)
    return data
  }

  /** Takes one token at the next position; returns the logits [vocab] when asked, else null. */
  feed(id: number, wantLogits: boolean): Float32Array | null {
    const { hidden_size: hidden, layer_norm_epsilon: epsilon, vocab_size, intermediate_size } = this.#config
    const wte = this.#weight('transformer.wte.weight')
    const x = wte.slice(id * hidden, (id + 1) * hidden)
    const at = this.#position * hidden
    addTo(x, this.#weight('transformer.wpe.weight').subarray(at, at + hidden))
    const normed = new Float32Array(hidden)
    const q = new Float32Array(hidden)
    const mixed = new Float32Array(hidden)
    const out = new Float32Array(hidden)
    const inner = new Float32Array(intermediate_size ?? 4 * hidden)
    for (const layer of this.#layers) {
      const { get } = layer
      layerNorm(normed, x, get('ln_1.weight'), get('ln_1.bias'), epsilon)
      matvec(q, get('attn.attention.q_proj.weight'), normed)
      matvec(layer.keys.subarray(at, at + hidden), get('attn.attention.k_proj.weight'), normed)
      matvec(layer.values.subarray(at, at + hidden), get('attn.attention.v_proj.weight'), normed)
      this.#attend(mixed, q, layer)
      matvec(out, get('attn.attention.out_proj.weight'), mixed, get('attn.attention.out_proj.bias'))
      addTo(x, out)
      layerNorm(normed, x, get('ln_2.weight'), get('ln_2.bias'), epsilon)
      matvec(inner, get('mlp.c_fc.weight'), normed, get('mlp.c_fc.bias'))
      for (let i = 0; i < inner.length; i++) {
        const u = inner[i] ?? 0
        inner[i] = 0.5 * u * (1 + Math.tanh(geluScale * (u + 0.044715 * u * u * u)))
      }
      matvec(out, get('mlp.c_proj.weight'), inner, get('mlp.c_proj.bias'))
      addTo(x, out)
    }
    this.#position++
    if (!wantLogits) return null
    layerNorm(normed, x, this.#weight('transformer.ln_f.weight'), this.#weight('transformer.ln_f.bias'), epsilon)
    const logits = new Float32Array(vocab_size)
    matvec(logits, wte, normed)
    return logits
  }

  /** Attention of one query over the cached positions in reach; GPT-Neo does not scale the scores. */
  #attend(mixed: Float32Array, q: Float32Array, layer: LayerState): void {
    const { hidden_size: hidden, num_heads } = this.#config
    const size = hidden / num_heads
    const last = this.#position
    const first = Math.max(0, last - layer.reach + 1)
    const scores = this.#scores
    mixed.fill(0)
    for (let start = 0; start < hidden; start += size) {
      let top = -Infinity
      for (let j = first; j <= last; j++) {
        let score = 0
        for (let i = start; i < start + size; i++) score += (q[i] ?? 0) * (layer.keys[j * hidden + i] ?? 0)
        scores[j] = score
        if (score > top) top = score
      }
      let total = 0
      for (let j = first; j <= last; j++) total += scores[j] = Math.exp((scores[j] ?? 0) - top)
      for (let j = first; j <= last; j++) {
        const share = (scores[j] ?? 0) / total
        for (let i = start; i < start + size; i++) {
          mixed[i] = (mixed[i] ?? 0) + share * (layer.values[j * hidden + i] ?? 0)
        }
      }
    }
  }
}

/** Throws FinetaleError when an id has no row in the embedding. */
function checkIds(ids: Int32Array, vocab: number): void {
  const bad = ids.find((id) => id < 0 || id >= vocab)
  if (bad === undefined) return
  throw new FinetaleError(
    `The prompt holds token ${bad}, but the model knows only tokens 0 to ${vocab - 1}.`,
    "Use the tokenizer that belongs to the model's folder.",
  )
}

/**
 * Yields the new tokens, at most max_new_tokens; end-of-text is yielded too and is then the last. An empty prompt
 * starts from end-of-text. Of a prompt longer than max_position_embeddings only the last positions are used; when the
 * context fills up while writing, the oldest quarter of it is dropped and the rest is read again. Yields a macrotask
 * per token; leaving the loop early ends it. Throws FinetaleError for ids outside the vocabulary and for a model
 * whose logits are not numbers.
 */
export async function* generateTokens(
  model: GPTNeo,
  promptIds: Int32Array,
  settings: GenerationSettings,
  eosId: number,
): AsyncGenerator<number> {
  const { max_position_embeddings: positions, vocab_size } = model.config
  const prompt = promptIds.length === 0 ? Int32Array.of(eosId) : promptIds
  checkIds(prompt, vocab_size)
  if (settings.max_new_tokens <= 0) return
  const context = Array.from(prompt.subarray(Math.max(0, prompt.length - positions)))
  const kept = Math.max(1, positions - Math.max(1, Math.floor(positions / 4)))
  const decoder = new Decoder(model)
  const random = new SampleRandom(settings.seed)
  const breath = 16 // prompt tokens between macrotasks
  let pending = context.slice()
  for (let made = 0; made < settings.max_new_tokens; made++) {
    if (decoder.full) {
      decoder.clear()
      context.splice(0, context.length - kept)
      pending = context.slice()
    }
    let logits: Float32Array | null = null
    for (const [i, id] of pending.entries()) {
      if (i % breath === 0) await nextMacrotask()
      logits = decoder.feed(id, i === pending.length - 1)
    }
    if (logits === null) return
    const token = sampleToken(logits, settings, random)
    yield token
    if (token === eosId) return
    context.push(token)
    pending = [token]
  }
}

/** True when the prompt and the tokens written so far did not fit into the context, so that its start was dropped. */
export function startDropped(model: GPTNeo, promptLength: number, written: number): boolean {
  return promptLength + Math.max(0, written - 1) > model.config.max_position_embeddings
}
