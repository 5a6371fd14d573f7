// `node bench/long.mjs [--steps 5000] [--every 250] [--batch 8]`: one long run of the built-in model in the built page. Prints each sample
// as a line of JSON on stderr and the series as one line at the end; exit status 1 when anything grew. See longRun.mjs.

import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { build, distIsStale } from '../scripts/build.mjs'
import { readRecipe } from '../scripts/recipe.mjs'
import { growth, longRun } from './longRun.mjs'

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '5000' },
    every: { type: 'string', default: '250' },
    batch: { type: 'string', default: '8' },
  },
})
const every = Number(values.every)
if (distIsStale()) build()
const demo = await readRecipe('demo', Number(values.steps))
const recipe = {
  ...demo,
  name: 'Long run',
  per_device_train_batch_size: Number(values.batch),
  save_steps: 2 * every,
  eval_steps: 2 * every,
  save_minutes: 0,
}
const begun = performance.now()
const { samples, steps } = await longRun({
  recipe,
  every,
  onSample: (sample) => console.error(JSON.stringify(sample)),
})
const grew = growth(samples)
/** @type {Record<string, number[]>} */
const series = {}
for (const sample of samples) for (const [key, value] of Object.entries(sample)) (series[key] ??= []).push(value)
const seconds = steps.map((step) => step.seconds).sort((a, b) => a - b)
console.log(
  JSON.stringify({
    bench: 'long',
    steps: steps.length,
    batch: Number(values.batch),
    firstLoss: steps[0]?.loss,
    lastLoss: steps.at(-1)?.loss,
    medianStepSeconds: seconds[Math.floor(seconds.length / 2)],
    seconds: (performance.now() - begun) / 1000,
    grew,
    ...series,
    machine: { cpu: cpus()[0]?.model, cores: cpus().length },
  }),
)
process.exitCode = grew.length > 0 ? 1 : 0
