// One generation from prompt to table row: tokens from the model, text from the decoder, streamed without broken letters.
// Stores and emits nothing.

import { generateTokens, startDropped } from '../model/generate'
import type { GPTNeo } from '../model/gptNeo'
import type { GenerationSettings } from '../recipe/recipe'
import { assertGeneration } from '../recipe/validateGeneration'
import type { Decode, GenerationRow, TokenizedPrompt } from '../workers/protocol'
import { textMetrics } from './textMetrics'

export interface WriteOptions {
  readonly model: GPTNeo
  readonly decode: Decode
  readonly eosId: number
  readonly runId: string
  readonly step: number
  readonly prompt: TokenizedPrompt
  readonly settings: GenerationSettings
  /** Hears the generated text so far, complete characters only. */
  readonly onText: (text: string) => void
  /** Asked after each token; true ends the text. */
  readonly stopped: () => boolean
  /** Hears what the user should know, for example that the prompt's start was dropped. */
  readonly warn: (message: string) => void
}

/**
 * The part of a decoded text that can be shown while tokens still come: replacement marks at its end stand for a
 * character whose bytes are not all there, so they wait.
 */
export function completeText(decoded: string): string {
  return decoded.replace(/\uFFFD+$/, '')
}

/** What the user should know about a prompt, as sentences. The prompt itself stays as it was typed. */
function promptNotes(prompt: string): string[] {
  if (prompt === '') return ['The prompt is empty, so the text starts from the end-of-text token.']
  if (!prompt.endsWith(' ')) return []
  return [
    'The prompt ends in a space, which was kept as typed. A model has hardly ever read a space without the word that ' +
      'belongs to it, so the first word may come out odd.',
  ]
}

/**
 * Writes one text and returns its row. Throws FinetaleError for settings that cannot be used, before anything is written. `generation` is the exact text of all generated ids but end-of-text; a character
 * cut short by Stop or by the limit stays in it as the decoder gives it. `tokens` counts end-of-text too.
 */
export async function writeText(options: WriteOptions): Promise<GenerationRow> {
  const { model, decode, eosId, runId, step, prompt, settings, onText, stopped, warn } = options
  assertGeneration(settings)
  const begun = performance.now()
  const notes = promptNotes(prompt.prompt)
  const ids: number[] = []
  let ended: GenerationRow['ended'] = 'length'
  let tokens = 0
  let shown = ''
  for await (const id of generateTokens(model, prompt.ids, settings, eosId)) {
    tokens++
    if (id === eosId) {
      ended = 'eos'
      break
    }
    ids.push(id)
    const text = completeText(await decode(Int32Array.from(ids)))
    if (text !== shown) onText(text)
    shown = text
    if (stopped()) {
      ended = 'stopped'
      break
    }
  }
  const generation = ids.length === 0 ? '' : await decode(Int32Array.from(ids))
  if (generation !== shown) onText(generation)
  if (startDropped(model, prompt.ids.length, tokens)) {
    const limit = model.config.max_position_embeddings
    const message = `The text is longer than the model's ${limit} positions, so its start was dropped while writing.`
    notes.push(message)
    warn(message)
  }
  return {
    id: crypto.randomUUID(),
    runId,
    step,
    prompt: prompt.prompt,
    generation,
    settings,
    metrics: textMetrics(generation),
    milliseconds: performance.now() - begun,
    tokens,
    ended,
    ...(notes.length > 0 ? { notes } : {}),
    at: Date.now(),
  }
}
