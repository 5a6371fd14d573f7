// GPT-Neo: embeddings, pre-norm blocks, final norm, tied head. Forward, loss and gradients; no optimizer and no sampling.
// The tape covers the activations from the embedding's output to the loss; weights are closed over by the ops.

import { causalAttention, paddedRows, type RowLayout } from '../kernels/attention'
import { customOp } from '../kernels/customOp'
import { embedding, embeddingGradient, positionsOf } from '../kernels/embedding'
import { geluLinear } from '../kernels/geluLinear'
import { layerNorm } from '../kernels/layerNorm'
import { linear, timesTransposed } from '../kernels/linear'
import { lmHeadCrossEntropy } from '../kernels/lmHead'
import { savedAt } from '../kernels/op'
import { disposeParams, type Param } from '../kernels/param'
import { residual } from '../kernels/residual'
import { valueAndGrad } from '../kernels/tape'
import * as tf from '../kernels/tf'
import type { Batch } from './batch'
import type { GPTNeoConfig } from './config'
import { layoutOf } from './layout'

/** The parameters of one block, by their Hugging Face names. */
export interface BlockParams {
  readonly ln_1: { readonly weight: Param; readonly bias: Param }
  readonly k_proj: Param
  readonly v_proj: Param
  readonly q_proj: Param
  readonly out_proj: { readonly weight: Param; readonly bias: Param }
  readonly ln_2: { readonly weight: Param; readonly bias: Param }
  readonly c_fc: { readonly weight: Param; readonly bias: Param }
  readonly c_proj: { readonly weight: Param; readonly bias: Param }
  /** Keys the block sees, the query's own included; null when global. */
  readonly window: number | null
}

export class GPTNeo {
  readonly config: GPTNeoConfig
  /** In the order of paramTable(). */
  readonly params: readonly Param[]
  readonly parameterCount: number
  /** Without wte and wpe; the tied head is wte. */
  readonly nonEmbeddingParameterCount: number
  /** What the loader left out or decided, as sentences for the user. */
  readonly notes: readonly string[]
  readonly wte: Param
  readonly wpe: Param
  readonly blocks: readonly BlockParams[]
  readonly ln_f: { readonly weight: Param; readonly bias: Param }

  /** Takes ownership of the params. @param params from createParams(config, ...) */
  constructor(config: GPTNeoConfig, params: readonly Param[], notes: readonly string[] = []) {
    this.config = config
    this.params = params
    this.notes = notes
    this.parameterCount = params.reduce((sum, param) => sum + param.value.size, 0)
    const embeddings = params.filter(({ name }) => /\.w[tp]e\.weight$/.test(name))
    this.nonEmbeddingParameterCount = embeddings.reduce((left, param) => left - param.value.size, this.parameterCount)
    const byName = new Map(params.map((param) => [param.name, param]))
    const get = (name: string): Param => {
      const param = byName.get(`transformer.${name}`)
      if (!param) throw new Error(`no parameter transformer.${name}`)
      return param
    }
    const pair = (name: string) => ({ weight: get(`${name}.weight`), bias: get(`${name}.bias`) })
    this.wte = get('wte.weight')
    this.wpe = get('wpe.weight')
    this.ln_f = pair('ln_f')
    this.blocks = config.attention_layers.map((kind, i) => ({
      ln_1: pair(`h.${i}.ln_1`),
      k_proj: get(`h.${i}.attn.attention.k_proj.weight`),
      v_proj: get(`h.${i}.attn.attention.v_proj.weight`),
      q_proj: get(`h.${i}.attn.attention.q_proj.weight`),
      out_proj: pair(`h.${i}.attn.attention.out_proj`),
      ln_2: pair(`h.${i}.ln_2`),
      c_fc: pair(`h.${i}.mlp.c_fc`),
      c_proj: pair(`h.${i}.mlp.c_proj`),
      window: kind === 'local' ? config.window_size : null,
    }))
  }

  /**
   * One forward and backward pass: d(lossSum * gradScale) is added into params' grads.
   * lossSum is the sum of cross-entropies over the counted targets, count their number; divide for the mean.
   * Leaves no tensor behind but the grads, also when it throws.
   */
  lossAndGradients(batch: Batch, gradScale: number): { lossSum: number; count: number } {
    const { ids, positions, rows, targets, count } = layoutOf(batch)
    if (count === 0) return { lossSum: 0, count: 0 }
    let lossSum = 0
    tf.tidy(() => {
      const x = embedding(ids, positions, this.wte, this.wpe)
      const loss = (hidden: tf.Tensor2D): tf.Scalar =>
        customOp<tf.Scalar>([hidden], (save) => {
          const head = lmHeadCrossEntropy(hidden, this.wte, targets, gradScale)
          lossSum = head.lossSum
          if (head.dHidden) save([head.dHidden])
          return {
            value: tf.scalar(head.lossSum),
            // Both gradients were made, scaled, on the way forward; the tape's seed of 1 adds nothing.
            gradFunc: (_dy, saved) => tf.clone(savedAt(saved, 0)),
          }
        })
      const { grad } = valueAndGrad((input) => loss(this.hidden(input as tf.Tensor2D, rows)), x)
      embeddingGradient(grad as tf.Tensor2D, ids, positions, this.wte, this.wpe)
    })
    return { lossSum, count }
  }

  /** The same loss without gradients. */
  evaluateLoss(batch: Batch): { lossSum: number; count: number } {
    const { ids, positions, rows, targets, count } = layoutOf(batch)
    if (count === 0) return { lossSum: 0, count: 0 }
    let lossSum = 0
    tf.tidy(() => {
      const x = embedding(ids, positions, this.wte, this.wpe)
      lossSum = lmHeadCrossEntropy(this.hidden(x, rows), this.wte, targets, null).lossSum
    })
    return { lossSum, count }
  }

  /**
   * All logits of a small batch, for tests and inspection.
   * @param ids [B*T]
   * @param lengths [B]; absent when no row is padded
   * @returns [B*T, vocab_size]
   */
  logits(ids: Int32Array, T: number, lengths?: Int32Array): Float32Array {
    const B = ids.length / T
    const logits = tf.tidy(() => {
      const x = embedding(ids, positionsOf(B, T), this.wte, this.wpe)
      const rows = paddedRows(lengths ?? new Int32Array(B).fill(T), T)
      return timesTransposed(this.hidden(x, rows), this.wte.value as tf.Tensor2D)
    })
    const data = logits.dataSync<'float32'>()
    logits.dispose()
    return data
  }

  /**
   * Blocks and final norm.
   * @param x [N, C] embedding output
   * @param rows how the N positions divide into rows
   * @returns [N, C]
   */
  hidden(x: tf.Tensor2D, rows: RowLayout): tf.Tensor2D {
    const epsilon = this.config.layer_norm_epsilon
    let h = x
    for (const block of this.blocks) h = this.#block(h, block, rows)
    return layerNorm(h, this.ln_f.weight, this.ln_f.bias, epsilon)
  }

  #block(x: tf.Tensor2D, block: BlockParams, rows: RowLayout): tf.Tensor2D {
    const { num_heads, layer_norm_epsilon } = this.config
    // The tape keeps its own handles on what gradients need, so everything else may go at the end of the block.
    return tf.tidy(() => {
      const a = layerNorm(x, block.ln_1.weight, block.ln_1.bias, layer_norm_epsilon)
      const q = linear(a, block.q_proj, null)
      const k = linear(a, block.k_proj, null)
      const v = linear(a, block.v_proj, null)
      const mixed = causalAttention(q, k, v, num_heads, block.window, rows)
      const h = residual(x, linear(mixed, block.out_proj.weight, block.out_proj.bias))
      const m = layerNorm(h, block.ln_2.weight, block.ln_2.bias, layer_norm_epsilon)
      const inner = linear(m, block.c_fc.weight, block.c_fc.bias)
      return residual(h, geluLinear(inner, block.c_proj.weight, block.c_proj.bias))
    })
  }

  /** Frees every parameter and gradient. */
  dispose(): void {
    disposeParams(this.params)
  }
}
