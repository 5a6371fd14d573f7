// The model while it writes: a cache of keys and values, and one pass per token or per prompt. No sampling, no gradients.
// It reads the live weights: a training step between two tokens changes what follows.

import { causalAttention, paddedRows } from '../kernels/attention'
import { cachedAttention, writeRows } from '../kernels/cachedAttention'
import { embedding } from '../kernels/embedding'
import { geluLinear } from '../kernels/geluLinear'
import { layerNorm } from '../kernels/layerNorm'
import { linear, timesTransposed } from '../kernels/linear'
import { residual } from '../kernels/residual'
import * as tf from '../kernels/tf'
import type { BlockParams, GPTNeo } from './gptNeo'

interface LayerCache {
  readonly block: BlockParams
  readonly keys: tf.Tensor2D // [positions, C]
  readonly values: tf.Tensor2D // [positions, C]
}

export class Decoder {
  readonly #model: GPTNeo
  readonly #layers: readonly LayerCache[]
  #position = 0

  /** Takes memory for every position of the context; free it with dispose(). */
  constructor(model: GPTNeo) {
    this.#model = model
    const { hidden_size, max_position_embeddings } = model.config
    const cache = () => tf.keep(tf.zeros<tf.Rank.R2>([max_position_embeddings, hidden_size]))
    this.#layers = model.blocks.map((block) => ({ block, keys: cache(), values: cache() }))
  }

  /** Tokens that still fit into the context. */
  get room(): number {
    return this.#model.config.max_position_embeddings - this.#position
  }

  /** Forgets every position. */
  clear(): void {
    this.#position = 0
  }

  /**
   * Takes tokens at the next positions: any number of them into an empty cache, one at a time after that.
   * @returns the logits after the last of them, [vocab]
   */
  feed(ids: Int32Array): Float32Array {
    if (ids.length > this.room) throw new Error(`${ids.length} tokens do not fit into the ${this.room} positions left`)
    if (ids.length !== 1 && this.#position !== 0) throw new Error('several tokens need an empty cache')
    const { wte, wpe, ln_f, config } = this.#model
    const logits = tf.tidy(() => {
      const positions = Int32Array.from(ids, (_, i) => this.#position + i)
      let x = embedding(ids, positions, wte, wpe) // [n, C]
      for (const layer of this.#layers) x = this.#block(x, layer)
      const last = tf.slice2d(x, [ids.length - 1, 0], [1, config.hidden_size])
      return timesTransposed(
        layerNorm(last, ln_f.weight, ln_f.bias, config.layer_norm_epsilon),
        wte.value as tf.Tensor2D,
      ) // [1, V]
    })
    this.#position += ids.length
    const data = logits.dataSync<'float32'>()
    logits.dispose()
    return data
  }

  #block(x: tf.Tensor2D, { block, keys, values }: LayerCache): tf.Tensor2D {
    const { num_heads, layer_norm_epsilon } = this.#model.config
    return tf.tidy(() => {
      const a = layerNorm(x, block.ln_1.weight, block.ln_1.bias, layer_norm_epsilon)
      const q = linear(a, block.q_proj, null)
      const k = linear(a, block.k_proj, null)
      const v = linear(a, block.v_proj, null)
      writeRows(keys, this.#position, k)
      writeRows(values, this.#position, v)
      const n = x.shape[0]
      const mixed =
        n === 1
          ? cachedAttention(q, keys, values, this.#position, num_heads, block.window)
          : causalAttention(q, k, v, num_heads, block.window, paddedRows(Int32Array.of(n), n))
      const h = residual(x, linear(mixed, block.out_proj.weight, block.out_proj.bias))
      const m = layerNorm(h, block.ln_2.weight, block.ln_2.bias, layer_norm_epsilon)
      const inner = linear(m, block.c_fc.weight, block.c_fc.bias)
      return residual(h, geluLinear(inner, block.c_proj.weight, block.c_proj.bias))
    })
  }

  dispose(): void {
    for (const { keys, values } of this.#layers) tf.dispose([keys, values])
  }
}
