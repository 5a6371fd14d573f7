// Patterns of paths with *, **, ? and [...], as a README names its files. Not by regular expressions: those take time
// without end for patterns that are made for it.

/** Characters compared in all; a README of the usual kind takes some thousands. */
const BUDGET = 3e7

type Spend = (characters?: number) => void
type Token = '**' | '*' | ((char: string) => boolean)

/** [abc], [a-z] and [!a]: one character of a list, or none of it. */
function listed(body: string, spend: Spend): Token {
  const isNot = /^[!^]/.test(body)
  const members = isNot ? body.slice(1) : body
  return (char) => {
    let found = false
    spend(members.length)
    for (let i = 0; i < members.length && !found; i++) {
      const isRange = members[i + 1] === '-' && i + 2 < members.length
      const first = members.charAt(i)
      if (isRange) i += 2
      found = char >= first && char <= members.charAt(i)
    }
    return found !== isNot && char !== '/'
  }
}

function tokensOf(pattern: string, spend: Spend): readonly Token[] {
  const tokens: Token[] = []
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i)
    const end = char === '[' ? pattern.indexOf(']', i + 2) : -1
    if (pattern.startsWith('**', i)) {
      tokens.push('**')
      i += pattern[i + 2] === '/' ? 2 : 1
    } else if (char === '*') tokens.push('*')
    else if (char === '?') tokens.push((other) => other !== '/')
    else if (end > 0) {
      tokens.push(listed(pattern.slice(i + 1, end), spend))
      i = end
    } else tokens.push((other) => other === char)
  }
  return tokens
}

/**
 * Walks through pattern and path side by side. At a mismatch the last star takes one character more; a single star that
 * would take a slash gives way to the last double one, since what lay between may then lie elsewhere.
 */
function fits(tokens: readonly Token[], path: string, spend: Spend): boolean {
  let [t, at] = [0, 0]
  // Where to go on in the pattern, and from which character of the path.
  let single: [number, number] | null = null
  let double: [number, number] | null = null
  while (at < path.length || t < tokens.length) {
    spend()
    const token = tokens[t]
    if (token === '**') [double, single] = [[++t, at], null]
    else if (token === '*') single = [++t, at]
    else if (at < path.length && token?.(path.charAt(at))) [t, at] = [t + 1, at + 1]
    else if (single !== null && single[1] < path.length && path[single[1]] !== '/') [t, at] = [single[0], ++single[1]]
    else if (double !== null && double[1] < path.length) [t, at, single] = [double[0], ++double[1], null]
    else return false
  }
  return true
}

class TooLong extends Error {}

/**
 * The paths that one of the patterns fits: * stands for anything without a slash, ** for anything, with a slash after it
 * for that or nothing, ? for one character.
 * @returns null where comparing would take too long
 */
export function globFilter(paths: readonly string[], patterns: readonly string[]): string[] | null {
  let left = BUDGET
  const spend = (characters = 1) => {
    left -= characters
    if (left < 0) throw new TooLong()
  }
  const plain = new Set(patterns.map((pattern) => pattern.replace(/^\.?\//, '')))
  try {
    const globs: (readonly Token[])[] = []
    for (const pattern of plain) {
      if (!/[*?[]/.test(pattern)) continue
      spend(pattern.length)
      globs.push(tokensOf(pattern, spend))
    }
    return paths.filter((path) => plain.has(path) || globs.some((tokens) => fits(tokens, path, spend)))
  } catch (error) {
    if (error instanceof TooLong) return null
    throw error
  }
}
