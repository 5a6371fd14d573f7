// Builds dist/ for the commands that need it; not a build configuration, which is vite.config.ts.

import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * @param {string} path A file or a folder.
 * @returns {number} When the newest file in it was written, ms; 0 when it does not exist.
 */
function newest(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0)
}

/** @returns {boolean} Whether dist/ is missing or older than something it is made from. */
export function distIsStale() {
  const built = statSync(join(root, 'dist', 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = ['src', 'public', 'index.html', 'vite.config.ts', 'package-lock.json']
  return sources.some((source) => newest(join(root, source)) > built)
}

/**
 * Runs `vite build`, its output on stderr so that a command's own output stays clean.
 * @throws {Error} when the build fails.
 */
export function build() {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const { status } = spawnSync(process.execPath, [vite, 'build'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error('The build failed; its messages are above.')
}
