// Odd texts for the tokenizer, made from a seed: the twin of tests/golden/tokenizer_texts.py.

export interface TextSource {
  readonly fragments: readonly string[]
  readonly ranges: readonly (readonly [number, number])[]
}

/** Draws whole numbers below n, the same ones as the script's Xorshift32. */
function xorshift32(seed: number): (n: number) => number {
  let state = seed >>> 0 || 1
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state = (state ^ (state << 5)) >>> 0
    return state % n
  }
}

/** The texts of one seed, in order. */
export function oddTexts({ fragments, ranges }: TextSource, seed: number, count: number): string[] {
  const below = xorshift32(seed)
  const fragment = () => fragments[below(fragments.length)] ?? ''
  return Array.from({ length: count }, () => {
    let text = ''
    for (let left = 1 + below(12); left > 0; left--) {
      const kind = below(16)
      if (kind < 12) {
        text += fragment()
      } else if (kind < 15) {
        const [low, high] = ranges[below(ranges.length)] ?? [0, 0]
        text += String.fromCodePoint(low + below(high - low + 1))
      } else {
        const piece = fragment()
        text += piece.repeat(2 + below(30))
      }
    }
    return text
  })
}
