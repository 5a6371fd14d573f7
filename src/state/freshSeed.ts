// Which seed the next text is drawn with, so that Write never gives a text that is already there. It draws nothing itself.

import type { GenerationSettings } from '../recipe/recipe'
import type { GenerationRow } from '../workers/protocol'

/** The last seed that a text can have. */
const LAST = 2 ** 32 - 1

/**
 * The first seed from `settings.seed` on that gave no text yet, by the same weights from the same prompt under the same
 * other settings. Without sampling the seed has no say, and stays.
 * @param rows every text there is
 * @param step of the weights that will write; 0 for the untouched model
 */
export function freshSeed(
  rows: readonly GenerationRow[],
  { prompt, settings, step }: { prompt: string; settings: GenerationSettings; step: number },
): number {
  if (!settings.do_sample) return settings.seed
  const without = (one: GenerationSettings) => JSON.stringify({ ...one, seed: 0 })
  const wanted = without(settings)
  const used = new Set(
    rows
      .filter((row) => row.prompt === prompt && row.step === step && without(row.settings) === wanted)
      .map((row) => row.settings.seed),
  )
  let { seed } = settings
  while (used.has(seed)) seed = seed === LAST ? 0 : seed + 1
  return seed
}
