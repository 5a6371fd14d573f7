// Finds a Chromium-based browser for the tests and the headless runner; as a command, installs one where none is found.
// Not a test runner: it launches nothing but installers.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge', 'chrome']

const macPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
]

const windowsPlaces = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Chromium\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
]

/** @returns {string[]} Where a browser usually lies on this system, best first. */
function usualPlaces() {
  if (process.platform === 'darwin') return macPlaces
  if (process.platform === 'win32') {
    const roots = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
    return roots.flatMap((root) => (root ? windowsPlaces.map((place) => join(root, place)) : []))
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return names.flatMap((name) => folders.map((folder) => join(folder, name)))
}

/**
 * The browser to drive: CHROME_PATH, else the usual places, else Playwright's own download.
 * @returns {string | undefined} Its path; undefined when there is none.
 * @throws {Error} when CHROME_PATH names a file that does not exist.
 */
export function findBrowser() {
  const named = process.env.CHROME_PATH
  if (named) {
    if (!existsSync(named)) throw new Error(`CHROME_PATH names ${named}, which does not exist.`)
    return named
  }
  const found = usualPlaces().find((place) => existsSync(place))
  if (found) return found
  const downloaded = chromium.executablePath()
  return downloaded && existsSync(downloaded) ? downloaded : undefined
}

/** @returns {string[]} Command-line switches this machine needs: Chromium's sandbox refuses to run as root. */
export function launchArguments() {
  return process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : []
}

/**
 * Runs a command with its output on this terminal.
 * @param {string} command
 * @param {string[]} args
 * @returns {boolean} Whether it ended with 0.
 */
function run(command, args) {
  console.error(`$ ${command} ${args.join(' ')}`)
  const stdio = /** @type {import('node:child_process').StdioOptions} */ (['ignore', 2, 2])
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(command, args, { stdio, env, shell: process.platform === 'win32' }).status === 0
}

/**
 * Finds a browser or installs one: the distribution's package first when root on Debian, else Playwright's download.
 * @returns {string} Its path.
 * @throws {Error} when there is none and none could be installed.
 */
export function ensureBrowser() {
  const found = findBrowser()
  if (found) return found
  console.error('No Chromium or Chrome found; installing one.')
  const root = process.platform === 'linux' && process.getuid?.() === 0
  const debian = root && existsSync('/usr/bin/apt-get')
  // The package brings the shared libraries that a bare download lacks, so it goes first where it is possible.
  if (
    debian &&
    run('apt-get', ['update']) &&
    run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
  ) {
    const installed = findBrowser()
    if (installed) return installed
  }
  run('npx', ['playwright-core', 'install', 'chromium'])
  const downloaded = findBrowser()
  if (downloaded) return downloaded
  throw new Error('No browser could be installed. Install Chrome or Chromium, or set CHROME_PATH to one.')
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(ensureBrowser())
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
