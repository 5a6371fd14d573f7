// Which texts belong side by side: what the untouched and the trained model made of the same prompt with the same settings.
// No elements.

import type { WrittenRow } from '../state/storeState'
import type { GenerationRow } from '../workers/protocol'

export interface GenerationPair {
  readonly prompt: string
  readonly before: GenerationRow
  /** The trained model's latest text; null while there is none. */
  readonly after: GenerationRow | null
}

/** Equal for texts that only training sets apart: of one model, prompt and draw. A stored run may be of another model. */
export function comparable({ model, prompt, settings }: WrittenRow): string {
  return JSON.stringify([model, prompt, settings])
}

/**
 * Pairs in the order of their texts by the untouched model; the later of two that are comparable counts.
 * @param rows oldest first
 */
export function generationPairs(rows: readonly WrittenRow[]): GenerationPair[] {
  const after = new Map(rows.filter(({ step }) => step > 0).map((row) => [comparable(row), row]))
  const before = new Map(rows.filter(({ step }) => step === 0).map((row) => [comparable(row), row]))
  return [...before].map(([same, row]) => ({ prompt: row.prompt, before: row, after: after.get(same) ?? null }))
}
