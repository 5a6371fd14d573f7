// Reads a recipe for the command line: a preset by name, or a JSON file, checked by the page's own rules before it starts.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runnerImport } from 'vite'
import { root } from './build.mjs'

/** @typedef {import('../src/recipe/recipe').Recipe} Recipe */
/** @typedef {typeof import('../src/recipe/presets')} Presets */
/** @typedef {typeof import('../src/recipe/validate')} Validate */

/** Presets by the names that the command line takes. @type {Readonly<Record<string, keyof Presets['presets']>>} */
export const presetNames = { demo: 'demo', course: 'courseNotebook', courseNotebook: 'courseNotebook', tiny: 'tiny' }

/**
 * @param {string} name File under src/recipe/.
 * @returns {Promise<unknown>} The module.
 */
async function load(name) {
  const options = /** @type {const} */ ({ configFile: false, logLevel: 'error' })
  return (await runnerImport(join(root, 'src', 'recipe', name), options)).module
}

/**
 * @param {string} name `demo`, `course`, `tiny`, or a JSON file with the fields that differ from the demo's.
 * @param {number} [steps] Optimizer steps in place of the recipe's; a longer warm-up is cut to them.
 * @returns {Promise<Recipe>} The whole recipe.
 * @throws {Error} with a sentence that names the file and the field when it cannot be used.
 */
export async function readRecipe(name, steps) {
  const { presets } = /** @type {Presets} */ (await load('presets.ts'))
  const { parseRecipe, validate } = /** @type {Validate} */ (await load('validate.ts'))
  /** @type {Recipe} */
  let recipe
  const preset = presetNames[name]
  if (preset !== undefined) {
    recipe = presets[preset]()
  } else {
    if (!existsSync(name)) throw new Error(`--recipe ${name} is neither a preset (demo, course, tiny) nor a file.`)
    try {
      const parsed = parseRecipe(readFileSync(name, 'utf8'))
      for (const warning of parsed.warnings) console.error(`${name}: ${warning}`)
      recipe = parsed.recipe
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (steps !== undefined) recipe = { ...recipe, max_steps: steps, warmup_steps: Math.min(recipe.warmup_steps, steps) }
  const [problem] = validate(recipe)
  if (problem) throw new Error(`${name}: ${problem.field} cannot be used: ${problem.message}`)
  return recipe
}
