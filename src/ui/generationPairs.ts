// Which texts belong side by side: what the untouched and the trained model made of the same prompt with the same settings.
// No elements.

import type { GenerationRow } from '../workers/protocol'

export interface GenerationPair {
  readonly prompt: string
  readonly before: GenerationRow
  /** The trained model's latest text; null while there is none. */
  readonly after: GenerationRow | null
}

/**
 * Pairs in the order of their texts by the untouched model; the later of two with the same prompt and settings counts.
 * @param rows oldest first
 */
export function generationPairs(rows: readonly GenerationRow[]): GenerationPair[] {
  const key = ({ prompt, settings }: GenerationRow) => JSON.stringify([prompt, settings])
  const after = new Map(rows.filter(({ step }) => step > 0).map((row) => [key(row), row]))
  const before = new Map(rows.filter(({ step }) => step === 0).map((row) => [key(row), row]))
  return [...before].map(([same, row]) => ({ prompt: row.prompt, before: row, after: after.get(same) ?? null }))
}
