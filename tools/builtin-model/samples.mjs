// What a visitor gets from the built-in model: trains it by a recipe in the built page, then writes stories of invented
// characters with the page's own button, and prints them as the model card shows them. No text is left out or changed.
//
//   node tools/builtin-model/samples.mjs [--recipe demo] [--model DIR] [--stories 10] [--first 1]

import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { build, distIsStale } from '../../scripts/build.mjs'
import { drive } from '../../scripts/drive.mjs'
import { readRecipe } from '../../scripts/recipe.mjs'

/** @typedef {import('../../src/workers/protocol').GenerationRow} GenerationRow */
/** @typedef {import('../../src/state/prompts').Character} Character */

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'demo' },
    model: { type: 'string' },
    stories: { type: 'string', default: '10' },
    first: { type: 'string', default: '1' },
  },
})

/** The characters of the page's "Surprise me" for these seeds. @param {number} first @param {number} count */
async function invent(first, count) {
  const { module } = await runnerImport('src/state/surprise.ts', { configFile: false, logLevel: 'error' })
  const { surprise } = /** @type {typeof import('../../src/state/surprise')} */ (module)
  return Array.from({ length: count }, (_, i) => surprise(first + i))
}

/**
 * Writes one story as a visitor does; it arrives as an event.
 * @param {import('playwright').Page} page
 * @param {Character} character
 */
async function write(page, character) {
  for (const field of /** @type {const} */ (['name', 'race', 'class'])) {
    await page.locator(`#character-${field}`).fill(character[field])
  }
  await page.locator('#write').click()
  await page.locator('#stop-writing').waitFor()
  await page.locator('#write').waitFor()
}

/** A whole number from the command line. @param {'first' | 'stories'} option */
function whole(option) {
  const value = Number(values[option])
  if (Number.isSafeInteger(value) && value >= 1) return value
  console.error(`--${option}: a whole number from 1 on was expected, "${values[option]}" was found`)
  process.exit(2)
}

const characters = await invent(whole('first'), whole('stories'))
const recipe = await readRecipe(values.recipe)
if (distIsStale()) build()
/** @type {GenerationRow[]} */
let rows = []
const started = performance.now()
let trained = 0
const { steps, evaluations } = await drive({
  recipe,
  ...(values.model ? { model: values.model } : {}),
  onEvent: (event) => {
    if (event.kind === 'generation') rows.push(event.row)
  },
  watch: (page) =>
    Promise.resolve(async () => {
      trained = performance.now()
      rows = []
      for (const character of characters) await write(page, character)
    }),
})
console.log(`${steps.length} steps in ${((trained - started) / 1000).toFixed(0)} s, evaluation loss by step:`)
console.log(evaluations.map(({ step, loss }) => `${step}: ${loss.toFixed(4)}`).join(', '))
for (const [i, { name, race, class: role }] of characters.entries()) {
  console.log(`\n**${name}, ${race}, ${role}**\n\n> ${(rows[i]?.generation ?? '').trim().split('\n').join('\n> ')}`)
}
