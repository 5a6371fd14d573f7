// `npm run bench:pair -- [--shape course|built-in] [--pairs 3]`: the training step here and in PyTorch, turn about, so that what
// disturbs the machine disturbs both. Prints one JSON line a pair and one with the medians. Measures nothing itself.

import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const folder = path.dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({
  options: { shape: { type: 'string', default: 'course' }, pairs: { type: 'string', default: '3' } },
})

/**
 * The median step that a program reports in its one JSON line, in seconds.
 * @param {string} program
 * @param {string[]} args
 */
function secondsPerStep(program, args) {
  const line = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
  /** @type {{ secondsPerStep: number }} */
  const report = JSON.parse(line)
  return report.secondsPerStep
}

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0]
  return Number(((low + high) / 2).toFixed(3))
}

/** @type {{ finetale: number, pytorch: number, ratio: number }[]} */
const pairs = []
for (let i = 0; i < Number(values.pairs); i++) {
  const finetale = secondsPerStep(process.execPath, [path.join(folder, 'run.mjs'), 'step', '--shape', values.shape])
  const pytorch = secondsPerStep('python3', [path.join(folder, 'torch_step.py'), '--shape', values.shape])
  pairs.push({ finetale, pytorch, ratio: Number((finetale / pytorch).toFixed(3)) })
  console.log(JSON.stringify({ bench: 'pair', shape: values.shape, ...pairs.at(-1) }))
}
console.log(
  JSON.stringify({
    bench: 'pair',
    shape: values.shape,
    pairs: pairs.length,
    medianFinetale: median(pairs.map((pair) => pair.finetale)),
    medianPytorch: median(pairs.map((pair) => pair.pytorch)),
    medianRatio: median(pairs.map((pair) => pair.ratio)),
  }),
)
