// Takes a run out of the page through its own buttons: the bundle as one file, the model as a folder. Each is written
// beside its place first and put there whole, so that a command cut off in the middle leaves the file from before.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { toFloat16 } from './float16.mjs'

/** @typedef {import('playwright').Page} Page */

/**
 * @param {Page} page
 * @param {import('playwright').Locator} button
 * @param {string} path Where the download goes.
 * @throws {Error} with the page's own words when it refuses, or with the browser's when the tab dies.
 */
async function download(page, button, path) {
  const alerts = async () => (await page.getByRole('alert').allInnerTexts()).join(' ').trim()
  const before = await alerts()
  /** @type {{ file?: import('playwright').Download, failure?: Error }} */
  const found = {}
  page.waitForEvent('download', { timeout: 0 }).then(
    (file) => (found.file = file),
    (/** @type {Error} */ failure) => (found.failure = failure),
  )
  await button.click()
  while (!found.file) {
    if (found.failure) throw found.failure
    const now = await alerts()
    if (now !== '' && now !== before) throw new Error(now)
    await page.waitForTimeout(250)
  }
  const { file } = found
  mkdirSync(dirname(path), { recursive: true })
  await file.saveAs(`${path}.partial`)
  renameSync(`${path}.partial`, path)
  await file.delete()
}

/**
 * @param {Page} page
 * @param {string} runId
 * @param {'runExport' | 'modelExport'} action
 */
function exportButton(page, runId, action) {
  return page.locator(`finetale-run-list li[data-run-id="${runId}"] [data-action=${action}]`)
}

/**
 * Writes the run's bundle over the one before.
 * @param {Page} page
 * @param {string} runId
 * @param {string} bundle
 * @param {(line: object) => void} tell
 */
export async function carryOut(page, runId, bundle, tell) {
  await download(page, exportButton(page, runId, 'runExport'), bundle)
  tell({ kind: 'bundle', file: basename(bundle) })
}

/**
 * Writes the model of the run's last checkpoint as a folder that transformers opens, its history beside it.
 * @param {Page} page
 * @param {string} runId
 * @param {string} folder
 * @param {string} dtype float16 or float32.
 */
export async function exportModel(page, runId, folder, dtype) {
  mkdirSync(folder, { recursive: true })
  const zip = join(folder, 'model.zip')
  await download(page, exportButton(page, runId, 'modelExport'), zip)
  const files = unzipSync(readFileSync(zip))
  rmSync(zip)
  for (const [name, bytes] of Object.entries(files)) {
    // The sums are those of the float32 files.
    if (name === 'SHA256SUMS') continue
    if (dtype === 'float16' && name === 'model.safetensors') write(join(folder, name), toFloat16(bytes))
    else if (name === 'config.json') write(join(folder, name), withDtype(bytes, dtype))
    else write(join(folder, name), bytes)
  }
  for (const name of ['trainer_state.json', 'metrics.jsonl']) {
    const button = page.locator('finetale-export-panel').getByText(name, { exact: true })
    // Before the first logged step there is no history to take.
    if (await button.isVisible()) await download(page, button, join(folder, name))
  }
}

/**
 * @param {Uint8Array} bytes Of config.json.
 * @param {string} dtype
 */
function withDtype(bytes, dtype) {
  const config = /** @type {object} */ (JSON.parse(new TextDecoder().decode(bytes)))
  return new TextEncoder().encode(`${JSON.stringify({ ...config, torch_dtype: dtype }, null, 2)}\n`)
}

/**
 * @param {string} path
 * @param {Uint8Array} bytes
 */
function write(path, bytes) {
  writeFileSync(`${path}.partial`, bytes)
  renameSync(`${path}.partial`, path)
}
