// Text from the model, one token at a time: the prompt at its limits, sampling, the context when it fills up.
// The passes through the model, and their cache, are in decoder.ts. Nothing here trains.

import { withRemainingThreads } from '../kernels/retry'
import { FinetaleError } from '../recipe/error'
import type { GenerationSettings } from '../recipe/recipe'
import { Decoder } from './decoder'
import type { GPTNeo } from './gptNeo'
import { nextMacrotask } from './macrotask'
import { SampleRandom, sampleToken } from './sampling'

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
  try {
    let pending = Int32Array.from(context)
    for (let made = 0; made < settings.max_new_tokens; made++) {
      if (decoder.room === 0) {
        decoder.clear()
        context.splice(0, context.length - kept)
        pending = Int32Array.from(context)
      }
      await nextMacrotask()
      const logits = await withRemainingThreads(() => decoder.feed(pending))
      const token = sampleToken(logits, settings, random)
      yield token
      if (token === eosId) return
      context.push(token)
      pending = Int32Array.of(token)
    }
  } finally {
    decoder.dispose()
  }
}

/** True when the prompt and the tokens written so far did not fit into the context, so that its start was dropped. */
export function startDropped(model: GPTNeo, promptLength: number, written: number): boolean {
  return promptLength + Math.max(0, written - 1) > model.config.max_position_embeddings
}
