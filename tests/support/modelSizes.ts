// Sizes of models for the tests of what a run takes.

import type { ModelSize } from '../../src/recipe/memory'

/** A GPT-Neo whose inner width is four times its width. */
export function modelSizeOf(vocab: number, hidden: number, layers: number, positions: number): ModelSize {
  return {
    ...{ vocab_size: vocab, hidden_size: hidden, num_layers: layers, intermediate_size: 4 * hidden },
    max_position_embeddings: positions,
  }
}
