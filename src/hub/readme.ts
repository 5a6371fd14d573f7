// Reads from a data set's README which files are its training part: the simple forms of `configs: data_files:` in the YAML
// at its top. No YAML parser; what it does not understand it leaves out.

interface Line {
  readonly indent: number
  readonly key: string
  readonly value: string
}

function unquoted(text: string): string {
  const whole = text.trim()
  const comment = whole.search(/\s#/)
  const value = comment === -1 ? whole : whole.slice(0, comment).trimEnd()
  return /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value
}

/**
 * Each line as key and value; a list's dash counts as indentation. The pattern fits every line at its first try, whatever
 * characters are in it: one that had to try again would take time without end for a line that is made for it.
 */
function readLines(front: string): Line[] {
  const lines: Line[] = []
  for (const raw of front.split(/\r?\n/)) {
    const found = /^(\s*)((?:- +)*)(?:([\w-]+):(?:\s+|$))?(.*)$/s.exec(raw)
    if (found === null || raw.trim() === '' || raw.trim().startsWith('#')) continue
    const [, space = '', dashes = '', key = '', value = ''] = found
    lines.push({ indent: space.length + dashes.length, key, value: unquoted(value) })
  }
  return lines
}

/** The lines after `start` that lie deeper than `indent`. */
function below(lines: readonly Line[], start: number, indent: number): readonly Line[] {
  let end = start
  while (end < lines.length && lines[end]!.indent > indent) end++
  return lines.slice(start, end)
}

/** A value, or the values of a list that is written in one line. */
function values(text: string): string[] {
  const list = /^\[(.*)\]$/.exec(text)
  return (list ? list[1]!.split(',') : [text]).map(unquoted).filter((value) => value !== '')
}

interface Config {
  readonly name: string
  readonly isDefault: boolean
  readonly train: readonly string[]
}

/** For each line the value of the next `split` after it. */
function splitsAfter(lines: readonly Line[]): readonly (string | undefined)[] {
  const found: (string | undefined)[] = []
  let next: string | undefined
  for (let i = lines.length - 1; i >= 0; i--) {
    found[i] = next
    if (lines[i]!.key === 'split') next = lines[i]!.value
  }
  return found
}

function readDataFiles(lines: readonly Line[], start: number): string[] {
  const own = lines[start]!
  if (own.value !== '') return values(own.value)
  const block = below(lines, start + 1, own.indent)
  // Without splits a list is the training part; with them, the paths after `split: train` and before the next.
  const hasSplits = block.some(({ key }) => key === 'split')
  const found: string[] = []
  let split = hasSplits ? '' : 'train'
  // A path may stand before its split: then it does so in every item.
  const pathsFirst = hasSplits && block.find(({ key }) => key === 'split' || key === 'path')?.key === 'path'
  const later = splitsAfter(block)
  block.forEach((line, index) => {
    if (line.key === 'split') split = line.value
    else if (line.key === 'path') {
      const listed = below(block, index + 1, line.indent)
        .filter(({ key }) => key === '')
        .map(({ value }) => value)
      const next = pathsFirst ? later[index] : split
      if (next === 'train') found.push(...values(line.value), ...listed)
    } else if (line.key === '' && !hasSplits && line.value !== '') found.push(line.value)
    else if (line.key === 'train' && !hasSplits) found.push(...values(line.value))
  })
  return found
}

/**
 * Patterns of the training files of a README's default configuration.
 * @returns paths with *, ** and ?; [] when it names none
 */
export function trainPatterns(readme: string): readonly string[] {
  const front = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---/.exec(readme)?.[1]
  if (front === undefined) return []
  const lines = readLines(front)
  const start = lines.findIndex(({ key, indent }) => key === 'configs' && indent === 0)
  if (start === -1) return []
  const block = below(lines, start + 1, 0)
  const starts = block.flatMap(({ key }, index) => (key === 'config_name' ? [index] : []))
  const configs = (starts.length === 0 ? [0] : starts).map((from, i, all): Config => {
    const part = block.slice(from, all[i + 1])
    const files = part.findIndex(({ key }) => key === 'data_files')
    return {
      name: part[0]?.value ?? '',
      isDefault: part.some(({ key, value }) => key === 'default' && value === 'true'),
      train: files === -1 ? [] : readDataFiles(part, files),
    }
  })
  const chosen =
    configs.find(({ isDefault }) => isDefault) ?? configs.find(({ name }) => name === 'default') ?? configs[0]
  return chosen?.train ?? []
}
