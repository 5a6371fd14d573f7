// The test command: finds or installs a browser, builds, runs every test, and closes with one line of counts.
// Arguments go to vitest: `npm test -- --project unit`.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, root } from './build.mjs'
import { ensureBrowser } from './ensure-browser.mjs'

/**
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[] }} Report
 */

/**
 * Counts tests. A file that failed before any of its tests ran counts as one failure, or it would vanish from the sum.
 * @param {Report | undefined} report undefined when vitest wrote none.
 * @param {boolean} ok Whether vitest ended with 0.
 */
function count(report, ok) {
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  const failed = report.numFailedTests + broken.length
  return {
    passed: report.numPassedTests,
    // Errors outside every test (an unhandled rejection, say) fail the run too.
    failed: failed === 0 && !ok ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** @returns {Report | undefined} vitest's report; undefined when it wrote none. */
function readReport() {
  try {
    return /** @type {Report} */ (JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    console.error('vitest wrote no report.')
    return undefined
  }
}

try {
  process.env.CHROME_PATH = ensureBrowser()
  build()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.log('0 passed, 1 failed')
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'finetale-test-'))
const file = join(folder, 'report.json')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})

const report = readReport()
rmSync(folder, { recursive: true, force: true })

const { passed, failed, skipped } = count(report, status === 0)
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
